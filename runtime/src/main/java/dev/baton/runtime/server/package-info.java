/**
 * A whole Baton: {@link dev.baton.runtime.server.Server} puts loops, upstreams, services, listeners and components together as a
 * configuration says, starts them, and ends them.
 */
@NullMarked
package dev.baton.runtime.server;

import org.jspecify.annotations.NullMarked;
