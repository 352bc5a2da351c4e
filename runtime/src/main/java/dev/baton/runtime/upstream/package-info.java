/** Upstreams: whose turn it is, finding and opening connections, and the pools they rest in between two uses. */
@NullMarked
package dev.baton.runtime.upstream;

import org.jspecify.annotations.NullMarked;
