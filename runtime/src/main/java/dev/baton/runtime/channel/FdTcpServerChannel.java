package dev.baton.runtime.channel;

import io.netty.channel.socket.ServerSocketChannel;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import org.jspecify.annotations.Nullable;

/** A listening socket of TCP. */
public class FdTcpServerChannel extends FdServerChannel implements ServerSocketChannel {
    /** A server channel without a socket, whose connections stay with their loops: bind it. */
    public FdTcpServerChannel(ChannelEnv env) {
        super(env, Accepted.PINNED);
    }

    /** The same, that lives with the loops with which it is registered. */
    public FdTcpServerChannel(Accepted accepted) {
        super(null, accepted);
    }

    @Override
    protected void doBind(SocketAddress address) throws Exception {
        if (!(address instanceof InetSocketAddress)) {
            throw new IllegalArgumentException(
                    "a TCP server listens on internet addresses, not " + address + " (" + address.getClass() + ")");
        }
        super.doBind(address);
    }

    @Override
    FdStreamChannel pinned(int number, SocketAddress peer, boolean admitted) {
        return new PinnedSocketChannel(this, env, number, peer, admitted);
    }

    @Override
    public @Nullable InetSocketAddress localAddress() {
        return (InetSocketAddress) super.localAddress();
    }

    @Override
    public @Nullable InetSocketAddress remoteAddress() {
        return null;
    }
}
