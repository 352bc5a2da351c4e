package dev.baton.runtime.channel;

import static io.netty.channel.ChannelOption.IP_MULTICAST_ADDR;
import static io.netty.channel.ChannelOption.IP_MULTICAST_IF;
import static io.netty.channel.ChannelOption.IP_MULTICAST_LOOP_DISABLED;
import static io.netty.channel.ChannelOption.IP_MULTICAST_TTL;

import dev.baton.runtime.posix.Posix;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelOption;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.socket.DatagramChannelConfig;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Options of a datagram channel. */
final class DatagramConfig extends SocketConfig<DatagramChannelConfig> implements DatagramChannelConfig {
    /**
     * Bytes of a datagram that are taken, unless the allocator is changed: what fits into an Ethernet frame, and more.
     */
    private static final int DATAGRAM_SIZE = 2048;

    private final MulticastOptions multicast;

    DatagramConfig(FdDatagramChannel channel) {
        super(channel, new FixedRecvByteBufAllocator(DATAGRAM_SIZE));
        this.multicast = new MulticastOptions(channel);
    }

    @Override
    SocketKind kind() {
        return SocketKind.DATAGRAM;
    }

    /** Holder: the socket has come into being. */
    void applyTo(Posix posix, int number) {
        applyTo(posix, number, true, false);
        multicast.applyTo(posix, number);
    }

    /** True if the channel is active, and may be written to, from its registration on. */
    boolean isActiveOnRegistration() {
        return flag(SocketOption.ACTIVE_ON_REGISTRATION);
    }

    @Override
    DatagramChannelConfig set(SocketOption option, int value) {
        if (option == SocketOption.ACTIVE_ON_REGISTRATION && channel.isRegistered()) {
            throw new IllegalStateException(option + " must be set before the channel is registered");
        }
        return super.set(option, value);
    }

    @Override
    protected void autoReadCleared() {
        ((FdDatagramChannel) channel).readCleared();
    }

    // ---- Netty's getters and setters ------------------------------------------------------------------------------

    @Override
    public boolean isBroadcast() {
        return flag(SocketOption.BROADCAST);
    }

    @Override
    public DatagramChannelConfig setBroadcast(boolean on) {
        return set(SocketOption.BROADCAST, on);
    }

    @Override
    public boolean isReuseAddress() {
        return flag(SocketOption.REUSE_ADDRESS);
    }

    @Override
    public DatagramChannelConfig setReuseAddress(boolean on) {
        return set(SocketOption.REUSE_ADDRESS, on);
    }

    @Override
    public int getSendBufferSize() {
        return number(SocketOption.SEND_BUFFER);
    }

    @Override
    public DatagramChannelConfig setSendBufferSize(int bytes) {
        return set(SocketOption.SEND_BUFFER, bytes);
    }

    @Override
    public int getReceiveBufferSize() {
        return number(SocketOption.RECEIVE_BUFFER);
    }

    @Override
    public DatagramChannelConfig setReceiveBufferSize(int bytes) {
        return set(SocketOption.RECEIVE_BUFFER, bytes);
    }

    @Override
    public int getTrafficClass() {
        return number(SocketOption.TRAFFIC_CLASS);
    }

    @Override
    public DatagramChannelConfig setTrafficClass(int value) {
        return set(SocketOption.TRAFFIC_CLASS, value);
    }

    // ---- multicast ------------------------------------------------------------------------------------------------

    @Override
    public Map<ChannelOption<?>, Object> getOptions() {
        return getOptions(
                super.getOptions(), IP_MULTICAST_ADDR, IP_MULTICAST_IF, IP_MULTICAST_LOOP_DISABLED, IP_MULTICAST_TTL);
    }

    @SuppressWarnings({"unchecked", "NullAway"}) // an option that is not set is null, as everywhere in Netty
    @Override
    public <T> T getOption(ChannelOption<T> option) {
        if (option.equals(IP_MULTICAST_LOOP_DISABLED)) {
            return (T) (Boolean) isLoopbackModeDisabled();
        } else if (option.equals(IP_MULTICAST_TTL)) {
            return (T) (Integer) getTimeToLive();
        } else if (option.equals(IP_MULTICAST_ADDR)) {
            return (T) getInterface();
        } else if (option.equals(IP_MULTICAST_IF)) {
            return (T) getNetworkInterface();
        }
        return super.getOption(option);
    }

    @Override
    public <T> boolean setOption(ChannelOption<T> option, T value) {
        validate(option, value);
        if (option.equals(IP_MULTICAST_LOOP_DISABLED)) {
            setLoopbackModeDisabled((Boolean) value);
        } else if (option.equals(IP_MULTICAST_TTL)) {
            setTimeToLive((Integer) value);
        } else if (option.equals(IP_MULTICAST_ADDR)) {
            setInterface((InetAddress) value);
        } else if (option.equals(IP_MULTICAST_IF)) {
            setNetworkInterface((NetworkInterface) value);
        } else {
            return super.setOption(option, value);
        }
        return true;
    }

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
}
