package dev.baton.runtime.channel;

import static dev.baton.spi.channel.MovableChannel.READ_TO_END;
import static io.netty.channel.ChannelOption.ALLOW_HALF_CLOSURE;
import static io.netty.channel.ChannelOption.IP_TOS;
import static io.netty.channel.ChannelOption.SO_KEEPALIVE;
import static io.netty.channel.ChannelOption.SO_LINGER;
import static io.netty.channel.ChannelOption.SO_RCVBUF;
import static io.netty.channel.ChannelOption.SO_REUSEADDR;
import static io.netty.channel.ChannelOption.SO_SNDBUF;
import static io.netty.channel.ChannelOption.TCP_NODELAY;

import dev.baton.runtime.posix.Posix;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.fd.FdKind;
import dev.baton.spi.posix.SocketOptions;
import dev.baton.spi.posix.Sockets;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.ChannelOption;
import io.netty.channel.DefaultChannelConfig;
import io.netty.channel.MessageSizeEstimator;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.socket.SocketChannelConfig;
import java.util.Map;

/**
 * Options of a stream channel. They are remembered, and given to the kernel when there is a socket: a channel gets its
 * socket late, when the address family is known.
 */
final class StreamConfig extends DefaultChannelConfig implements SocketChannelConfig {
    private static final int UNSET = -1;
    /** What a new socket of the kernel has. */
    static final boolean FRESH_NO_DELAY = false;
    /** What an accepted one has from its listening socket, by {@link #bequeath}. */
    static final boolean BEQUEATHED_NO_DELAY = true;

    /** As bequeathed: whoever sets nothing costs an accepted connection no system call. */
    private volatile boolean noDelay = BEQUEATHED_NO_DELAY;

    private volatile boolean halfClosure;
    private volatile boolean readToEnd = true;
    private volatile boolean keepAlive;
    private volatile boolean reuseAddress;
    private volatile int linger = UNSET;
    private volatile int sendBuffer = UNSET;
    private volatile int receiveBuffer = UNSET;
    private volatile int trafficClass = UNSET;

