package dev.baton.runtime.channel;

import static io.netty.channel.ChannelOption.IP_MULTICAST_ADDR;
import static io.netty.channel.ChannelOption.IP_MULTICAST_IF;
import static io.netty.channel.ChannelOption.IP_MULTICAST_LOOP_DISABLED;
import static io.netty.channel.ChannelOption.IP_MULTICAST_TTL;
import static io.netty.channel.ChannelOption.IP_TOS;
import static io.netty.channel.ChannelOption.SO_BROADCAST;
import static io.netty.channel.ChannelOption.SO_RCVBUF;
import static io.netty.channel.ChannelOption.SO_REUSEADDR;
import static io.netty.channel.ChannelOption.SO_SNDBUF;
import static io.netty.channel.unix.UnixChannelOption.SO_REUSEPORT;

import dev.baton.runtime.posix.Posix;
import dev.baton.spi.fd.FdKind;
import dev.baton.spi.posix.SocketOptions;
import dev.baton.spi.posix.Sockets;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelOption;
import io.netty.channel.DefaultChannelConfig;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.MessageSizeEstimator;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.socket.DatagramChannelConfig;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Options of a datagram channel: remembered, and given to the kernel when there is a socket. */
final class DatagramConfig extends DefaultChannelConfig implements DatagramChannelConfig {
    /** Bytes of a datagram that are taken, unless the allocator is changed: what fits into an Ethernet frame, and more. */
    private static final int DATAGRAM_SIZE = 2048;

    private static final int UNSET = -1;

    /** Netty says that it goes when its resolver needs it no more. */
    @SuppressWarnings("deprecation")
    private static final ChannelOption<Boolean> ACTIVE_ON_REGISTRATION =
            ChannelOption.DATAGRAM_CHANNEL_ACTIVE_ON_REGISTRATION;

    private final FdDatagramChannel datagrams;
    private volatile boolean activeOnRegistration;
    private volatile boolean broadcast;
    private volatile boolean reuseAddress;
    private volatile boolean reusePort;
    private volatile int sendBuffer = UNSET;
    private volatile int receiveBuffer = UNSET;
    private volatile int trafficClass = UNSET;
    private final MulticastOptions multicast;

    DatagramConfig(FdDatagramChannel channel) {
        super(channel, new FixedRecvByteBufAllocator(DATAGRAM_SIZE));
        this.datagrams = channel;
        this.multicast = new MulticastOptions(channel);
    }

    /** Holder: the socket has come into being. */
    void applyTo(Posix posix, int number) {
        if (broadcast) {
            KernelOption.set(posix, number, SocketOptions.SOL_SOCKET, SocketOptions.SO_BROADCAST, 1);
        }
        if (reuseAddress) {
            KernelOption.set(posix, number, SocketOptions.SOL_SOCKET, SocketOptions.SO_REUSEADDR, 1);
        }
        if (reusePort) {
            KernelOption.set(posix, number, SocketOptions.SOL_SOCKET, SocketOptions.SO_REUSEPORT, 1);
        }
        if (sendBuffer != UNSET) {
            KernelOption.set(posix, number, SocketOptions.SOL_SOCKET, SocketOptions.SO_SNDBUF, sendBuffer);
        }
        if (receiveBuffer != UNSET) {
            KernelOption.set(posix, number, SocketOptions.SOL_SOCKET, SocketOptions.SO_RCVBUF, receiveBuffer);
        }
        if (trafficClass != UNSET) {
            KernelOption.set(posix, number, Sockets.IPPROTO_IP, SocketOptions.IP_TOS, trafficClass);
        }
        multicast.applyTo(posix, number);
    }

    private int kernels(int option) {
        return KernelOption.get(datagrams, FdKind.DATAGRAM, SocketOptions.SOL_SOCKET, option);
    }

    private void setNow(int level, int option, int value) {
        KernelOption.setNow(datagrams, level, option, value);
    }

    /** True if the channel is active, and may be written to, from its registration on. */
    boolean isActiveOnRegistration() {
        return activeOnRegistration;
    }

