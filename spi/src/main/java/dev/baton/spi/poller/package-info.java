/** What a poller plugin implements and what it is given. */
@NullMarked
package dev.baton.spi.poller;

import org.jspecify.annotations.NullMarked;
