package dev.baton.runtime.channel;

import dev.baton.spi.fd.FdKind;
import io.netty.channel.Channel;
import java.net.SocketAddress;
import org.jspecify.annotations.Nullable;

/** A connection of one of Baton's services over a unix socket. */
public non-sealed class MovableUnixChannel extends MovableStreamChannel {
    /** A connection to be opened, that lives with the loops with which it is registered. */
    public MovableUnixChannel() {}

    MovableUnixChannel(@Nullable Channel parent, ChannelEnv env, FdKind kind, String plugin, SocketAddress peer) {
        super(parent, env, kind, plugin);
        connected(peer);
    }
}
