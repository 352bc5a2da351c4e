package dev.baton.runtime.channel;

import java.net.InetSocketAddress;
import java.net.SocketAddress;

/** A listening unix socket. */
public class FdUnixServerChannel extends FdServerChannel {

    /** A server channel without a socket, whose connections stay with their loops: bind it. */
    public FdUnixServerChannel(ChannelEnv env) {
        super(env, Accepted.PINNED);
    }

    /** The same, that lives with the loops with which it is registered. */
    public FdUnixServerChannel(Accepted accepted) {
        super(null, accepted);
    }

    @Override
    protected void doBind(SocketAddress address) throws Exception {
        if (address instanceof InetSocketAddress) {
            throw new IllegalArgumentException("a unix server listens on unix addresses, not " + address);
        }
        super.doBind(address);
    }

    @Override
    FdStreamChannel pinned(int number, SocketAddress peer, boolean admitted) {
        return new PinnedUnixChannel(this, env, number, peer, admitted);
    }
}
