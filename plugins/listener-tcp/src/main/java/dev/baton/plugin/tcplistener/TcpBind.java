package dev.baton.plugin.tcplistener;

import dev.baton.spi.config.Hosts;
import java.net.InetAddress;
import java.net.UnknownHostException;

/**
 * A {@code bind} of the configuration, taken apart. Parsing never asks a name server.
 *
 * @param host {@code *}, an IPv4 or IPv6 address (without its brackets), or a name
 * @param port 0 to 65535; 0 lets the kernel choose
 */
record TcpBind(String host, int port) {
    /** The host that means every address, of IPv4 and of IPv6. */
    static final String EVERY = "*";

    private static final int PORT_MAX = 65_535;

    /**
     * Takes a bind apart.
     *
     * @throws IllegalArgumentException with what is wrong with it, as one sentence without a full stop
     */
    static TcpBind parse(String bind) {
        int colon = bind.lastIndexOf(':');
        boolean bracketed = bind.startsWith("[");
        if (colon < 0 || (bracketed && bind.endsWith("]"))) {
            throw new IllegalArgumentException(
                    "\"" + bind + "\" has no port; write it as in 127.0.0.1:8080, [::1]:8080 or *:8080");
        }
        String host = bind.substring(0, colon);
        int port = port(bind, bind.substring(colon + 1));
        if (bracketed) {
            return new TcpBind(ipv6(bind, host), port);
        }
        if (host.indexOf(':') >= 0) {
            throw new IllegalArgumentException(
                    "\"" + bind + "\": an IPv6 address stands in brackets, as in [::1]:8080");
        }
        if (host.isEmpty()) {
            throw new IllegalArgumentException("\"" + bind + "\" has no host; *:" + port + " means every address");
        }
        if (!host.equals(EVERY) && !Hosts.isHost(host)) {
            throw new IllegalArgumentException("\"" + host + "\" is neither an address nor a host name");
        }
        return new TcpBind(host, port);
    }

    private static int port(String bind, String digits) {
        int port = -1;
        // At most five digits: the parse cannot overflow.
        if (digits.matches("[0-9]{1,5}")) {
            port = Integer.parseInt(digits);
        }
        if (port < 0 || port > PORT_MAX) {
            throw new IllegalArgumentException(
                    "\"" + bind + "\": the port is \"" + digits + "\", must be 0 to " + PORT_MAX);
        }
        return port;
    }

    private static String ipv6(String bind, String host) {
        if (!Hosts.isHost(host)) {
            throw new IllegalArgumentException("\"" + bind + "\": no IPv6 address in the brackets");
        }
        return host.substring(1, host.length() - 1);
    }

    boolean everyAddress() {
        return host.equals(EVERY);
    }

    /** The addresses that the host stands for. Asks a name server if it is a name. */
    InetAddress[] resolve() throws UnknownHostException {
        return InetAddress.getAllByName(host);
    }
}
