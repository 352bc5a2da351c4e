/**
 * TLS: which library speaks it, what it needs to know, and both sides of a handshake.
 *
 * <p>Nothing here is loaded where no listener and no upstream has TLS. A connection's handlers run under its claim, as
 * all do; keys are used inline, by the loop that the handshake runs on: if that takes too long, the loop's other
 * connections are rescued.
 */
@NullMarked
package dev.baton.runtime.tls;

import org.jspecify.annotations.NullMarked;