    @Override
    public Map<ChannelOption<?>, Object> getOptions() {
        return getOptions(
                super.getOptions(),
                SO_BROADCAST,
                SO_RCVBUF,
                SO_SNDBUF,
                SO_REUSEADDR,
                SO_REUSEPORT,
                IP_TOS,
                IP_MULTICAST_ADDR,
                IP_MULTICAST_IF,
                IP_MULTICAST_LOOP_DISABLED,
                IP_MULTICAST_TTL,
                ACTIVE_ON_REGISTRATION);
    }

    @SuppressWarnings({"unchecked", "NullAway"}) // an option that is not set is null, as everywhere in Netty
    @Override
    public <T> T getOption(ChannelOption<T> option) {
        Object value;
        if (option.equals(SO_BROADCAST)) {
            value = broadcast;
        } else if (option.equals(SO_RCVBUF)) {
            value = getReceiveBufferSize();
        } else if (option.equals(SO_SNDBUF)) {
            value = getSendBufferSize();
        } else if (option.equals(SO_REUSEADDR)) {
            value = reuseAddress;
        } else if (option.equals(SO_REUSEPORT)) {
            value = reusePort;
        } else if (option.equals(IP_TOS)) {
            value = getTrafficClass();
        } else if (option.equals(IP_MULTICAST_LOOP_DISABLED)) {
            value = isLoopbackModeDisabled();
        } else if (option.equals(IP_MULTICAST_TTL)) {
            value = getTimeToLive();
        } else if (option.equals(IP_MULTICAST_ADDR)) {
            return (T) getInterface();
        } else if (option.equals(IP_MULTICAST_IF)) {
            return (T) getNetworkInterface();
        } else if (option.equals(ACTIVE_ON_REGISTRATION)) {
            value = activeOnRegistration;
        } else {
            return super.getOption(option);
        }
        return (T) value;
    }

    @Override
    public <T> boolean setOption(ChannelOption<T> option, T value) {
        validate(option, value);
        if (option.equals(SO_BROADCAST)) {
            setBroadcast((Boolean) value);
        } else if (option.equals(SO_RCVBUF)) {
            setReceiveBufferSize((Integer) value);
        } else if (option.equals(SO_SNDBUF)) {
            setSendBufferSize((Integer) value);
        } else if (option.equals(SO_REUSEADDR)) {
            setReuseAddress((Boolean) value);
        } else if (option.equals(SO_REUSEPORT)) {
            reusePort = (Boolean) value;
            setNow(SocketOptions.SOL_SOCKET, SocketOptions.SO_REUSEPORT, reusePort ? 1 : 0);
        } else if (option.equals(IP_TOS)) {
            setTrafficClass((Integer) value);
        } else if (option.equals(IP_MULTICAST_LOOP_DISABLED)) {
            setLoopbackModeDisabled((Boolean) value);
        } else if (option.equals(IP_MULTICAST_TTL)) {
            setTimeToLive((Integer) value);
        } else if (option.equals(IP_MULTICAST_ADDR)) {
            setInterface((InetAddress) value);
        } else if (option.equals(IP_MULTICAST_IF)) {
            setNetworkInterface((NetworkInterface) value);
        } else if (option.equals(ACTIVE_ON_REGISTRATION)) {
            if (datagrams.isRegistered()) {
                throw new IllegalStateException(option + " must be set before the channel is registered");
            }
            activeOnRegistration = (Boolean) value;
        } else {
            return super.setOption(option, value);
        }
        return true;
    }

    @Override
    protected void autoReadCleared() {
        datagrams.readCleared();
    }

    @Override
    public boolean isBroadcast() {
        return broadcast;
    }

    @Override
    public DatagramChannelConfig setBroadcast(boolean on) {
        broadcast = on;
        setNow(SocketOptions.SOL_SOCKET, SocketOptions.SO_BROADCAST, on ? 1 : 0);
        return this;
    }

    @Override
    public boolean isReuseAddress() {
        return reuseAddress;
    }

    @Override
    public DatagramChannelConfig setReuseAddress(boolean on) {
        reuseAddress = on;
        setNow(SocketOptions.SOL_SOCKET, SocketOptions.SO_REUSEADDR, on ? 1 : 0);
        return this;
    }

