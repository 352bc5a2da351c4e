package dev.baton.spi.config;

import java.net.InetAddress;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * A set of networks. Two networks are either apart or one is inside the other; of those only the outer is kept, so that
 * the last one that begins at or before an address is the only one that can have it. Immutable; a look-up costs the
 * logarithm of their number.
 */
public final class AddressSet {
    private static final int IPV4_BYTES = 4;

    private final TreeMap<byte[], byte[]> ipv4 = new TreeMap<>(Arrays::compareUnsigned);
    private final TreeMap<byte[], byte[]> ipv6 = new TreeMap<>(Arrays::compareUnsigned);

    private AddressSet() {}

    /**
     * Makes a set of networks such as {@code 10.0.0.0/8}, {@code 2001:db8::/32}, or single addresses.
     *
     * @throws IllegalArgumentException with a message for a person, about the first that is none
     */
    public static AddressSet of(List<String> networks) {
        AddressSet set = new AddressSet();
        networks.stream()
                .map(Network::parse)
                // Of two that begin at the same address the greater comes first.
                .sorted(Comparator.comparing(Network::first, Arrays::compareUnsigned)
                        .thenComparing(Network::last, (a, b) -> Arrays.compareUnsigned(b, a)))
                .forEach(set::add);
        return set;
    }

    /**
     * Checks that a text is a network.
     *
     * @throws IllegalArgumentException with a message for a person
     */
    public static void check(String network) {
        Network.parse(network);
    }

    private NavigableMap<byte[], byte[]> family(byte[] address) {
        return address.length == IPV4_BYTES ? ipv4 : ipv6;
    }

    private void add(Network network) {
        if (!contains(network.first())) {
            family(network.first()).put(network.first(), network.last());
        }
    }

    private boolean contains(byte[] address) {
        Map.Entry<byte[], byte[]> before = family(address).floorEntry(address);
        return before != null && Arrays.compareUnsigned(address, before.getValue()) <= 0;
    }

    /**
     * True if an address is in one of the networks. IPv4 addresses that are mapped into IPv6 are IPv4 addresses here.
     */
    public boolean contains(InetAddress address) {
        return contains(address.getAddress());
    }

    /** There is no network in it. */
    public boolean isEmpty() {
        return ipv4.isEmpty() && ipv6.isEmpty();
    }
}