    StreamConfig(FdStreamChannel channel) {
        super(channel, AdaptiveReads.SHARED);
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

    /**
     * Holder: the socket has come into being.
     *
     * @param noDelayAlready whether TCP_NODELAY is on: {@link #FRESH_NO_DELAY} or {@link #BEQUEATHED_NO_DELAY}
     */
    void applyTo(Posix posix, int number, boolean tcp, boolean noDelayAlready) {
        if (tcp && noDelay != noDelayAlready) {
            KernelOption.set(posix, number, Sockets.IPPROTO_TCP, SocketOptions.TCP_NODELAY, noDelay ? 1 : 0);
        }
        if (tcp && trafficClass != UNSET) {
            KernelOption.set(posix, number, Sockets.IPPROTO_IP, SocketOptions.IP_TOS, trafficClass);
        }
        if (keepAlive) {
            KernelOption.set(posix, number, SocketOptions.SOL_SOCKET, SocketOptions.SO_KEEPALIVE, 1);
        }
        if (reuseAddress) {
            KernelOption.set(posix, number, SocketOptions.SOL_SOCKET, SocketOptions.SO_REUSEADDR, 1);
        }
        if (sendBuffer != UNSET) {
            KernelOption.set(posix, number, SocketOptions.SOL_SOCKET, SocketOptions.SO_SNDBUF, sendBuffer);
        }
        if (receiveBuffer != UNSET) {
            KernelOption.set(posix, number, SocketOptions.SOL_SOCKET, SocketOptions.SO_RCVBUF, receiveBuffer);
        }
        if (linger >= 0) {
            KernelOption.setLinger(posix, number, linger);
        }
    }

    /** See {@link MovableChannel#READ_TO_END}. */
    boolean isReadToEnd() {
        return readToEnd;
    }

    private FdStreamChannel stream() {
        return (FdStreamChannel) channel;
    }

    private int kernels(int option) {
        return KernelOption.get(stream(), FdKind.UPSTREAM, SocketOptions.SOL_SOCKET, option);
    }

    private void setNow(int level, int option, int value) {
        KernelOption.setNow(stream(), level, option, value);
    }

    @Override
    public Map<ChannelOption<?>, Object> getOptions() {
        return getOptions(
                super.getOptions(),
                SO_RCVBUF,
                SO_SNDBUF,
                TCP_NODELAY,
                SO_KEEPALIVE,
                SO_REUSEADDR,
                SO_LINGER,
                IP_TOS,
                ALLOW_HALF_CLOSURE,
                READ_TO_END);
    }

    @SuppressWarnings("unchecked")
    @Override
    public <T> T getOption(ChannelOption<T> option) {
        Object value;
        if (option.equals(TCP_NODELAY)) {
            value = noDelay;
        } else if (option.equals(ALLOW_HALF_CLOSURE)) {
            value = halfClosure;
        } else if (option.equals(READ_TO_END)) {
            value = readToEnd;
        } else if (option.equals(SO_KEEPALIVE)) {
            value = keepAlive;
        } else if (option.equals(SO_REUSEADDR)) {
            value = reuseAddress;
        } else if (option.equals(SO_LINGER)) {
            value = linger;
        } else if (option.equals(SO_SNDBUF)) {
            value = getSendBufferSize();
        } else if (option.equals(SO_RCVBUF)) {
            value = getReceiveBufferSize();
        } else if (option.equals(IP_TOS)) {
            value = getTrafficClass();
        } else {
            return super.getOption(option);
        }
        return (T) value;
    }

    @Override
    public <T> boolean setOption(ChannelOption<T> option, T value) {
        validate(option, value);
        if (option.equals(TCP_NODELAY)) {
            setTcpNoDelay((Boolean) value);
        } else if (option.equals(ALLOW_HALF_CLOSURE)) {
            setAllowHalfClosure((Boolean) value);
        } else if (option.equals(READ_TO_END)) {
            readToEnd = (Boolean) value;
        } else if (option.equals(SO_KEEPALIVE)) {
            setKeepAlive((Boolean) value);
        } else if (option.equals(SO_REUSEADDR)) {
            setReuseAddress((Boolean) value);
        } else if (option.equals(SO_LINGER)) {
            setSoLinger((Integer) value);
        } else if (option.equals(SO_SNDBUF)) {
            setSendBufferSize((Integer) value);
        } else if (option.equals(SO_RCVBUF)) {
            setReceiveBufferSize((Integer) value);
        } else if (option.equals(IP_TOS)) {
            setTrafficClass((Integer) value);
        } else {
            return super.setOption(option, value);
        }
        return true;
    }

    @Override
    protected void autoReadCleared() {
        stream().readCleared();
    }

    @Override
    public boolean isTcpNoDelay() {
        return noDelay;
    }

    @Override
    public SocketChannelConfig setTcpNoDelay(boolean on) {
        noDelay = on;
        setNow(Sockets.IPPROTO_TCP, SocketOptions.TCP_NODELAY, on ? 1 : 0);
        return this;
    }

    @Override
    public int getSoLinger() {
        return linger;
    }

    /**
     * What a close does with bytes that the kernel has not sent: 0 discards them and resets the connection; everything else
     * sends them, and the end behind them, in the background. Above 0 is remembered and not given to the kernel: close(2)
     * would wait that long for the peer, also on a non-blocking socket, and with it the loop that closes. On Linux waiting is
     * all that it does: when the time is up the kernel goes on in the background. The close future does not wait either.
     */
    @Override
    public SocketChannelConfig setSoLinger(int seconds) {
        linger = seconds;
        KernelOption.setLingerNow(stream(), seconds);
        return this;
    }

    @Override
    public int getSendBufferSize() {
        return sendBuffer == UNSET ? kernels(SocketOptions.SO_SNDBUF) : sendBuffer;
    }

    @Override
    public SocketChannelConfig setSendBufferSize(int bytes) {
        sendBuffer = bytes;
        setNow(SocketOptions.SOL_SOCKET, SocketOptions.SO_SNDBUF, bytes);
        return this;
    }

    @Override
    public int getReceiveBufferSize() {
        return receiveBuffer == UNSET ? kernels(SocketOptions.SO_RCVBUF) : receiveBuffer;
    }

    @Override
    public SocketChannelConfig setReceiveBufferSize(int bytes) {
        receiveBuffer = bytes;
        setNow(SocketOptions.SOL_SOCKET, SocketOptions.SO_RCVBUF, bytes);
        return this;
    }

    @Override
    public boolean isKeepAlive() {
        return keepAlive;
    }

    @Override
    public SocketChannelConfig setKeepAlive(boolean on) {
        keepAlive = on;
        setNow(SocketOptions.SOL_SOCKET, SocketOptions.SO_KEEPALIVE, on ? 1 : 0);
        return this;
    }

    @Override
    public int getTrafficClass() {
        return trafficClass == UNSET ? 0 : trafficClass;
    }

    @Override
    public SocketChannelConfig setTrafficClass(int value) {
        trafficClass = value;
        setNow(Sockets.IPPROTO_IP, SocketOptions.IP_TOS, value);
        return this;
    }

    @Override
    public boolean isReuseAddress() {
        return reuseAddress;
    }

    @Override
    public SocketChannelConfig setReuseAddress(boolean on) {
        reuseAddress = on;
        setNow(SocketOptions.SOL_SOCKET, SocketOptions.SO_REUSEADDR, on ? 1 : 0);
        return this;
    }

    @Override
    public SocketChannelConfig setPerformancePreferences(int connectionTime, int latency, int bandwidth) {
        return this; // a hint of java.net's sockets that Linux knows nothing of
    }

    @Override
    public boolean isAllowHalfClosure() {
        return halfClosure;
    }

    @Override
    public SocketChannelConfig setAllowHalfClosure(boolean on) {
        halfClosure = on;
        return this;
    }

    // Netty's fluent setters, with our type.

    @Override
    public SocketChannelConfig setConnectTimeoutMillis(int millis) {
        super.setConnectTimeoutMillis(millis);
        return this;
    }

    @Deprecated
    @Override
    public SocketChannelConfig setMaxMessagesPerRead(int count) {
        if (hasSharedReads()) {
            setRecvByteBufAllocator(new AdaptiveRecvByteBufAllocator());
        }
        super.setMaxMessagesPerRead(count);
        return this;
    }

    @Override
    public SocketChannelConfig setWriteSpinCount(int count) {
        super.setWriteSpinCount(count);
        return this;
    }

    @Override
    public SocketChannelConfig setAllocator(ByteBufAllocator allocator) {
        super.setAllocator(allocator);
        return this;
    }

    @Override
    public SocketChannelConfig setRecvByteBufAllocator(RecvByteBufAllocator allocator) {
        super.setRecvByteBufAllocator(allocator);
        return this;
    }

    @Override
    public SocketChannelConfig setAutoRead(boolean on) {
        super.setAutoRead(on);
        return this;
    }

    @Override
    public SocketChannelConfig setAutoClose(boolean on) {
        super.setAutoClose(on);
        return this;
    }

    @Override
    public SocketChannelConfig setMessageSizeEstimator(MessageSizeEstimator estimator) {
        super.setMessageSizeEstimator(estimator);
        return this;
    }

    @Override
    public SocketChannelConfig setWriteBufferWaterMark(WriteBufferWaterMark mark) {
        super.setWriteBufferWaterMark(mark);
        return this;
    }
}
