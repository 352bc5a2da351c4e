/** What a plugin compiles against. Start at {@link dev.baton.spi.Plugin}. */
@NullMarked
package dev.baton.spi;

import org.jspecify.annotations.NullMarked;
