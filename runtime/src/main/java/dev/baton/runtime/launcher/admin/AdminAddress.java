package dev.baton.runtime.launcher.admin;

import dev.baton.runtime.server.ConfigSource;
import dev.baton.runtime.server.StartException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Where a command finds the process: {@code host:port} or {@code unix:/path}. What is said nearest to the command
 * counts:
 *
 * <pre>
 *   --admin ADDRESS
 *   BATON_ADMIN
 *   admin: listen: of the file named by -c, else of ./baton.yaml, else of the built-in demo
 *   127.0.0.1:9901, if that file has no admin: listen:
 * </pre>
 */
public final class AdminAddress {
    /** The environment variable that names it. */
    public static final String VARIABLE = "BATON_ADMIN";

    static final String UNIX = "unix:";
    private static final String DEFAULT = "127.0.0.1:9901";
    private static final int PORT_MAX = 65_535;
    private static final Pattern HOST_PORT = Pattern.compile("(\\[[^\\]\\s]+]|[^:\\s/\\[\\]]+):(\\d{1,5})");

    private AdminAddress() {}

    /**
     * The address.
     *
     * @param asked by {@code --admin}, checked already; or null
     * @param environment of this command
     * @param file named by {@code -c}, or null
     * @throws AdminException if it is said somewhere and cannot be used
     */
    public static String find(@Nullable String asked, Map<String, String> environment, @Nullable Path file)
            throws AdminException {
        if (asked != null) {
            return asked;
        }
        String variable = environment.get(VARIABLE);
        if (variable != null && !variable.isEmpty()) {
            Optional<String> wrong = wrong(variable);
            if (wrong.isPresent()) {
                throw new AdminException(VARIABLE + ": " + wrong.get());
            }
            return variable;
        }
        try {
            ConfigSource source = ConfigSource.find(file);
            String listen = source.reader().text("admin", "listen").orElse(DEFAULT);
            return reachable(source.file(), listen);
        } catch (StartException unreadable) {
            throw new AdminException(
                    "cannot tell the admin address: " + unreadable.getMessage() + "; --admin names it", unreadable);
        }
    }

    /** A server's wildcard is no address to connect to, and its port 0 is none either. */
    private static String reachable(String file, String listen) throws AdminException {
        String address = listen.startsWith("*:") || listen.startsWith("0.0.0.0:")
                ? "127.0.0.1" + listen.substring(listen.indexOf(':'))
                : listen.startsWith("[::]:") ? "[::1]" + listen.substring(listen.lastIndexOf(':')) : listen;
        Optional<String> wrong = wrong(address);
        if (wrong.isPresent()) {
            throw new AdminException(file + ", admin: listen: " + wrong.get()
                    + "; the process tells its address at start, --admin names it");
        }
        return address;
    }

    /** What is wrong with an address to connect to; empty if nothing is. */
    public static Optional<String> wrong(String text) {
        if (text.startsWith(UNIX)) {
            return text.startsWith(UNIX + "/")
                    ? Optional.empty()
                    : Optional.of("'" + text + "' has no path from the root, as in unix:/run/baton/admin.sock");
        }
        Matcher matcher = HOST_PORT.matcher(text);
        if (!matcher.matches()) {
            return Optional.of("'" + text + "' is not host:port, for example 127.0.0.1:9901, nor unix:/path");
        }
        int port = Integer.parseInt(matcher.group(2));
        return port < 1 || port > PORT_MAX
                ? Optional.of("'" + text + "': the port must be 1 to " + PORT_MAX)
                : Optional.empty();
    }
}
