package dev.baton.frameworks;

import dev.baton.embed.Baton;
import io.netty.channel.Channel;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.socket.ServerSocketChannel;
import io.netty.channel.socket.SocketChannel;
import reactor.netty.resources.LoopResources;

/** Has Reactor Netty use a Baton's loops and channels: what {@code runOn} of its clients and servers takes. */
final class BatonLoopResources implements LoopResources {
    private final Baton baton;

    BatonLoopResources(Baton baton) {
        this.baton = baton;
    }

    @Override
    public EventLoopGroup onServer(boolean useNative) {
        return baton.loops();
    }

    @Override
    public <C extends Channel> C onChannel(Class<C> type, EventLoopGroup group) {
        Channel made;
        if (type == ServerSocketChannel.class) {
            made = baton.serverChannels().newChannel();
        } else if (type == SocketChannel.class) {
            made = baton.channels().newChannel();
        } else if (type == DatagramChannel.class) {
            made = baton.datagramChannels().newChannel();
        } else {
            throw new IllegalArgumentException(type + " is none that this test needs");
        }
        return type.cast(made);
    }
}
