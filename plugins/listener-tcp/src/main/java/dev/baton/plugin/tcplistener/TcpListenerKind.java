package dev.baton.plugin.tcplistener;

import static dev.baton.spi.posix.SocketOptions.IPV6_V6ONLY;
import static dev.baton.spi.posix.SocketOptions.SOL_SOCKET;
import static dev.baton.spi.posix.SocketOptions.SO_DOMAIN;
import static dev.baton.spi.posix.SocketOptions.SO_REUSEADDR;
import static dev.baton.spi.posix.SocketOptions.SO_REUSEPORT;
import static dev.baton.spi.posix.SocketOptions.TCP_NODELAY;
import static dev.baton.spi.posix.Sockets.AF_INET;
import static dev.baton.spi.posix.Sockets.AF_INET6;
import static dev.baton.spi.posix.Sockets.IPPROTO_IPV6;
import static dev.baton.spi.posix.Sockets.IPPROTO_TCP;
import static dev.baton.spi.posix.Sockets.SOCK_STREAM;

import dev.baton.spi.listener.ListenerKind;
import dev.baton.spi.listener.SocketCleanup;
import dev.baton.spi.listener.SocketSettings;
import dev.baton.spi.posix.Errno;
import dev.baton.spi.posix.PosixException;
import dev.baton.spi.posix.SocketCalls;
import io.netty.util.NetUtil;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnknownHostException;
import java.util.Optional;

/**
 * Listens on TCP: {@code 127.0.0.1:8080}, {@code [::1]:8080}, {@code localhost:8080}, {@code *:8080}.
 *
 * <p>Which family a {@code bind} serves never depends on {@code net.ipv6.bindv6only}, because {@code IPV6_V6ONLY} is always
 * set:
 *
 * <pre>
 * bind            socket                                        serves
 * 0.0.0.0:80      IPv4                                          IPv4
 * [::]:80         IPv6, V6ONLY 1                                IPv6; 0.0.0.0:80 can be bound beside it
 * *:80            IPv6, V6ONLY 0; IPv4 if there is no IPv6      both
 * an address      its own, IPv6 with V6ONLY 1                   that address
 * a name          that of the first address it resolves to      that address
 * </pre>
 *
 * <p>{@code SO_REUSEADDR} is set: on Linux it lets a port be bound while old connections of it are in TIME_WAIT, and does
 * not let two sockets listen on one port. {@code sockets: per-loop} sets {@code SO_REUSEPORT} as well, which lets sockets of
 * one user do so.
 *
 * <p>New connections are refused by a filter on the listening socket that drops SYN: what is in the queue stays there, a
 * handshake that has begun can end, and a client that comes now tries again within a second, by when another process may listen,
 * or nobody, who refuses it. Connections that are accepted under the filter keep it, which changes nothing for them.
 */
public final class TcpListenerKind implements ListenerKind {

    @Override
    public String name() {
        return "tcp";
    }

    /** Everything that is not a path, and not marked as another kind's by {@code @} or {@code unix:}. */
    @Override
    public boolean claims(String bind) {
        return bind.indexOf('/') < 0 && bind.indexOf('@') < 0 && !bind.startsWith("unix:");
    }

    @Override
    public Optional<String> check(String bind) {
        try {
            TcpBind.parse(bind);
            return Optional.empty();
        } catch (IllegalArgumentException wrong) {
            return Optional.of(String.valueOf(wrong.getMessage()));
        }
    }

    @Override
    public int socket(String bind, SocketCalls calls) throws IOException {
        TcpBind wanted = parse(bind);
        int domain = wanted.everyAddress() || resolve(bind, wanted)[0] instanceof Inet6Address ? AF_INET6 : AF_INET;
        int number = calls.socket(domain, SOCK_STREAM, 0);
        if (number == -Errno.EAFNOSUPPORT && wanted.everyAddress()) {
            number = calls.socket(AF_INET, SOCK_STREAM, 0);
        }
        if (number < 0) {
            throw PosixException.of("create a socket for tcp " + bind, number);
        }
        return number;
    }

    @Override
    public Optional<String> check(String bind, SocketSettings settings) {
        return settings.describesFile()
                ? Optional.of("mode, user and group belong to unix sockets that have a path, not to tcp")
                : Optional.empty();
    }

    @Override
    public SocketCleanup bind(int number, String bind, SocketSettings settings, SocketCalls calls) throws IOException {
        if (settings.perLoop()) {
            set(calls, number, SOL_SOCKET, SO_REUSEPORT, 1, bind);
        }
        bind(number, bind, calls);
        return SocketCleanup.NONE;
    }

