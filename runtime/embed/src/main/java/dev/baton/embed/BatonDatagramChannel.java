package dev.baton.embed;

import dev.baton.runtime.channel.FdDatagramChannel;
import io.netty.channel.socket.SocketProtocolFamily;

/** A socket for datagrams on one of Baton's loops. */
public final class BatonDatagramChannel extends FdDatagramChannel {
    /** Lives with the loops with which it is registered. */
    public BatonDatagramChannel() {}

    /**
     * The same, whatever address it is bound to.
     *
     * @param family {@code INET}, or {@code INET6}, which serves IPv4 too
     */
    public BatonDatagramChannel(SocketProtocolFamily family) {
        super(family);
    }
}
