package dev.baton.runtime.config;

import io.netty.util.NetUtil;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Remembers what a file binds, to find an address that is bound twice before the kernel does. */
final class BoundAddresses {
    private static final String EVERY = "*";
    private static final String EVERY_V4 = "0.0.0.0";
    private static final String EVERY_V6 = "[0:0:0:0:0:0:0:0]";

    private final List<Bound> all = new ArrayList<>();

    /** Host as {@link #canonical} gives it. */
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
        String host = hasPort ? canonical(address.substring(0, colon).toLowerCase(Locale.ROOT)) : address;
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

    /**
     * One spelling for each address: IPv4 in dots, IPv6 in brackets. {@code localhost} is the address that it will be
     * bound to, because that needs no name server; other names stay what they are.
     */
    private static String canonical(String host) {
        String bare = host.startsWith("[") && host.endsWith("]") ? host.substring(1, host.length() - 1) : host;
        boolean local = bare.equals("localhost");
        if (!local && !NetUtil.isValidIpV4Address(bare) && !NetUtil.isValidIpV6Address(bare)) {
            return host;
        }
        try {
            InetAddress address = InetAddress.getByName(bare);
            return address instanceof Inet6Address ? "[" + address.getHostAddress() + "]" : address.getHostAddress();
        } catch (UnknownHostException e) { // the zone is no interface of this machine: the bind will say so
            return host;
        }
    }

    private static boolean collides(Bound a, Bound b) {
        if (!a.port().equals(b.port())) {
            return false;
        }
        if (a.port().isEmpty()) {
            return a.host().equals(b.host());
        }
        return a.host().equals(b.host()) || covers(a.host(), b.host()) || covers(b.host(), a.host());
    }

    /** {@code *} is every address of both families, each wildcard every one of its own. */
    private static boolean covers(String wildcard, String host) {
        return switch (wildcard) {
            case EVERY -> true;
            case EVERY_V4 -> !host.startsWith("[");
            case EVERY_V6 -> host.startsWith("[");
            default -> false;
        };
    }
}
