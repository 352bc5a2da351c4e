package dev.baton.plugin.http.exchange;

import dev.baton.plugin.http.config.MatchConfig;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Finds the route of a request: by host (exact, then the longest {@code *.suffix}, then routes without one), then path
 * (exact, then the longest prefix), then the other conditions in the order of the configuration. What has no route
 * there is looked for in the next, less specific place. The time it takes depends on the labels of the host and the
 * segments of the patterns, not on how many routes there are. Immutable.
 *
 * <p>Paths are compared as most servers understand them: with escapes decoded and several slashes taken for one. A path
 * with {@code .} or {@code ..} in it means one thing to one server and another to the next: where a route asks for a
 * path, such a request is refused.
 */
public final class Router {
    private static final int MAX_LABELS = 128;

    private final Map<String, Paths> exact = new HashMap<>();
    private final Map<String, Paths> suffixes = new HashMap<>();
    private final Paths anyHost = new Paths();
    /** The one that takes everything, if there is no other. */
    private final @Nullable Route only;

    private final List<Entry> all;
    private final boolean paths;
    private final boolean hosts;
    private final Route none;
    private final Route ambiguous;

    /** A route and what it takes, in order. */
    record Entry(MatchConfig match, Route route) {}

    /**
     * Makes one.
     *
     * @param routes in the order of the configuration
     * @param none where requests go that no route takes
     * @param ambiguous where requests go whose path may mean two things
     */
    Router(List<Entry> routes, Route none, Route ambiguous) {
        this.none = none;
        this.ambiguous = ambiguous;
        for (Entry each : routes) {
            String host = each.match().host().orElse(null);
            Paths place;
            if (host == null) {
                place = anyHost;
            } else if (host.startsWith("*.")) {
                place = suffixes.computeIfAbsent(host.substring(1), first -> new Paths());
            } else {
                place = exact.computeIfAbsent(host, first -> new Paths());
            }
            place.add(each);
        }
        all = List.copyOf(routes);
        only = routes.size() == 1 && routes.get(0).match().takesEverything()
                ? routes.get(0).route()
                : null;
        hosts = !exact.isEmpty() || !suffixes.isEmpty();
        paths = routes.stream().anyMatch(each -> each.match().path().isPresent());
    }

    /** The route of a request. */
    Route find(Exchange exchange) {
        if (only != null) {
            return only;
        }
        Path path = paths && !exchange.isConnect() ? Path.of(exchange.target()) : Path.ROOT;
        if (path.ambiguous()) {
            return ambiguous;
        }
        if (hosts) {
            String host = hostOf(exchange.authority());
            Route found = find(exact.get(host), exchange, path);
            if (found == null && !suffixes.isEmpty()) {
                int labels = 0;
                for (int dot = host.indexOf('.');
                        dot >= 0 && found == null && labels++ < MAX_LABELS;
                        dot = host.indexOf('.', dot + 1)) {
                    found = find(suffixes.get(host.substring(dot)), exchange, path);
                }
            }
            if (found != null) {
                return found;
            }
        }
        Route found = anyHost.find(exchange, path);
        return found == null ? none : found;
    }

    /** The first route of this name that leads to this upstream; null if there is none. */
    @Nullable
    Route named(String name, String upstream) {
        for (Entry each : all) {
            if (each.route().name().equals(name)
                    && each.route().target() instanceof Target.Servers servers
                    && servers.upstream().name().equals(upstream)) {
                return each.route();
            }
        }
        return null;
    }

    private static @Nullable Route find(@Nullable Paths place, Exchange exchange, Path path) {
        return place == null ? null : place.find(exchange, path);
    }

    /** The host of an authority, in lower case, without port, and without the dot that may end it. */
    static String hostOf(String authority) {
        int end = authority.length();
        int colon = authority.lastIndexOf(':');
        if (colon >= 0 && authority.indexOf(']', colon) < 0) {
            end = colon;
        }
        if (end > 1 && authority.charAt(end - 1) == '.') {
            end--;
        }
        return authority.substring(0, end).toLowerCase(Locale.ROOT);
    }

    /** The routes of one host. */
    private static final class Paths {
        private final Map<String, List<Entry>> exact = new HashMap<>();
        /** By the prefix with the slash at its end. */
        private final Map<String, List<Entry>> prefixes = new HashMap<>();

        private int deepest;

        void add(Entry entry) {
            String path = entry.match().path().orElse("/*");
            if (path.endsWith("*")) {
                String prefix = path.substring(0, path.length() - 1);
                deepest = Math.max(deepest, slashes(prefix));
                prefixes.computeIfAbsent(prefix, first -> new ArrayList<>()).add(entry);
            } else {
                exact.computeIfAbsent(path, first -> new ArrayList<>()).add(entry);
            }
        }

        private static int slashes(String text) {
            return (int) text.chars().filter(c -> c == '/').count();
        }

        @Nullable
        Route find(Exchange exchange, Path path) {
            Route found = exact.isEmpty() ? null : first(exact.get(path.text()), exchange);
            for (int depth = Math.min(deepest, path.slashes()); depth > 0 && found == null; depth--) {
                found = first(prefixes.get(path.upTo(depth)), exchange);
            }
            return found;
        }

        private static @Nullable Route first(@Nullable List<Entry> entries, Exchange exchange) {
            if (entries != null) {
                for (Entry each : entries) {
                    if (meets(each.match(), exchange)) {
                        return each.route();
                    }
                }
            }
            return null;
        }

        private static boolean meets(MatchConfig match, Exchange exchange) {
            if (!match.method().isEmpty()
                    && !match.method().contains(exchange.method().name())) {
                return false;
            }
            if (match.header().isEmpty()) {
                return true;
            }
            for (Map.Entry<String, String> each : match.header().entrySet()) {
                String wanted = each.getValue();
                if (!exchange.fields().contains(each.getKey())
                        || !(wanted.equals(MatchConfig.ANY)
                                || exchange.fields().getAll(each.getKey()).contains(wanted))) {
                    return false;
                }
            }
            return true;
        }
    }
}
