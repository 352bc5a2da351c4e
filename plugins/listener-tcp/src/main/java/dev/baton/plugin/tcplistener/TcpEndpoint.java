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

import dev.baton.spi.config.Hosts;
import dev.baton.spi.listener.BoundSocket;
import dev.baton.spi.listener.InvalidBindException;
import dev.baton.spi.listener.ListenerEndpoint;
import dev.baton.spi.listener.SocketSettings;
import dev.baton.spi.posix.Errno;
import dev.baton.spi.posix.PosixException;
import dev.baton.spi.posix.SocketCalls;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnknownHostException;
import java.util.Optional;

/**
 * A TCP address to listen on. Which family it serves never depends on {@code net.ipv6.bindv6only}, because
 * {@code IPV6_V6ONLY} is always set:
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
 * <p>{@code SO_REUSEADDR} is set: on Linux it lets a port be bound while old connections of it are in TIME_WAIT, and
 * does not let two sockets listen on one port. {@code sockets: per-loop} sets {@code SO_REUSEPORT} as well, which lets
 * sockets of one user do so.
 *
 * @param bind what the user wrote, for messages
 * @param host {@code *}, an IPv4 or IPv6 address (without its brackets), or a name
 * @param port 0 to 65535; 0 lets the kernel choose
 */
record TcpEndpoint(String bind, String host, int port) implements ListenerEndpoint {
    /** The host that means every address, of IPv4 and of IPv6. */
    static final String EVERY = "*";

    private static final int PORT_MAX = 65_535;

    // ---- parsing ----------------------------------------------------------------------------------------------------

    /**
     * Parses a bind. Never asks a name server.
     *
     * @throws InvalidBindException if it cannot be used
     */
    static TcpEndpoint parse(String bind) {
        int colon = bind.lastIndexOf(':');
        boolean bracketed = bind.startsWith("[");
        if (colon < 0 || (bracketed && bind.endsWith("]"))) {
            throw new InvalidBindException(
                    "\"" + bind + "\" has no port; write it as in 127.0.0.1:8080, [::1]:8080 or *:8080");
        }
        String host = bind.substring(0, colon);
        int port = port(bind, bind.substring(colon + 1));
        if (bracketed) {
            return new TcpEndpoint(bind, ipv6(bind, host), port);
        }
        if (host.indexOf(':') >= 0) {
            throw new InvalidBindException("\"" + bind + "\": an IPv6 address stands in brackets, as in [::1]:8080");
        }
        if (host.isEmpty()) {
            throw new InvalidBindException("\"" + bind + "\" has no host; *:" + port + " means every address");
        }
        if (!host.equals(EVERY) && !Hosts.isHost(host)) {
            throw new InvalidBindException("\"" + host + "\" is neither an address nor a host name");
        }
        return new TcpEndpoint(bind, host, port);
    }

    private static int port(String bind, String digits) {
        int port = -1;
        // At most five digits: the parse cannot overflow.
        if (digits.matches("[0-9]{1,5}")) {
            port = Integer.parseInt(digits);
        }
        if (port < 0 || port > PORT_MAX) {
            throw new InvalidBindException(
                    "\"" + bind + "\": the port is \"" + digits + "\", must be 0 to " + PORT_MAX);
        }
        return port;
    }

    private static String ipv6(String bind, String host) {
        if (!Hosts.isHost(host)) {
            throw new InvalidBindException("\"" + bind + "\": no IPv6 address in the brackets");
        }
        return host.substring(1, host.length() - 1);
    }

    private boolean everyAddress() {
        return host.equals(EVERY);
    }

    // ---- sockets ----------------------------------------------------------------------------------------------------

    @Override
    public Optional<String> check(SocketSettings settings) {
        return settings.describesFile()
                ? Optional.of("mode, user and group belong to unix sockets that have a path, not to tcp")
                : Optional.empty();
    }

