package dev.baton.runtime.channel;

import io.netty.channel.socket.ServerSocketChannel;
import io.netty.channel.socket.SocketChannel;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import org.jspecify.annotations.Nullable;

/** A connection over TCP that stays with its loop. */
public final class PinnedSocketChannel extends PinnedStreamChannel implements SocketChannel {

    /** A connection to be opened. */
    public PinnedSocketChannel(ChannelEnv env) {
        super(env);
    }

    PinnedSocketChannel(FdTcpServerChannel parent, ChannelEnv env, int number, SocketAddress peer, boolean admitted) {
        super(parent, env, number, peer, admitted);
    }

    @Override
    public @Nullable InetSocketAddress remoteAddress() {
        return inet(super.remoteAddress());
    }

    @Override
    public @Nullable InetSocketAddress localAddress() {
        return inet(super.localAddress());
    }

    @Override
    public @Nullable ServerSocketChannel parent() {
        return super.parent() instanceof ServerSocketChannel server ? server : null;
    }
}
