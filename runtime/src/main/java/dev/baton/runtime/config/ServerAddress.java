package dev.baton.runtime.config;

import dev.baton.spi.config.Hosts;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The two ways to write a server of an upstream: an address, or the name of a listener of the same process. */
public final class ServerAddress {
    /** What stands before a listener's name. */
    private static final String LISTENER = "listener:";

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

    /** What is wrong with an address, as one sentence without a full stop; empty if nothing is. */
    public static Optional<String> check(String server) {
        Matcher matcher = HOST_PORT.matcher(server);
        if (!matcher.matches()) {
            return Optional.of("expected host:port, [ipv6]:port or listener:NAME, not '" + server + "'");
        }
        String host = matcher.group(1);
        if (!Hosts.isHost(host)) {
            return Optional.of("'" + host + "' is neither an address nor a host name");
        }
        int port = Integer.parseInt(matcher.group(2));
        return port >= 1 && port <= 65535 ? Optional.empty() : Optional.of("port " + port + " is outside 1 to 65535");
    }
}
