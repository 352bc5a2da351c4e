package dev.baton.runtime.channel;

import dev.baton.runtime.posix.Posix;
import dev.baton.runtime.posix.SocketAddresses;
import dev.baton.spi.posix.Errno;
import dev.baton.spi.posix.NativeMemory;
import dev.baton.spi.posix.SocketOptions;
import dev.baton.spi.posix.Sockets;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import org.jspecify.annotations.Nullable;

/**
 * Changes which multicast groups a datagram socket hears (RFC 3678, section 5.1: the calls that serve both families).
 *
 * <pre>
 *                    0       4         8                 136
 * group_req          index   (unused)  group(128)
 * group_source_req   index   (unused)  group(128)        source(128)
 * </pre>
 */
enum Membership {
    JOIN("join", SocketOptions.MCAST_JOIN_GROUP, SocketOptions.MCAST_JOIN_SOURCE_GROUP),
    LEAVE("leave", SocketOptions.MCAST_LEAVE_GROUP, SocketOptions.MCAST_LEAVE_SOURCE_GROUP),
    BLOCK("block a source of", SocketOptions.MCAST_BLOCK_SOURCE, SocketOptions.MCAST_BLOCK_SOURCE);

    private static final int GROUP = 8;
    private static final int SOURCE = GROUP + SocketAddresses.SIZE_MAX;
    private static final int SIZE = SOURCE + SocketAddresses.SIZE_MAX;

    private final String verb;
    private final int option;
    private final int optionWithSource;

    Membership(String verb, int option, int optionWithSource) {
        this.verb = verb;
        this.option = option;
        this.optionWithSource = optionWithSource;
    }

    /**
     * Holder: changes it.
     *
     * @param family the socket's
     * @param source null: all sources
     * @throws IOException if the kernel refuses; says what, where and why
     * @throws IllegalArgumentException if the addresses cannot be of one group on this socket
     */
    void apply(
            Posix posix,
            int number,
            int family,
            InetAddress group,
            @Nullable NetworkInterface network,
            @Nullable InetAddress source)
            throws IOException {
        String what = verb + " multicast group " + group.getHostAddress();
        if (!group.isMulticastAddress()) {
            throw new IllegalArgumentException("cannot " + what + ": it is none (224.0.0.0/4 and ff00::/8 are)");
        }
        if (network == null) {
            throw new IllegalArgumentException(
                    "cannot " + what + ": no network interface is known; name one in the call, set"
                            + " IP_MULTICAST_IF, or bind the channel to an address of one");
        }
        boolean v4 = group instanceof Inet4Address;
        if (!v4 && family == Sockets.AF_INET) {
            throw new IllegalArgumentException("cannot " + what + ": the channel's socket is an IPv4 one");
        }
        if (source != null && source instanceof Inet4Address != v4) {
            throw new IllegalArgumentException(
                    "cannot " + what + ": its source " + source.getHostAddress() + " is of the other family");
        }
        int level = v4 ? Sockets.IPPROTO_IP : Sockets.IPPROTO_IPV6;
        if (this == JOIN) {
            // Else it hears what any socket of this machine has joined. Kernels that do not know it do so, too.
            posix.setIntOption(
                    number, level, v4 ? SocketOptions.IP_MULTICAST_ALL : SocketOptions.IPV6_MULTICAST_ALL, 0);
        }
        int result;
        try (NativeMemory request = NativeMemory.allocate(SIZE)) {
            request.putLong(0, 0);
            request.putInt(0, network.getIndex());
            SocketAddresses.encode(new InetSocketAddress(group, 0), request, GROUP);
            if (source != null) {
                SocketAddresses.encode(new InetSocketAddress(source, 0), request, SOURCE);
            }
            result = source == null
                    ? posix.setOption(number, level, option, request.address(), SOURCE)
                    : posix.setOption(number, level, optionWithSource, request.address(), SIZE);
        }
        if (result < 0) {
            throw new IOException("cannot " + what + " on " + network.getName()
                    + (source == null ? "" : " for " + source.getHostAddress()) + ": " + Errno.name(-result) + " ("
                    + why(-result) + ")");
        }
    }

    private String why(int errno) {
        return switch (errno) {
            case Errno.EADDRINUSE -> "it has been joined already";
            case Errno.EADDRNOTAVAIL, Errno.EINVAL ->
                this == JOIN ? "it has been joined in another way: leave it first" : "it has not been joined so";
            case Errno.ENOBUFS, Errno.ENOMEM ->
                "too many groups or sources: see net.ipv4.igmp_max_memberships and igmp_max_msf";
            case Errno.ENODEV -> "the interface is gone, or does no multicast";
            default -> Errno.explain(errno);
        };
    }
}
