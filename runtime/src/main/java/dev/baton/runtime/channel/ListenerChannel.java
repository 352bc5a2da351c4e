package dev.baton.runtime.channel;

import io.netty.channel.AbstractChannel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelMetadata;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.DefaultChannelPromise;
import io.netty.channel.EventLoop;
import io.netty.channel.ServerChannel;
import io.netty.channel.socket.ServerSocketChannel;
import io.netty.channel.socket.ServerSocketChannelConfig;
import io.netty.util.concurrent.ImmediateEventExecutor;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The parent of a listener's connections, one for all of them: Netty's handlers look at the parent to learn which side
 * of a connection they are on, and where it was accepted. Baton's listeners are shared by loops and are no channels, so
 * this can be looked at and nothing else: it has no event loop, and a listener is closed by an unbind.
 *
 * <p>Threading: any thread.
 */
public class ListenerChannel extends AbstractChannel implements ServerChannel {
    private static final ChannelMetadata METADATA = new ChannelMetadata(false, 16);

    private final @Nullable SocketAddress address;
    private final BooleanSupplier listening;
    private final ServerConfig config = new ServerConfig(this);

    private ListenerChannel(@Nullable SocketAddress address, BooleanSupplier listening) {
        super(null);
        this.address = address;
        this.listening = listening;
    }

    /**
     * Makes one: a {@link ServerSocketChannel} if the address is an internet one.
     *
     * @param address where it listens; null if that is not known
     * @param listening whether it was not unbound yet; for any thread
     */
    public static ListenerChannel of(@Nullable SocketAddress address, BooleanSupplier listening) {
        return address instanceof InetSocketAddress
                ? new Inet(address, listening)
                : new ListenerChannel(address, listening);
    }

    @Override
    public boolean isOpen() {
        return listening.getAsBoolean();
    }

    @Override
    public boolean isActive() {
        return isOpen();
    }

    @Override
    public ChannelMetadata metadata() {
        return METADATA;
    }

    @Override
    public ServerSocketChannelConfig config() {
        return config;
    }

    @Override
    protected @Nullable SocketAddress localAddress0() {
        return address;
    }

    @Override
    protected @Nullable SocketAddress remoteAddress0() {
        return null;
    }

    // ---- what it does not do ----------------------------------------------------------------------------------------

    static UnsupportedOperationException refusal() {
        return new UnsupportedOperationException(
                "this channel only tells of a listener of Baton's: that is changed by its configuration and ended by an unbind");
    }

    @Override
    public ChannelFuture close() {
        return close(new DefaultChannelPromise(this, ImmediateEventExecutor.INSTANCE));
    }

    @Override
    public ChannelFuture close(ChannelPromise promise) {
        return promise.setFailure(refusal());
    }

    @Override
    protected boolean isCompatible(EventLoop loop) {
        return false;
    }

    @Override
    protected void doBind(SocketAddress address) {
        throw refusal();
    }

    @Override
    protected void doDisconnect() {
        throw refusal();
    }

    @Override
    protected void doClose() {
        throw refusal();
    }

    @Override
    protected void doBeginRead() {
        throw refusal();
    }

    @Override
    protected void doWrite(ChannelOutboundBuffer out) {
        throw refusal();
    }

    @Override
    protected AbstractUnsafe newUnsafe() {
        return new AbstractUnsafe() {
            @Override
            public void connect(SocketAddress remote, @Nullable SocketAddress local, ChannelPromise promise) {
                promise.tryFailure(refusal());
            }
        };
    }

    private static final class Inet extends ListenerChannel implements ServerSocketChannel {
        Inet(SocketAddress address, BooleanSupplier listening) {
            super(address, listening);
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
}
