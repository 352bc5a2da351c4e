package dev.baton.plugin.inherited;

import dev.baton.spi.posix.AbstractUnixAddress;
import dev.baton.spi.posix.Errno;
import dev.baton.spi.posix.PosixException;
import dev.baton.spi.posix.SocketCalls;
import dev.baton.spi.posix.SocketOptions;
import dev.baton.spi.posix.Sockets;
import io.netty.util.NetUtil;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;

/** What can be told of a socket that somebody else has made. */
final class InheritedSocket {
    /** The first number that is no standard stream, where systemd's sockets begin (SD_LISTEN_FDS_START). */
    static final int FIRST = 3;

    private InheritedSocket() {}

    /**
     * Looks at a number before anybody owns it: what is no listening socket may be a file of the JVM's own, which must
     * not be closed.
     *
     * @throws IOException if it is not one that a listener can use
     */
    static void mustListen(int number, String bind, SocketCalls calls) throws IOException {
        int accepts = calls.intOption(number, SocketOptions.SOL_SOCKET, SocketOptions.SO_ACCEPTCONN);
        if (accepts < 0) {
            String why = -accepts == Errno.EBADF || -accepts == Errno.ENOTSOCK
                    ? "fd " + number + " is no socket: none was passed to this process"
                    : Errno.explain(-accepts);
            throw new IOException("cannot use " + bind + ": " + why);
        }
        int type = calls.intOption(number, SocketOptions.SOL_SOCKET, SocketOptions.SO_TYPE);
        if (accepts == 0 || type != Sockets.SOCK_STREAM) {
            throw new IOException(
                    "cannot use " + bind + ": fd " + number + " is a socket that does not listen for" + " connections");
        }
    }

    /** Gives it what Baton's own have: what is accepted inherits it. */
    static void adopt(int number, String bind, SocketCalls calls) throws IOException {
        if (calls.localAddress(number) instanceof InetSocketAddress) {
            int result = calls.setIntOption(number, Sockets.IPPROTO_TCP, SocketOptions.TCP_NODELAY, 1);
            if (result < 0) {
                throw PosixException.of("use " + bind, result);
            }
        }
    }

    /** Where it listens, as the kinds tcp and unix write it. */
    static String address(int number, SocketCalls calls) throws IOException {
        SocketAddress local = calls.localAddress(number);
        if (local instanceof InetSocketAddress inet && inet.getAddress() != null) {
            InetAddress address = inet.getAddress();
            String host = NetUtil.toAddressString(address);
            if (address instanceof Inet6Address) {
                boolean every = address.isAnyLocalAddress()
                        && calls.intOption(number, Sockets.IPPROTO_IPV6, SocketOptions.IPV6_V6ONLY) == 0;
                host = every ? "*" : "[" + host + "]";
            }
            return host + ":" + inet.getPort();
        } else if (local instanceof UnixDomainSocketAddress file) {
            return "unix:" + file.getPath();
        } else if (local instanceof AbstractUnixAddress) {
            return "unix:" + local;
        }
        throw new IOException("cannot tell where fd " + number + " listens: " + local);
    }
}