    @Override
    public int getSendBufferSize() {
        return sendBuffer == UNSET ? kernels(SocketOptions.SO_SNDBUF) : sendBuffer;
    }

    @Override
    public DatagramChannelConfig setSendBufferSize(int bytes) {
        sendBuffer = bytes;
        setNow(SocketOptions.SOL_SOCKET, SocketOptions.SO_SNDBUF, bytes);
        return this;
    }

    @Override
    public int getReceiveBufferSize() {
        return receiveBuffer == UNSET ? kernels(SocketOptions.SO_RCVBUF) : receiveBuffer;
    }

    @Override
    public DatagramChannelConfig setReceiveBufferSize(int bytes) {
        receiveBuffer = bytes;
        setNow(SocketOptions.SOL_SOCKET, SocketOptions.SO_RCVBUF, bytes);
        return this;
    }

    @Override
    public int getTrafficClass() {
        return trafficClass == UNSET ? 0 : trafficClass;
    }

    @Override
    public DatagramChannelConfig setTrafficClass(int value) {
        trafficClass = value;
        setNow(Sockets.IPPROTO_IP, SocketOptions.IP_TOS, value);
        return this;
    }

    // ---- multicast --------------------------------------------------------------------------------------------------

    @Override
    public boolean isLoopbackModeDisabled() {
        return !multicast.comesBack();
    }

    @Override
    public DatagramChannelConfig setLoopbackModeDisabled(boolean disabled) {
        multicast.comesBack(!disabled);
        return this;
    }

    @Override
    public int getTimeToLive() {
        return multicast.hops();
    }

    @Override
    public DatagramChannelConfig setTimeToLive(int hops) {
        multicast.hops(hops);
        return this;
    }

    @Override
    public @Nullable InetAddress getInterface() {
        NetworkInterface network = multicast.network();
        return network == null ? null : network.inetAddresses().findFirst().orElse(null);
    }

    @Override
    public DatagramChannelConfig setInterface(InetAddress address) {
        NetworkInterface network;
        try {
            network = NetworkInterface.getByInetAddress(address);
        } catch (SocketException e) {
            throw new ChannelException("cannot tell the network interface of " + address.getHostAddress(), e);
        }
        if (network == null) {
            throw new IllegalArgumentException("IP_MULTICAST_ADDR " + address.getHostAddress()
                    + ": no network interface of this machine has that address");
        }
        return setNetworkInterface(network);
    }

    @Override
    public @Nullable NetworkInterface getNetworkInterface() {
        return multicast.network();
    }

    @Override
    public DatagramChannelConfig setNetworkInterface(NetworkInterface network) {
        multicast.network(network);
        return this;
    }

    // ---- Netty's fluent setters, with our type ----------------------------------------------------------------------

    @Deprecated
    @Override
    public DatagramChannelConfig setMaxMessagesPerRead(int count) {
        super.setMaxMessagesPerRead(count);
        return this;
    }

    @Override
    public DatagramChannelConfig setWriteSpinCount(int count) {
        super.setWriteSpinCount(count);
        return this;
    }

    @Override
    public DatagramChannelConfig setConnectTimeoutMillis(int millis) {
        super.setConnectTimeoutMillis(millis);
        return this;
    }

    @Override
    public DatagramChannelConfig setAllocator(ByteBufAllocator allocator) {
        super.setAllocator(allocator);
        return this;
    }

    @Override
    public DatagramChannelConfig setRecvByteBufAllocator(RecvByteBufAllocator allocator) {
        super.setRecvByteBufAllocator(allocator);
        return this;
    }

    @Override
    public DatagramChannelConfig setAutoRead(boolean on) {
        super.setAutoRead(on);
        return this;
    }

    @Override
    public DatagramChannelConfig setAutoClose(boolean on) {
        super.setAutoClose(on);
        return this;
    }

    @Override
    public DatagramChannelConfig setMessageSizeEstimator(MessageSizeEstimator estimator) {
        super.setMessageSizeEstimator(estimator);
        return this;
    }

    @Override
    public DatagramChannelConfig setWriteBufferWaterMark(WriteBufferWaterMark mark) {
        super.setWriteBufferWaterMark(mark);
        return this;
    }
}
