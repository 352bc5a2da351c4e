package dev.baton.runtime.config;

import dev.baton.spi.config.Hosts;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The ways to write a server of an upstream: an address, the name of a listener of the same process, or the name of a
 * service, which stands for all servers that its SRV records name.
 */
public final class ServerAddress {
    /** What stands before a listener's name. */
    private static final String LISTENER = "listener:";

    /** What stands before a service's name. */
    private static final String SERVICE = "srv:";

    /** A name of DNS: RFC 1035, section 2.3.4, and underscores. */
    private static final Pattern SERVICE_NAME =
            Pattern.compile("(?=.{1,254}$)(?![0-9.]+$)[A-Za-z0-9_-]{1,63}(\\.[A-Za-z0-9_-]{1,63})+\\.?");

    private static final Pattern HOST_PORT = Pattern.compile("(\\[[0-9A-Fa-f:.%\\w]+]|[^\\[\\]:\\s/]+):(\\d{1,5})");

    private ServerAddress() {}

    /**
     * The listener that a server refers to, if it does: {@code listener:NAME} stands for whatever address that listener
     * really has, which with port 0 only the kernel knows. Names begin with a letter, so {@code listener:80} is a host.
     */
    public static Optional<String> listener(String server) {
        boolean refers = server.startsWith(LISTENER)
                && server.length() > LISTENER.length()
                && !Character.isDigit(server.charAt(LISTENER.length()));
        return refers ? Optional.of(server.substring(LISTENER.length())) : Optional.empty();
    }

    /**
     * The service that a server refers to, if it does: {@code srv:NAME} stands for the servers that the SRV records of
     * that name say. {@code srv:80} is a host.
     */
    public static Optional<String> service(String server) {
        boolean refers = server.startsWith(SERVICE)
                && !server.substring(SERVICE.length()).chars().allMatch(Character::isDigit);
        return refers ? Optional.of(server.substring(SERVICE.length())) : Optional.empty();
    }

    /**
     * The host that a server is written with, a name or an address without brackets and scope, if it has one: a
     * listener and a service have none.
     */
    public static Optional<String> host(String server) {
        Matcher matcher = HOST_PORT.matcher(server);
        if (listener(server).isPresent() || service(server).isPresent() || !matcher.matches()) {
            return Optional.empty();
        }
        String host = matcher.group(1);
        if (host.startsWith("[")) {
            String address = host.substring(1, host.length() - 1);
            int scope = address.indexOf('%');
            return Optional.of(scope < 0 ? address : address.substring(0, scope));
        }
        return Optional.of(host.endsWith(".") ? host.substring(0, host.length() - 1) : host);
    }

    private static Optional<String> checkService(String name) {
        int colon = name.lastIndexOf(':');
        if (colon >= 0) {
            return Optional.of("no port belongs behind srv:" + name.substring(0, colon)
                    + ", because each of its records has its own");
        }
        return SERVICE_NAME.matcher(name).matches()
                ? Optional.empty()
                : Optional.of(
                        "'" + name + "' cannot have SRV records; expected a name such as _http._tcp.shop.example");
    }

    /** What is wrong with an address, as one sentence without a full stop; empty if nothing is. */
    public static Optional<String> check(String server) {
        Optional<String> service = service(server);
        if (service.isPresent()) {
            return checkService(service.get());
        }
        Matcher matcher = HOST_PORT.matcher(server);
        if (!matcher.matches()) {
            return Optional.of("expected host:port, [ipv6]:port, listener:NAME or srv:NAME, not '" + server + "'");
        }
        String host = matcher.group(1);
        if (!Hosts.isHost(host)) {
            return Optional.of("'" + host + "' is neither an address nor a host name");
        }
        int port = Integer.parseInt(matcher.group(2));
        return port >= 1 && port <= 65535 ? Optional.empty() : Optional.of("port " + port + " is outside 1 to 65535");
    }
}
