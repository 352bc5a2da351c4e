package dev.baton.runtime.channel;

import dev.baton.spi.fd.FdKind;
import io.netty.channel.Channel;
import io.netty.channel.socket.ServerSocketChannel;
import io.netty.channel.socket.SocketChannel;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import org.jspecify.annotations.Nullable;

/** A connection of one of Baton's services over TCP. */
public non-sealed class MovableSocketChannel extends MovableStreamChannel implements SocketChannel {
    /** Of an accepted connection, if {@link InetPeer} can hold its peer. */
    private final long peer;

    /**
     * A connection to be opened: register it with a loop, then connect it.
     *
     * @param plugin the plugin that its callbacks are counted for
     */
    public MovableSocketChannel(ChannelEnv env, String plugin) {
        super(null, env, FdKind.UPSTREAM, plugin);
        peer = InetPeer.NONE;
    }

    /** A connection to be opened, that lives with the loops with which it is registered. */
    public MovableSocketChannel() {
        peer = InetPeer.NONE;
    }

    MovableSocketChannel(@Nullable Channel parent, ChannelEnv env, FdKind kind, String plugin, SocketAddress address) {
        super(parent, env, kind, plugin);
        peer = InetPeer.pack(address);
        connected(peer == InetPeer.NONE ? address : null);
    }

    @Override
    protected @Nullable SocketAddress remoteAddress0() {
        return peer == InetPeer.NONE ? super.remoteAddress0() : InetPeer.unpack(peer);
    }

    /** Made anew for each caller: Netty would keep it. */
    @Override
    public @Nullable InetSocketAddress remoteAddress() {
        return peer == InetPeer.NONE ? inet(super.remoteAddress()) : InetPeer.unpack(peer);
    }

    /** Made anew for each caller, as {@link #remoteAddress}. */
    @Override
    public @Nullable InetSocketAddress localAddress() {
        return inet(localAddress0());
    }

    @Override
    public @Nullable ServerSocketChannel parent() {
        return super.parent() instanceof ServerSocketChannel server ? server : null;
    }
}
