package dev.baton.spi.channel;

import dev.baton.spi.threading.OnLoop;

/**
 * A user event of a connection's pipeline: by TLS (close_notify), the client says that it sends nothing more, and may
 * still read. A connection that allows half closure gets Netty's {@code ChannelInputShutdownEvent} instead, as without
 * TLS.
 *
 * <p>A handler that has not yet written everything calls {@link #take}, and closes the connection when it has. If no
 * handler takes the event, the client is told that nothing more comes, and what is written later is dropped.
 */
public final class InputEnd {
    private boolean taken;

    /** An event that no handler has seen yet. */
    public InputEnd() {}

    /** The caller closes the connection behind what it still writes. */
    @OnLoop
    public void take() {
        taken = true;
    }

    /** True if a handler closes the connection. */
    @OnLoop
    public boolean isTaken() {
        return taken;
    }
}
