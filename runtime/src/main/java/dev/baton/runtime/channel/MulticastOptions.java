package dev.baton.runtime.channel;

import dev.baton.runtime.posix.Posix;
import dev.baton.spi.posix.Errno;
import dev.baton.spi.posix.NativeMemory;
import dev.baton.spi.posix.SocketOptions;
import dev.baton.spi.posix.Sockets;
import io.netty.channel.ChannelException;
import java.net.NetworkInterface;
import org.jspecify.annotations.Nullable;

/**
 * How multicast datagrams are sent: remembered, and given to the kernel when there is a socket. One that serves both
 * families has both families' options.
 *
 * <p>Threading: any thread.
 */
final class MulticastOptions {
    private static final int HOPS_MAX = 255;
    /** {@code struct ip_mreqn}: group, address, index of the interface. */
    private static final int REQUEST_SIZE = 12;

    private final FdDatagramChannel channel;
    private volatile int hops = 1; // what the kernel starts with
    private volatile boolean back = true;
    private volatile @Nullable NetworkInterface network;
    /** None is changed yet: then a new socket costs no call more. */
    private volatile boolean changed;

    MulticastOptions(FdDatagramChannel channel) {
        this.channel = channel;
    }

    int hops() {
        return hops;
    }

    void hops(int wanted) {
        if (wanted < 0 || wanted > HOPS_MAX) {
            throw new IllegalArgumentException("IP_MULTICAST_TTL " + wanted + ": must be 0 to " + HOPS_MAX);
        }
        hops = wanted;
        change();
    }

    /** Whether what is sent comes back to this machine's members. */
    boolean comesBack() {
        return back;
    }

    void comesBack(boolean wanted) {
        back = wanted;
        change();
    }

    @Nullable
    NetworkInterface network() {
        return network;
    }

    void network(NetworkInterface wanted) {
        network = wanted;
        change();
    }

    private void change() {
        changed = true;
        KernelOption.now(channel, number -> applyTo(channel.env.posix(), number));
    }

    /** Holder: the socket has come into being, or one of them has changed. */
    void applyTo(Posix posix, int number) {
        if (!changed) {
            return;
        }
        KernelOption.set(posix, number, Sockets.IPPROTO_IP, SocketOptions.IP_MULTICAST_TTL, hops);
        KernelOption.set(posix, number, Sockets.IPPROTO_IP, SocketOptions.IP_MULTICAST_LOOP, back ? 1 : 0);
        NetworkInterface through = network;
        boolean both = posix.intOption(number, SocketOptions.SOL_SOCKET, SocketOptions.SO_DOMAIN) == Sockets.AF_INET6;
        if (both) {
            KernelOption.set(posix, number, Sockets.IPPROTO_IPV6, SocketOptions.IPV6_MULTICAST_HOPS, hops);
            KernelOption.set(posix, number, Sockets.IPPROTO_IPV6, SocketOptions.IPV6_MULTICAST_LOOP, back ? 1 : 0);
        }
        if (through != null) {
            int index = through.getIndex();
            if (both) {
                KernelOption.set(posix, number, Sockets.IPPROTO_IPV6, SocketOptions.IPV6_MULTICAST_IF, index);
            }
            try (NativeMemory request = NativeMemory.allocate(REQUEST_SIZE)) {
                request.putLong(0, 0);
                request.putInt(8, index);
                int result = posix.setOption(
                        number, Sockets.IPPROTO_IP, SocketOptions.IP_MULTICAST_IF, request.address(), REQUEST_SIZE);
                if (result < 0) {
                    throw new ChannelException(
                            "cannot send multicast through " + through.getName() + ": " + Errno.explain(-result));
                }
            }
        }
    }
}
