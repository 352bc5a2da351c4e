package dev.baton.runtime.channel;

import dev.baton.runtime.posix.Posix;
import dev.baton.runtime.posix.SocketAddresses;
import dev.baton.spi.posix.Errno;
import dev.baton.spi.posix.SocketOptions;
import dev.baton.spi.posix.Sockets;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnknownHostException;

/**
 * Sockets that are bound to any address. As with the JVM's own they serve IPv4 and IPv6, whichever way the address is
 * written: the JVM writes a port without an address as {@code 0.0.0.0}. With {@code -Djava.net.preferIPv4Stack=true}
 * {@code 0.0.0.0} is IPv4's alone.
 */
final class AnyAddress {
    private AnyAddress() {}

    /** Whether a bind of this address is meant for both families. */
    static boolean isBoth(SocketAddress address) {
        return address instanceof InetSocketAddress inet
                && !inet.isUnresolved()
                && inet.getAddress().isAnyLocalAddress()
                && (inet.getAddress() instanceof Inet6Address || !Boolean.getBoolean("java.net.preferIPv4Stack"));
    }

    /**
     * Makes a socket that serves both families; where the kernel has no IPv6, one of IPv4.
     *
     * @return its number, or minus the error number
     */
    static int socket(Posix posix, int type) {
        int number = posix.socket(Sockets.AF_INET6, type, 0);
        return number == -Errno.EAFNOSUPPORT ? posix.socket(Sockets.AF_INET, type, 0) : number;
    }

    static boolean isIpv6(Posix posix, int number) {
        return posix.intOption(number, SocketOptions.SOL_SOCKET, SocketOptions.SO_DOMAIN) == Sockets.AF_INET6;
    }

    /**
     * Has a socket of IPv6 serve IPv4 too, whatever {@code net.ipv6.bindv6only} says; before its bind.
     *
     * @return whether it is one of IPv6
     */
    static boolean widen(Posix posix, int number) throws IOException {
        if (!isIpv6(posix, number)) {
            return false;
        }
        int result = posix.setIntOption(number, Sockets.IPPROTO_IPV6, SocketOptions.IPV6_V6ONLY, 0);
        if (result < 0) {
            throw FdChannel.error("set IPV6_V6ONLY", result);
        }
        return true;
    }

    /** An address as a socket of a family wants it. */
    static InetSocketAddress suited(InetSocketAddress address, boolean ipv6) {
        if (address.getAddress().isAnyLocalAddress()) {
            return of(ipv6 ? 16 : 4, address.getPort());
        }
        return ipv6 ? SocketAddresses.forBoth(address) : address;
    }

    /** IPv6's any address. */
    static InetSocketAddress ofBoth(int port) {
        return of(16, port);
    }

    private static InetSocketAddress of(int bytes, int port) {
        try {
            return new InetSocketAddress(InetAddress.getByAddress(new byte[bytes]), port);
        } catch (UnknownHostException impossible) {
            throw new AssertionError("4 or 16 bytes are an address", impossible);
        }
    }
}