    @Override
    public int socket(SocketCalls calls) throws IOException {
        int domain = everyAddress() || resolve()[0] instanceof Inet6Address ? AF_INET6 : AF_INET;
        int number = calls.socket(domain, SOCK_STREAM, 0);
        if (number == -Errno.EAFNOSUPPORT && everyAddress()) {
            number = calls.socket(AF_INET, SOCK_STREAM, 0);
        }
        if (number < 0) {
            throw PosixException.of("create a socket for tcp " + bind, number);
        }
        return number;
    }

    @Override
    public BoundSocket bind(int number, SocketSettings settings, SocketCalls calls) throws IOException {
        if (settings.perLoop()) {
            set(calls, number, SOL_SOCKET, SO_REUSEPORT, 1);
        }
        boolean ipv6 = isIpv6(number, calls);
        set(calls, number, SOL_SOCKET, SO_REUSEADDR, 1);
        // What is accepted inherits it, and its channel's configuration says so from the beginning.
        set(calls, number, IPPROTO_TCP, TCP_NODELAY, 1);
        if (ipv6) {
            set(calls, number, IPPROTO_IPV6, IPV6_V6ONLY, everyAddress() ? 0 : 1);
        }
        InetSocketAddress address = address(ipv6);
        int result = calls.bind(number, address);
        if (result < 0) {
            throw failure(address, result);
        }
        return TcpSocket.of(number, calls);
    }

    /**
     * The address must be the one of the {@code bind}, as far as that says one: a port that the kernel chose is any.
     */
    @Override
    public BoundSocket adopt(int number, SocketSettings settings, SocketCalls calls) throws IOException {
        SocketAddress local = calls.localAddress(number);
        boolean fits = false;
        if (local instanceof InetSocketAddress inet && (port == 0 || port == inet.getPort())) {
            if (everyAddress()) {
                fits = inet.getAddress().isAnyLocalAddress();
            } else {
                for (InetAddress address : resolve()) {
                    fits |= address.equals(inet.getAddress());
                }
            }
        }
        if (!fits) {
            throw new IOException("cannot use fd " + number + " for tcp " + bind + ": it is bound to " + local);
        }
        return TcpSocket.of(number, calls);
    }

    /** The addresses that the host stands for. Asks a name server if it is a name. */
    private InetAddress[] resolve() throws IOException {
        try {
            return InetAddress.getAllByName(host);
        } catch (UnknownHostException unknown) {
            throw new IOException(
                    "cannot bind tcp " + bind + ": no address for the name " + host
                            + " (check the name, or write the address)",
                    unknown);
        }
    }

    /** The socket's family decides, not a second look at the name, which may resolve differently by now. */
    private InetSocketAddress address(boolean ipv6) throws IOException {
        if (everyAddress()) {
            return new InetSocketAddress(InetAddress.getByAddress(new byte[ipv6 ? 16 : 4]), port);
        }
        for (InetAddress address : resolve()) {
            if (address instanceof Inet6Address == ipv6) {
                return new InetSocketAddress(address, port);
            }
        }
        throw new IOException("cannot bind tcp " + bind + ": " + host + " has lost its address of the socket's family");
    }

    private boolean isIpv6(int number, SocketCalls calls) throws IOException {
        int domain = calls.intOption(number, SOL_SOCKET, SO_DOMAIN);
        if (domain < 0) {
            throw PosixException.of("bind tcp " + bind, domain);
        }
        return domain == AF_INET6;
    }

    private void set(SocketCalls calls, int number, int level, int option, int value) throws IOException {
        int result = calls.setIntOption(number, level, option, value);
        if (result < 0) {
            throw PosixException.of("bind tcp " + bind, result);
        }
    }

    /** Names what the user wrote; the hint depends on the address that it stands for. */
    private IOException failure(InetSocketAddress address, int result) {
        PosixException failure = PosixException.of("bind tcp", address, result);
        if (!everyAddress()) {
            return failure;
        }
        String message = String.valueOf(failure.getMessage());
        return new IOException("cannot bind tcp " + bind + message.substring(message.indexOf(": ")), failure);
    }
}