    /** The address must be the one of the {@code bind}, as far as that says one: a port that the kernel chose is any. */
    @Override
    public SocketCleanup adopt(int number, String bind, SocketSettings settings, SocketCalls calls) throws IOException {
        TcpBind wanted = parse(bind);
        SocketAddress local = calls.localAddress(number);
        boolean fits = false;
        if (local instanceof InetSocketAddress inet && (wanted.port() == 0 || wanted.port() == inet.getPort())) {
            if (wanted.everyAddress()) {
                fits = inet.getAddress().isAnyLocalAddress();
            } else {
                for (InetAddress address : resolve(bind, wanted)) {
                    fits |= address.equals(inet.getAddress());
                }
            }
        }
        if (!fits) {
            throw new IOException("cannot use fd " + number + " for tcp " + bind + ": it is bound to " + local);
        }
        return SocketCleanup.NONE;
    }

    @Override
    public boolean refuse(int number, SocketCalls calls) {
        return SynFilter.attach(number, calls) >= 0;
    }

    @Override
    public int queued(int number, SocketCalls calls) {
        return TcpQueues.waiting(number, calls);
    }

    @Override
    public int handshakes(String address) {
        return TcpQueues.handshakes(Integer.parseInt(address.substring(address.lastIndexOf(':') + 1)));
    }

    @Override
    public void bind(int number, String bind, SocketCalls calls) throws IOException {
        TcpBind wanted = parse(bind);
        boolean ipv6 = isIpv6(number, bind, calls);
        set(calls, number, SOL_SOCKET, SO_REUSEADDR, 1, bind);
        // What is accepted inherits it, and its channel's configuration says so from the beginning.
        set(calls, number, IPPROTO_TCP, TCP_NODELAY, 1, bind);
        if (ipv6) {
            set(calls, number, IPPROTO_IPV6, IPV6_V6ONLY, wanted.everyAddress() ? 0 : 1, bind);
        }
        int result = calls.bind(number, address(bind, wanted, ipv6));
        if (result < 0) {
            throw failure(bind, wanted, address(bind, wanted, ipv6), result);
        }
    }

    @Override
    public String address(int number, SocketCalls calls) throws IOException {
        SocketAddress local = calls.localAddress(number);
        if (!(local instanceof InetSocketAddress inet) || inet.getAddress() == null) {
            throw new IOException("cannot tell the address of a tcp listener: it is bound to " + local);
        }
        InetAddress address = inet.getAddress();
        if (address instanceof Inet6Address) {
            boolean every = address.isAnyLocalAddress() && calls.intOption(number, IPPROTO_IPV6, IPV6_V6ONLY) == 0;
            return (every ? TcpBind.EVERY : "[" + NetUtil.toAddressString(address) + "]") + ":" + inet.getPort();
        }
        return NetUtil.toAddressString(address) + ":" + inet.getPort();
    }

    private static TcpBind parse(String bind) throws IOException {
        try {
            return TcpBind.parse(bind);
        } catch (IllegalArgumentException wrong) {
            throw new IOException("cannot bind tcp " + bind + ": " + wrong.getMessage(), wrong);
        }
    }

    private static InetAddress[] resolve(String bind, TcpBind wanted) throws IOException {
        try {
            return wanted.resolve();
        } catch (UnknownHostException unknown) {
            throw new IOException(
                    "cannot bind tcp " + bind + ": no address for the name " + wanted.host()
                            + " (check the name, or write the address)",
                    unknown);
        }
    }

    /** The socket's family decides, not a second look at the name, which may resolve differently by now. */
    private static InetSocketAddress address(String bind, TcpBind wanted, boolean ipv6) throws IOException {
        if (wanted.everyAddress()) {
            return new InetSocketAddress(InetAddress.getByAddress(new byte[ipv6 ? 16 : 4]), wanted.port());
        }
        for (InetAddress address : resolve(bind, wanted)) {
            if (address instanceof Inet6Address == ipv6) {
                return new InetSocketAddress(address, wanted.port());
            }
        }
        throw new IOException("cannot bind tcp " + bind + ": " + wanted.host()
                + " has no address of the socket's family" + " any more");
    }

    private static boolean isIpv6(int number, String bind, SocketCalls calls) throws IOException {
        int domain = calls.intOption(number, SOL_SOCKET, SO_DOMAIN);
        if (domain < 0) {
            throw PosixException.of("bind tcp " + bind, domain);
        }
        return domain == AF_INET6;
    }

    private static void set(SocketCalls calls, int number, int level, int option, int value, String bind)
            throws IOException {
        int result = calls.setIntOption(number, level, option, value);
        if (result < 0) {
            throw PosixException.of("bind tcp " + bind, result);
        }
    }

    /** Names what the user wrote; the hint depends on the address that it stands for. */
    private static IOException failure(String bind, TcpBind wanted, InetSocketAddress address, int result) {
        PosixException failure = PosixException.of("bind tcp", address, result);
        if (!wanted.everyAddress()) {
            return failure;
        }
        String message = String.valueOf(failure.getMessage());
        return new IOException("cannot bind tcp " + bind + message.substring(message.indexOf(": ")), failure);
    }
}
