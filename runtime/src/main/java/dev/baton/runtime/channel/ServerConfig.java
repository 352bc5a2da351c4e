package dev.baton.runtime.channel;

import static io.netty.channel.ChannelOption.SO_BACKLOG;
import static io.netty.channel.ChannelOption.SO_RCVBUF;
import static io.netty.channel.ChannelOption.SO_REUSEADDR;
import static io.netty.channel.unix.UnixChannelOption.SO_REUSEPORT;

import dev.baton.runtime.posix.Posix;
import dev.baton.spi.fd.FdKind;
import dev.baton.spi.posix.SocketOptions;
import dev.baton.spi.posix.Sockets;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelOption;
import io.netty.channel.DefaultChannelConfig;
import io.netty.channel.MessageSizeEstimator;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.socket.ServerSocketChannelConfig;
import io.netty.util.NetUtil;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Options of a listening socket; they count at the bind. Those of a listener of Baton's can be read only. */
final class ServerConfig extends DefaultChannelConfig implements ServerSocketChannelConfig {
    private static final int UNSET = -1;

    private final @Nullable FdServerChannel server;
    private volatile int backlog = NetUtil.SOMAXCONN;
    private volatile boolean reuseAddress = true;
    private volatile boolean reusePort;
    private volatile int receiveBuffer = UNSET;
    private volatile int userTimeoutMillis;

    ServerConfig(FdServerChannel channel) {
        super(channel);
        server = channel;
    }

    ServerConfig(ListenerChannel channel) {
        super(channel);
        server = null;
    }

    /** Whose options are changed. */
    private FdServerChannel server() {
        FdServerChannel mine = server;
        if (mine == null) {
            throw ListenerChannel.refusal();
        }
        return mine;
    }

    int userTimeoutMillis() {
        return userTimeoutMillis;
    }

    /** Holder: the socket has come into being. */
    void applyTo(Posix posix, int number, boolean tcp) {
        if (tcp) {
            KernelOption.set(posix, number, SocketOptions.SOL_SOCKET, SocketOptions.SO_REUSEADDR, reuseAddress ? 1 : 0);
        }
        if (tcp && reusePort) {
            KernelOption.set(posix, number, SocketOptions.SOL_SOCKET, SocketOptions.SO_REUSEPORT, 1);
        }
        if (tcp && userTimeoutMillis > 0) {
            // The connections have it from here.
            KernelOption.set(posix, number, Sockets.IPPROTO_TCP, SocketOptions.TCP_USER_TIMEOUT, userTimeoutMillis);
        }
        if (receiveBuffer != UNSET) {
            // Before it listens: the window that a connection can have is settled when it is opened.
            KernelOption.set(posix, number, SocketOptions.SOL_SOCKET, SocketOptions.SO_RCVBUF, receiveBuffer);
        }
    }

    @Override
    protected void autoReadCleared() {
        server().readCleared();
    }

    @Override
    public Map<ChannelOption<?>, Object> getOptions() {
        return getOptions(super.getOptions(), SO_BACKLOG, SO_REUSEADDR, SO_REUSEPORT, SO_RCVBUF);
    }

    @SuppressWarnings("unchecked")
    @Override
    public <T> T getOption(ChannelOption<T> option) {
        Object value;
        if (option.equals(SO_BACKLOG)) {
            value = backlog;
        } else if (option.equals(SO_REUSEADDR)) {
            value = reuseAddress;
        } else if (option.equals(SO_REUSEPORT)) {
            value = reusePort;
        } else if (option.equals(FdServerChannel.TCP_USER_TIMEOUT)) {
            value = userTimeoutMillis;
        } else if (option.equals(SO_RCVBUF)) {
            value = getReceiveBufferSize();
        } else {
            return super.getOption(option);
        }
        return (T) value;
    }

