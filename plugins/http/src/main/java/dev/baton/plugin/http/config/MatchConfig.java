package dev.baton.plugin.http.config;

import dev.baton.spi.config.WrongValueException;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * Which requests a route takes: those that meet all of its conditions.
 *
 * @param host the host without a port: a name, an address, or {@code *.example.com} for all names below
 *     {@code example.com}
 * @param path the path, or {@code /images/*} for all paths that begin with {@code /images/}
 * @param method the methods
 * @param header values of fields, each exactly; {@code "*"} for any
 */
public record MatchConfig(
        Optional<String> host, Optional<String> path, List<String> method, Map<String, String> header) {
    public static final String ANY = "*";

    private static final Pattern HOST =
            Pattern.compile("(\\*\\.)?[a-z0-9_]([a-z0-9._-]{0,251}[a-z0-9_])?|\\[[0-9a-f:.]+]");
    private static final Pattern METHOD = Pattern.compile("[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}");

    /** Checks the patterns. */
    public MatchConfig {
        host = host.map(name -> name.toLowerCase(Locale.ROOT));
        if (host.isPresent() && !HOST.matcher(host.get()).matches()) {
            throw new WrongValueException(
                    "host",
                    "'" + host.get()
                            + "' is no host: expected example.com, *.example.com or an address, without a port");
        }
        if (path.isPresent()) {
            checkPath(path.get());
        }
        for (String each : method) {
            if (!METHOD.matcher(each).matches()) {
                throw new WrongValueException("method", "'" + each + "' is no method");
            }
        }
        Map<String, String> byName = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        header.forEach((name, value) -> {
            if (!METHOD.matcher(name).matches()) { // both are tokens
                throw new WrongValueException("header", "'" + name + "' is no field name");
            }
            if (byName.put(name, value) != null) {
                throw new WrongValueException("header", "'" + name + "' stands there twice");
            }
        });
    }

    /** What takes everything. */
    public static MatchConfig everything() {
        return new MatchConfig(Optional.empty(), Optional.empty(), List.of(), Map.of());
    }

    private static void checkPath(String path) {
        int star = path.indexOf('*');
        boolean fine = path.startsWith("/")
                && (star < 0 || (star == path.length() - 1 && path.charAt(star - 1) == '/'))
                && path.chars().allMatch(c -> c > ' ' && c < 0x7f && c != '?' && c != '#' && c != '%')
                && !path.contains("//")
                && !("/" + path + "/").contains("/./")
                && !("/" + path + "/").contains("/../");
        if (!fine) {
            throw new WrongValueException(
                    "path",
                    "'" + path + "' is no path to match: expected /exact/path, or /prefix/* for all below it, with"
                            + " nothing to decode, resolve or query");
        }
    }

    /** It has no condition. */
    public boolean takesEverything() {
        return host.isEmpty() && path.map("/*"::equals).orElse(true) && method.isEmpty() && header.isEmpty();
    }

    /** Of one host and path pattern, it takes every request that a later one would. */
    boolean takesAllOf(MatchConfig later) {
        return host.equals(later.host)
                && path.orElse("/*").equals(later.path.orElse("/*"))
                && (method.isEmpty() || (!later.method.isEmpty() && new HashSet<>(method).containsAll(later.method)))
                && header.entrySet().stream().allMatch(each -> takes(each, later.header));
    }

    private static boolean takes(Map.Entry<String, String> condition, Map<String, String> later) {
        return later.entrySet().stream()
                .anyMatch(each -> each.getKey().equalsIgnoreCase(condition.getKey())
                        && (condition.getValue().equals(ANY)
                                || condition.getValue().equals(each.getValue())));
    }

    /** How people call what it takes: {@code api.example.com/v1/*}. */
    String words() {
        return host.orElse("") + path.orElse(host.isPresent() ? "/*" : ANY);
    }
}
