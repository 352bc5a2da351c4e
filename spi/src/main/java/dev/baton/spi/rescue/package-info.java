/** What a watchdog sees of the loops, and what it can do for the connections of one that does not turn. */
@NullMarked
package dev.baton.spi.rescue;

import org.jspecify.annotations.NullMarked;
