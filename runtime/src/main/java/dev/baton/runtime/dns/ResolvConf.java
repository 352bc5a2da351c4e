package dev.baton.runtime.dns;

import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What {@code resolv.conf(5)} says, with the limits that the C library has.
 *
 * @param servers in the order in which they are asked; at least one
 * @param search domains that a name may be in
 * @param ndots a name with fewer dots is tried in those domains first
 * @param timeout how long one server may be silent
 * @param attempts how often each silent server is asked
 * @param rotate whether lookups begin with one server after the other
 * @param ipv6 whether IPv6 addresses are asked for
 */
record ResolvConf(
        List<InetSocketAddress> servers,
        List<String> search,
        int ndots,
        Duration timeout,
        int attempts,
        boolean rotate,
        boolean ipv6) {

    private static final int PORT = 53;
    private static final int SERVERS_MAX = 3;
    private static final int SEARCH_MAX = 32;
    private static final int NDOTS_MAX = 15;
    private static final int TIMEOUT_MAX_SECONDS = 30;
    private static final int ATTEMPTS_MAX = 5;

    /**
     * Reads the lines; what cannot be read is left out, as the C library does. Later lines win.
     *
     * @param hostName the machine's, whose domain is searched where no line says what is
     */
    static ResolvConf parse(List<String> lines, String hostName) {
        List<InetSocketAddress> servers = new ArrayList<>();
        int dot = hostName.indexOf('.');
        List<String> search = dot < 0 ? List.of() : domains(Stream.of(hostName.substring(dot + 1)));
        int ndots = 1;
        int timeout = 5;
        int attempts = 2;
        boolean rotate = false;
        boolean ipv6 = !Boolean.getBoolean("java.net.preferIPv4Stack");
        for (String line : lines) {
            String[] words = line.strip().split("\\s+");
            List<String> values = List.of(words).subList(1, words.length);
            switch (words[0]) {
                case "nameserver" -> {
                    InetAddress address = values.isEmpty() ? null : address(values.get(0));
                    if (address != null && servers.size() < SERVERS_MAX) {
                        servers.add(new InetSocketAddress(address, PORT));
                    }
                }
                case "domain", "search" -> search = domains(values.stream());
                case "options" -> {
                    for (String option : values) {
                        int colon = option.indexOf(':');
                        String name = colon < 0 ? option : option.substring(0, colon);
                        switch (name) {
                            case "ndots" -> ndots = number(option, colon, 0, NDOTS_MAX, ndots);
                            case "timeout" -> timeout = number(option, colon, 1, TIMEOUT_MAX_SECONDS, timeout);
                            case "attempts" -> attempts = number(option, colon, 1, ATTEMPTS_MAX, attempts);
                            case "rotate" -> rotate = true;
                            case "no-aaaa" -> ipv6 = false;
                            default -> {}
                        }
                    }
                }
                default -> {}
            }
        }
        if (servers.isEmpty()) {
            servers.add(new InetSocketAddress(InetAddress.getLoopbackAddress(), PORT));
        }
        return new ResolvConf(List.copyOf(servers), search, ndots, Duration.ofSeconds(timeout), attempts, rotate, ipv6);
    }

    /** The same with other servers. */
    ResolvConf with(List<InetSocketAddress> others) {
        return new ResolvConf(others, search, ndots, timeout, attempts, rotate, ipv6);
    }

    /** What is asked for, in this order, to find a name: with a dot at its end each, so that it is complete. */
    List<String> candidates(String name) {
        if (name.endsWith(".")) {
            return List.of(name);
        }
        boolean complete = name.chars().filter(each -> each == '.').count() >= ndots;
        List<String> all = new ArrayList<>();
        if (complete) {
            all.add(name + ".");
        }
        search.forEach(domain -> all.add(name + "." + domain));
        if (!complete) {
            all.add(name + ".");
        }
        return all;
    }

    private static List<String> domains(Stream<String> domains) {
        return domains.map(domain -> domain.endsWith(".") ? domain : domain + ".")
                .filter(domain -> domain.length() > 1)
                .limit(SEARCH_MAX)
                .toList();
    }

    /** A number out of bounds counts as the bound, and anything else as if it were not there. */
    private static int number(String option, int colon, int min, int max, int otherwise) {
        try {
            return colon < 0 ? otherwise : Math.max(min, Math.min(max, Integer.parseInt(option.substring(colon + 1))));
        } catch (NumberFormatException e) {
            return otherwise;
        }
    }

    /** Null if it is no address, or of an interface that is not there. */
    private static @Nullable InetAddress address(String text) {
        byte[] bytes = NetUtil.createByteArrayFromIpAddressString(text);
        try {
            // With a scope (fe80::1%eth0) only the text tells it; a literal is parsed, never looked up.
            return bytes == null
                    ? null
                    : text.indexOf('%') >= 0 ? InetAddress.getByName(text) : InetAddress.getByAddress(bytes);
        } catch (UnknownHostException e) {
            return null;
        }
    }
}
