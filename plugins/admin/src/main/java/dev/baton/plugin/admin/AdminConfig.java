package dev.baton.plugin.admin;

import dev.baton.spi.config.Default;
import dev.baton.spi.config.Hosts;
import dev.baton.spi.config.WrongValueException;

/**
 * The section {@code admin} of the configuration.
 *
 * @param listen {@code host:port}, {@code [ipv6]:port} or {@code *:port} (every IPv4 address); port 0 lets the kernel choose
 */
public record AdminConfig(@Default("127.0.0.1:9901") String listen) {
    private static final int PORT_MAX = 65_535;
    private static final String LISTEN = "listen";
    private static final String EVERY = "*";

    /** Checks the form of the address. */
    public AdminConfig {
        int colon = listen.lastIndexOf(':');
        String host = listen.substring(0, Math.max(colon, 0));
        boolean bracketed = host.startsWith("[") && host.endsWith("]");
        if (colon < 1 || (!bracketed && host.indexOf(':') >= 0)) {
            throw new WrongValueException(
                    LISTEN, "\"" + listen + "\" is not host:port, as in 127.0.0.1:9901 or [::1]:9901");
        }
        if (!host.equals(EVERY) && !Hosts.isHost(host)) {
            throw new WrongValueException(
                    LISTEN, "\"" + listen + "\": " + host + " is neither an address nor a host name");
        }
        String port = listen.substring(colon + 1);
        // At most five digits: the parse cannot overflow.
        if (!port.matches("[0-9]{1,5}") || Integer.parseInt(port) > PORT_MAX) {
            throw new WrongValueException(
                    LISTEN, "\"" + listen + "\": the port is \"" + port + "\", must be 0 to " + PORT_MAX);
        }
    }

    /** The host, without brackets; {@code *} is the IPv4 wildcard. */
    String host() {
        String host = listen.substring(0, listen.lastIndexOf(':'));
        if (host.equals(EVERY)) {
            return "0.0.0.0";
        }
        return host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
    }

    /** The port, 0 to 65535. */
    int port() {
        return Integer.parseInt(listen.substring(listen.lastIndexOf(':') + 1));
    }

    /** The address with the port that the kernel chose. */
    String withPort(int port) {
        return listen.substring(0, listen.lastIndexOf(':') + 1) + port;
    }
}
