package dev.baton.embed;

import dev.baton.runtime.channel.FdTcpServerChannel;

/** A listening socket over TCP on one of Baton's loops. Any of them may take over what it accepts. */
public final class BatonServerSocketChannel extends FdTcpServerChannel {
    /** Lives with the loops with which it is registered. */
    public BatonServerSocketChannel() {
        super(Accepted.MOVABLE);
    }
}
