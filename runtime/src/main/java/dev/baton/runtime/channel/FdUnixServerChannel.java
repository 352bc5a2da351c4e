package dev.baton.runtime.channel;

import java.net.InetSocketAddress;
import java.net.SocketAddress;

/** A listening unix socket. */
public final class FdUnixServerChannel extends FdServerChannel {

    /** A server channel without a socket: bind it. */
    public FdUnixServerChannel(ChannelEnv env) {
        super(env);
    }

    @Override
    protected void doBind(SocketAddress address) throws Exception {
        if (address instanceof InetSocketAddress) {
            throw new IllegalArgumentException("a unix server listens on unix addresses, not " + address);
        }
        super.doBind(address);
    }

    @Override
    FdStreamChannel child(int number, SocketAddress peer, boolean admitted) {
        return new PinnedUnixChannel(this, env, number, peer, admitted);
    }
}
