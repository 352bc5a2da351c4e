package dev.baton.runtime.config;

import io.netty.util.NetUtil;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * {@code resolver:}, how the names of upstream servers are looked up.
 *
 * @param servers name servers in place of those of {@code /etc/resolv.conf}, in the order in which they are asked: each
 *     an address, {@code ipv4:port} or {@code [ipv6]:port}
 */
public record ResolverConfig(List<String> servers) {
    /** As many as are asked in turn while all are silent. */
    static final int SERVERS_MAX = 3;

    private static final int PORT = 53;
    private static final Pattern WITH_PORT = Pattern.compile("(\\[[^\\]]*]|[^\\[\\]:]*):(\\d{1,5})");

    /** The servers' addresses. */
    public List<InetSocketAddress> addresses() {
        return servers.stream().map(server -> address(server).orElseThrow()).toList();
    }

    /** What is wrong with a server, as one sentence without a full stop; empty if nothing is. */
    static Optional<String> check(String server) {
        return address(server).isPresent()
                ? Optional.empty()
                : Optional.of("'" + server
                        + "' is no address of a name server, such as 10.0.0.2, 10.0.0.2:53 or [fd00::2]:53;"
                        + " a name will not do");
    }

    private static Optional<InetSocketAddress> address(String server) {
        Matcher matcher = WITH_PORT.matcher(server);
        String host = matcher.matches() ? matcher.group(1) : server;
        int port = matcher.matches() ? Integer.parseInt(matcher.group(2)) : PORT;
        return port < 1 || port > 65535
                ? Optional.empty()
                : Optional.ofNullable(NetUtil.createInetAddressFromIpAddressString(host))
                        .map(address -> new InetSocketAddress(address, port));
    }
}
