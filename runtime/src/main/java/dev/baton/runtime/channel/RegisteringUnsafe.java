package dev.baton.runtime.channel;

import dev.baton.runtime.loop.BatonLoop;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.EventLoop;
import io.netty.channel.RecvByteBufAllocator;
import java.net.SocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * The unsafe of a channel that moves, before its registration: with a loop, the loop registers it, as with
 * {@code loop.register(channel)}, which gives it its facade. Reactor Netty's clients register so. Netty's own cannot be
 * overridden in this.
 */
final class RegisteringUnsafe implements Channel.Unsafe {
    private final Channel.Unsafe own;

    RegisteringUnsafe(Channel.Unsafe own) {
        this.own = own;
    }

    @Override
    public void register(EventLoop loop, ChannelPromise promise) {
        if (loop instanceof BatonLoop baton) {
            baton.register(promise);
        } else {
            own.register(loop, promise);
        }
    }

    // ---- as it is -------------------------------------------------------------------------------------------------

    @SuppressWarnings("deprecation") // Netty's interface has it
    @Override
    public RecvByteBufAllocator.Handle recvBufAllocHandle() {
        return own.recvBufAllocHandle();
    }

    @Override
    public SocketAddress localAddress() {
        return own.localAddress();
    }

    @Override
    public SocketAddress remoteAddress() {
        return own.remoteAddress();
    }

    @Override
    public void bind(SocketAddress local, ChannelPromise promise) {
        own.bind(local, promise);
    }

    @Override
    public void connect(SocketAddress remote, @Nullable SocketAddress local, ChannelPromise promise) {
        own.connect(remote, local, promise);
    }

    @Override
    public void disconnect(ChannelPromise promise) {
        own.disconnect(promise);
    }

    @Override
    public void close(ChannelPromise promise) {
        own.close(promise);
    }

    @Override
    public void closeForcibly() {
        own.closeForcibly();
    }

    @Override
    public void deregister(ChannelPromise promise) {
        own.deregister(promise);
    }

    @Override
    public void beginRead() {
        own.beginRead();
    }

    @Override
    public void write(Object message, ChannelPromise promise) {
        own.write(message, promise);
    }

    @Override
    public void flush() {
        own.flush();
    }

    @Override
    public ChannelPromise voidPromise() {
        return own.voidPromise();
    }

    @Override
    public @Nullable ChannelOutboundBuffer outboundBuffer() {
        return own.outboundBuffer();
    }
}
