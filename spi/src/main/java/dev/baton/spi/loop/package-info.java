/** Loops as a plugin sees them: one thread with one poller. */
@NullMarked
package dev.baton.spi.loop;

import org.jspecify.annotations.NullMarked;
