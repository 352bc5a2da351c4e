/** A pool that prefers the newest idle connection. */
@NullMarked
package dev.baton.examples.newestfirst;

import org.jspecify.annotations.NullMarked;
