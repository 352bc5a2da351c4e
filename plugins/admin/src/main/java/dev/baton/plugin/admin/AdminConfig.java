package dev.baton.plugin.admin;

import dev.baton.spi.config.Default;
import dev.baton.spi.config.Hosts;
import dev.baton.spi.config.Range;
import dev.baton.spi.config.WrongValueException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The section {@code admin} of the configuration.
 *
 * @param listen {@code host:port}, {@code [ipv6]:port} or {@code *:port} (every IPv4 address); port 0 lets the kernel
 *     choose; or {@code unix:/path}
 * @param hosts names by which it may be asked ({@code Host}), besides the one in {@code listen}, {@code localhost} and
 *     addresses
 * @param tokens the file with the tokens of those who may ask; without it whoever can reach the address may
 * @param mode permissions of a unix socket's file
 * @param users who may connect to a unix socket, besides root and the process's own user: names or numbers
 * @param maxConnections connections at a time; a further one ends that which has been idle longest
 * @param idleTimeout how long a connection may be idle, be silent in a request's body, or take nothing of its answer
 */
public record AdminConfig(
        @Default("127.0.0.1:9901") String listen,
        List<String> hosts,
        Optional<Path> tokens,
        Optional<String> mode,
        List<String> users,
        @Default("64") @Range(min = "1", max = "10000") int maxConnections,
        @Default("30s") @Range(min = "100ms", max = "1h") Duration idleTimeout) {
    private static final int CONNECTIONS = 64;
    private static final Duration IDLE_TIMEOUT = Duration.ofSeconds(30);
    private static final int PORT_MAX = 65_535;
    private static final String LISTEN = "listen";
    private static final String MODE = "mode";
    private static final String UNIX = "unix:";
    private static final int OWNER_ONLY = 0600;
    /** {@code sun_path} without its final NUL. */
    private static final int PATH_BYTES_MAX = 107;

    private static final String EVERY = "*";

    /** Checks the form of the address and of the names. */
    public AdminConfig {
        hosts = List.copyOf(hosts);
        users = List.copyOf(users);
        for (String host : hosts) {
            if (!Hosts.isHost(host)) {
                throw new WrongValueException("hosts", "\"" + host + "\" is no host name (write it without a port)");
            }
        }
        if (listen.startsWith(UNIX)) {
            checkFile(listen, mode);
        } else {
            checkAddress(listen);
            if (mode.isPresent() || !users.isEmpty()) {
                throw new WrongValueException(
                        mode.isPresent() ? MODE : "users",
                        "mode and users are for a unix socket, as in listen: \"unix:/run/baton/admin.sock\"; \""
                                + listen + "\" is reached by every local user");
            }
        }
    }

    private static void checkFile(String listen, Optional<String> mode) {
        String path = listen.substring(UNIX.length());
        if (!path.startsWith("/") || path.endsWith("/")) {
            throw new WrongValueException(
                    LISTEN,
                    "\"" + listen + "\" is not unix: and a path from the root, as in unix:/run/baton/admin.sock");
        }
        int bytes = path.getBytes(StandardCharsets.UTF_8).length;
        if (bytes > PATH_BYTES_MAX) {
            throw new WrongValueException(
                    LISTEN, "the path has " + bytes + " bytes, a unix socket's may have " + PATH_BYTES_MAX);
        }
        if (mode.isPresent() && !mode.get().matches("0[0-7]{3}")) {
            throw new WrongValueException(MODE, "\"" + mode.get() + "\" is no mode, as in \"0600\" or \"0660\"");
        }
    }

    private static void checkAddress(String listen) {
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

    /** An address, and the defaults. */
    AdminConfig(String listen) {
        this(listen, List.of(), Optional.empty(), Optional.empty(), List.of(), CONNECTIONS, IDLE_TIMEOUT);
    }

    /** The file of a unix socket; empty if it listens on the network. */
    Optional<Path> file() {
        return listen.startsWith(UNIX) ? Optional.of(Path.of(listen.substring(UNIX.length()))) : Optional.empty();
    }

    /** Permissions of a unix socket's file. */
    int fileMode() {
        return mode.map(octal -> Integer.parseInt(octal, 8)).orElse(OWNER_ONLY);
    }

    /** By which it may be asked over the network. */
    List<String> names() {
        List<String> names = new ArrayList<>(hosts);
        if (file().isEmpty()) {
            names.add(host());
        }
        return names;
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
        return file().isPresent() ? listen : listen.substring(0, listen.lastIndexOf(':') + 1) + port;
    }
}
