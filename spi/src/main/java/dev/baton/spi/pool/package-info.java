/** Where idle upstream connections are kept, and which loop may take which of them over. */
@NullMarked
package dev.baton.spi.pool;

import org.jspecify.annotations.NullMarked;
