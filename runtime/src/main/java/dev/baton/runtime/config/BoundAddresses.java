package dev.baton.runtime.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Remembers what a file binds, to find an address that is bound twice before the kernel does. */
final class BoundAddresses {
    private final List<Bound> all = new ArrayList<>();

    private record Bound(String address, String host, String port, String path, Position position) {}

    /**
     * Adds one.
     *
     * @param path the key that binds it
     * @return what it collides with, as an explanation; empty if it is free
     */
    Optional<String> add(String address, String path, Position position) {
        int colon = address.lastIndexOf(':');
        boolean hasPort = colon > 0 && address.substring(colon + 1).matches("\\d{1,5}");
        // What has no port (a unix socket) is compared as a whole.
        String host = hasPort ? address.substring(0, colon).toLowerCase(Locale.ROOT) : address;
        String port = hasPort ? String.valueOf(Integer.parseInt(address.substring(colon + 1))) : "";
        if (port.equals("0")) {
            return Optional.empty(); // the kernel picks a free one each time
        }
        Bound mine = new Bound(address, host, port, path, position);
        Optional<Bound> other =
                all.stream().filter(bound -> collides(bound, mine)).findFirst();
        all.add(mine);
        return other.map(bound -> bound.path() + " (" + bound.address() + ", line "
                + bound.position().line() + ")");
    }

    private static boolean collides(Bound a, Bound b) {
        if (!a.port().equals(b.port())) {
            return false;
        }
        if (a.port().isEmpty() || isV6(a.host()) != isV6(b.host())) {
            return a.host().equals(b.host());
        }
        return a.host().equals(b.host()) || isWildcard(a.host()) || isWildcard(b.host());
    }

    private static boolean isV6(String host) {
        return host.startsWith("[");
    }

    private static boolean isWildcard(String host) {
        return host.equals("0.0.0.0") || host.equals("*") || host.equals("[::]");
    }
}
