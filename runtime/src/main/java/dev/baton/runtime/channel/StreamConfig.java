package dev.baton.runtime.channel;

import dev.baton.runtime.posix.Posix;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.posix.SocketOptions;
import dev.baton.spi.posix.Sockets;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.SocketChannelConfig;

/** Options of a stream channel. */
public final class StreamConfig extends SocketConfig<SocketChannelConfig> implements SocketChannelConfig {
    /** What a new socket of the kernel has. */
    static final boolean FRESH_NO_DELAY = false;
    /** What an accepted one has from its listening socket, by {@link #bequeath}. */
    static final boolean BEQUEATHED_NO_DELAY = true;

    StreamConfig(ReadingChannel channel) {
        super(channel, AdaptiveReads.SHARED);
    }

    private StreamConfig(Channel channel) {
        super(channel);
    }

    /** For a channel without a socket, as tests have them: the options are remembered and nothing more. */
    public static SocketChannelConfig withoutSocket(Channel channel) {
        return new StreamConfig(channel);
    }

    @Override
    SocketKind kind() {
        return channel instanceof SocketChannel ? SocketKind.TCP : SocketKind.UNIX;
    }

    /** It was given no allocator of its own. */
    boolean hasSharedReads() {
        return getRecvByteBufAllocator() == AdaptiveReads.SHARED;
    }

    /**
     * Gives a listening socket the TCP_NODELAY that the accepted ones are to begin with: one call saves one for each.
     *
     * @return 0 or -errno
     */
    static int bequeath(Posix posix, int listening) {
        return posix.setIntOption(
                listening, Sockets.IPPROTO_TCP, SocketOptions.TCP_NODELAY, BEQUEATHED_NO_DELAY ? 1 : 0);
    }

    /** See {@link MovableChannel#READ_TO_END}. */
    boolean isReadToEnd() {
        return flag(SocketOption.READ_TO_END);
    }

    @Override
    protected void autoReadCleared() {
        if (channel instanceof ReadingChannel stream) {
            stream.readCleared();
        }
    }

    @Deprecated
    @Override
    public SocketChannelConfig setMaxMessagesPerRead(int count) {
        if (hasSharedReads()) {
            setRecvByteBufAllocator(new AdaptiveRecvByteBufAllocator());
        }
        return super.setMaxMessagesPerRead(count);
    }

    // ---- Netty's getters and setters ------------------------------------------------------------------------------

    @Override
    public boolean isTcpNoDelay() {
        return !SocketOption.NO_DELAY.has(kind()) || flag(SocketOption.NO_DELAY);
    }

    /**
     * Whether small writes wait for others. A unix socket never waits, so that a service which sets this to true serves
     * its clients as well.
     *
     * @throws UnsupportedOperationException if a unix socket is to wait
     */
    @Override
    public SocketChannelConfig setTcpNoDelay(boolean on) {
        return on && !SocketOption.NO_DELAY.has(kind()) ? this : set(SocketOption.NO_DELAY, on);
    }

    @Override
    public int getSoLinger() {
        return number(SocketOption.LINGER);
    }

    /**
     * What a close does with bytes that the kernel has not sent: 0 discards them and resets the connection; everything
     * else sends them, and the end behind them, in the background. Above 0 is remembered and not given to the kernel:
     * close(2) would wait that long for the peer, even on a non-blocking socket, and with it the loop that closes. On
     * Linux waiting is all that it does: when the time is up the kernel continues in the background. The close future
     * does not wait either.
     */
    @Override
    public SocketChannelConfig setSoLinger(int seconds) {
        return set(SocketOption.LINGER, seconds);
    }

    @Override
    public int getSendBufferSize() {
        return number(SocketOption.SEND_BUFFER);
    }

    @Override
    public SocketChannelConfig setSendBufferSize(int bytes) {
        return set(SocketOption.SEND_BUFFER, bytes);
    }

    @Override
    public int getReceiveBufferSize() {
        return number(SocketOption.RECEIVE_BUFFER);
    }

    @Override
    public SocketChannelConfig setReceiveBufferSize(int bytes) {
        return set(SocketOption.RECEIVE_BUFFER, bytes);
    }

    @Override
    public boolean isKeepAlive() {
        return flag(SocketOption.KEEP_ALIVE);
    }

    @Override
    public SocketChannelConfig setKeepAlive(boolean on) {
        return set(SocketOption.KEEP_ALIVE, on);
    }

    @Override
    public int getTrafficClass() {
        return number(SocketOption.TRAFFIC_CLASS);
    }

    @Override
    public SocketChannelConfig setTrafficClass(int value) {
        return set(SocketOption.TRAFFIC_CLASS, value);
    }

    @Override
    public boolean isReuseAddress() {
        return flag(SocketOption.REUSE_ADDRESS);
    }

    @Override
    public SocketChannelConfig setReuseAddress(boolean on) {
        return set(SocketOption.REUSE_ADDRESS, on);
    }

    @Override
    public boolean isAllowHalfClosure() {
        return flag(SocketOption.HALF_CLOSURE);
    }

    @Override
    public SocketChannelConfig setAllowHalfClosure(boolean on) {
        return set(SocketOption.HALF_CLOSURE, on);
    }

    @Override
    public SocketChannelConfig setPerformancePreferences(int connectionTime, int latency, int bandwidth) {
        return this; // a hint of java.net's sockets that Linux does not know
    }
}
