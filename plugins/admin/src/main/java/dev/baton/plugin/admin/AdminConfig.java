package dev.baton.plugin.admin;

import dev.baton.spi.config.Default;
import dev.baton.spi.config.WrongValueException;
import io.netty.util.NetUtil;
import java.util.regex.Pattern;

/**
 * The section {@code admin} of the configuration.
 *
 * @param listen {@code host:port}, {@code [ipv6]:port} or {@code *:port} (every IPv4 address); port 0 lets the kernel choose
 */
public record AdminConfig(@Default("127.0.0.1:9901") String listen) {
    private static final int PORT_MAX = 65_535;
    private static final String LISTEN = "listen";
    /** A name that a name server could know has a letter in its last part. */
    private static final Pattern LOOKS_LIKE_IPV4 = Pattern.compile("[0-9.]+");

    /** Checks the form of the address. */
    public AdminConfig {
        int colon = listen.lastIndexOf(':');
        String host = listen.substring(0, Math.max(colon, 0));
        boolean bracketed = host.startsWith("[") && host.endsWith("]");
        if (colon < 1 || (!bracketed && host.indexOf(':') >= 0)) {
            throw new WrongValueException(
                    LISTEN, "\"" + listen + "\" is not host:port, as in 127.0.0.1:9901 or [::1]:9901");
        }
        if (bracketed
                ? !NetUtil.isValidIpV6Address(host)
                : LOOKS_LIKE_IPV4.matcher(host).matches() && !NetUtil.isValidIpV4Address(host)) {
            throw new WrongValueException(
                    LISTEN, "\"" + listen + "\": " + host + " is no " + (bracketed ? "IPv6" : "IPv4") + " address");
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
        if (host.equals("*")) {
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
