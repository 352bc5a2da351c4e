package dev.baton.runtime.channel;

import io.netty.channel.socket.ServerSocketChannel;
import io.netty.channel.socket.ServerSocketChannelConfig;

/** Options of a listening socket; most count at the bind. Those of a listener of Baton's can be read only. */
final class ServerConfig extends SocketConfig<ServerSocketChannelConfig> implements ServerSocketChannelConfig {
    ServerConfig(FdServerChannel channel) {
        super(channel);
    }

    ServerConfig(ListenerChannel channel) {
        super(channel);
    }

    @Override
    SocketKind kind() {
        return channel instanceof ServerSocketChannel ? SocketKind.TCP_SERVER : SocketKind.UNIX_SERVER;
    }

    @Override
    void changing() {
        if (channel instanceof ListenerChannel) {
            throw ListenerChannel.refusal();
        }
    }

    int userTimeoutMillis() {
        return number(SocketOption.USER_TIMEOUT);
    }

    @Override
    protected void autoReadCleared() {
        ((FdServerChannel) channel).readCleared();
    }

    // ---- Netty's getters and setters ------------------------------------------------------------------------------

    @Override
    public int getBacklog() {
        return number(SocketOption.BACKLOG);
    }

    @Override
    public ServerSocketChannelConfig setBacklog(int connections) {
        return set(SocketOption.BACKLOG, connections);
    }

    @Override
    public boolean isReuseAddress() {
        return flag(SocketOption.REUSE_ADDRESS);
    }

    @Override
    public ServerSocketChannelConfig setReuseAddress(boolean on) {
        return set(SocketOption.REUSE_ADDRESS, on);
    }

    @Override
    public int getReceiveBufferSize() {
        return number(SocketOption.RECEIVE_BUFFER);
    }

    @Override
    public ServerSocketChannelConfig setReceiveBufferSize(int bytes) {
        return set(SocketOption.RECEIVE_BUFFER, bytes);
    }

    @Override
    public ServerSocketChannelConfig setPerformancePreferences(int connectionTime, int latency, int bandwidth) {
        return this; // a hint of java.net's sockets that Linux does not know
    }
}
