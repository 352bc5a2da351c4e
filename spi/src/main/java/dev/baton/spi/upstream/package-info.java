/** Upstreams: groups of servers, and the connections to them. */
@NullMarked
package dev.baton.spi.upstream;

import org.jspecify.annotations.NullMarked;
