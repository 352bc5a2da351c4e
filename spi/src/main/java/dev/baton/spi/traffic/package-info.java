/** What services report of the exchanges that they have finished, for people who look for what is slow. */
@NullMarked
package dev.baton.spi.traffic;

import org.jspecify.annotations.NullMarked;
