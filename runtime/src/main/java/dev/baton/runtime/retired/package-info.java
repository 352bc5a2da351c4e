/** Versions of plugins that were replaced: what still uses each, and, on request, what holds its classes in memory. */
@NullMarked
package dev.baton.runtime.retired;

import org.jspecify.annotations.NullMarked;