    @Override
    public <T> boolean setOption(ChannelOption<T> option, T value) {
        server();
        validate(option, value);
        if (option.equals(SO_BACKLOG)) {
            setBacklog((Integer) value);
        } else if (option.equals(SO_REUSEADDR)) {
            setReuseAddress((Boolean) value);
        } else if (option.equals(SO_REUSEPORT)) {
            reusePort = (Boolean) value;
        } else if (option.equals(FdServerChannel.TCP_USER_TIMEOUT)) {
            userTimeoutMillis = (Integer) value;
        } else if (option.equals(SO_RCVBUF)) {
            setReceiveBufferSize((Integer) value);
        } else {
            return super.setOption(option, value);
        }
        return true;
    }

    @Override
    public int getBacklog() {
        return backlog;
    }

    @Override
    public ServerSocketChannelConfig setBacklog(int connections) {
        server();
        if (connections < 0) {
            throw new ChannelException("SO_BACKLOG " + connections + ": must be 0 or more");
        }
        backlog = connections;
        return this;
    }

    @Override
    public boolean isReuseAddress() {
        return reuseAddress;
    }

    @Override
    public ServerSocketChannelConfig setReuseAddress(boolean on) {
        server();
        reuseAddress = on;
        return this;
    }

    @Override
    public int getReceiveBufferSize() {
        FdServerChannel mine = server;
        if (receiveBuffer != UNSET || mine == null) {
            return Math.max(receiveBuffer, 0);
        }
        return KernelOption.get(mine, FdKind.LISTENER, SocketOptions.SOL_SOCKET, SocketOptions.SO_RCVBUF);
    }

    @Override
    public ServerSocketChannelConfig setReceiveBufferSize(int bytes) {
        FdServerChannel mine = server();
        receiveBuffer = bytes;
        KernelOption.setNow(mine, SocketOptions.SOL_SOCKET, SocketOptions.SO_RCVBUF, bytes);
        return this;
    }

    @Override
    public ServerSocketChannelConfig setPerformancePreferences(int connectionTime, int latency, int bandwidth) {
        return this; // a hint of java.net's sockets that Linux knows nothing of
    }

    // Netty's fluent setters, with our type.

    @Override
    public ServerSocketChannelConfig setConnectTimeoutMillis(int millis) {
        server();
        super.setConnectTimeoutMillis(millis);
        return this;
    }

    @Deprecated
    @Override
    public ServerSocketChannelConfig setMaxMessagesPerRead(int count) {
        server();
        super.setMaxMessagesPerRead(count);
        return this;
    }

    @Override
    public ServerSocketChannelConfig setWriteSpinCount(int count) {
        server();
        super.setWriteSpinCount(count);
        return this;
    }

    @Override
    public ServerSocketChannelConfig setAllocator(ByteBufAllocator allocator) {
        server();
        super.setAllocator(allocator);
        return this;
    }

    @Override
    public ServerSocketChannelConfig setRecvByteBufAllocator(RecvByteBufAllocator allocator) {
        // Not refused: the super constructor calls it.
        super.setRecvByteBufAllocator(allocator);
        return this;
    }

    @Override
    public ServerSocketChannelConfig setAutoRead(boolean on) {
        server();
        super.setAutoRead(on);
        return this;
    }

    @Override
    public ServerSocketChannelConfig setMessageSizeEstimator(MessageSizeEstimator estimator) {
        server();
        super.setMessageSizeEstimator(estimator);
        return this;
    }

    @Override
    public ServerSocketChannelConfig setWriteBufferHighWaterMark(int bytes) {
        server();
        super.setWriteBufferHighWaterMark(bytes);
        return this;
    }

    @Override
    public ServerSocketChannelConfig setWriteBufferLowWaterMark(int bytes) {
        server();
        super.setWriteBufferLowWaterMark(bytes);
        return this;
    }

    @Override
    public ServerSocketChannelConfig setWriteBufferWaterMark(WriteBufferWaterMark mark) {
        server();
        super.setWriteBufferWaterMark(mark);
        return this;
    }
}
