package dev.baton.plugin.http.exchange;

import dev.baton.spi.upstream.UpstreamProtocol;
import dev.baton.spi.upstream.UpstreamServer;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.util.NetUtil;
import org.jspecify.annotations.Nullable;

/**
 * The exchange of a tunnel, on its way to the next process in an upgrade: what is told at its end to metrics and to
 * those who watch the traffic. Only of a route without filters: a filter must see the end of what it has seen begin.
 *
 * @param route its name
 * @param upstream where the route leads
 * @param server address of the server
 * @param method of the request
 * @param path of the request, without the query, which may hold what is secret; the authority of a CONNECT
 * @param asker address of the client that a trusted proxy has named; empty if none did
 * @param status of the response
 * @param ageNanos since the request's head had come
 * @param answeredNanos from then to the response's head
 * @param bytesIn from the client, through the tunnel
 * @param bytesOut to the client
 */
public record PackedTunnel(
        String route,
        String upstream,
        String server,
        String method,
        String path,
        String asker,
        int status,
        long ageNanos,
        long answeredNanos,
        long bytesIn,
        long bytesOut) {
    private static final String X_FORWARDED_FOR = "X-Forwarded-For";

    /** Whether one that is under way can be packed at all. */
    public static boolean isPossible(Downstream end) {
        Exchange current = end.current();
        return current != null && current.isTunnel() && current.filtered() == null && current.server() != null;
    }

    /** Of the exchange under way. Under the claim. */
    public static PackedTunnel of(Downstream end) {
        Exchange current = end.current();
        UpstreamServer server = current == null ? null : current.server();
        if (current == null || server == null) {
            throw new IllegalStateException("no tunnel");
        }
        int query = current.target().indexOf('?');
        return new PackedTunnel(
                current.route().name(),
                current.servers().upstream().name(),
                server.address(),
                current.method().name(),
                query < 0 ? current.target() : current.target().substring(0, query),
                current.fromTrustedProxy() ? end.asker(current) : "",
                current.status(),
                Math.max(0, end.nanoTime() - current.beganNanos()),
                Math.max(0, current.responseNanos() - current.beganNanos()),
                end.bodyBytes(),
                current.responseBytes());
    }

    public void write(StateWriter out) {
        out.text(route).text(upstream).text(server).text(method).text(path).text(asker);
        out.count(status).count(ageNanos).count(answeredNanos).count(bytesIn).count(bytesOut);
    }

    /**
     * Reads one.
     *
     * @throws IllegalArgumentException if it is none
     */
    public static PackedTunnel read(StateReader in) {
        PackedTunnel read = new PackedTunnel(
                in.name(),
                in.name(),
                in.text(),
                in.text(),
                in.text(),
                in.text(),
                (int) in.count(),
                in.count(),
                in.count(),
                in.count(),
                in.count());
        boolean address = read.asker.isEmpty()
                || read.asker.equals(Downstream.NO_ADDRESS)
                || NetUtil.isValidIpV4Address(read.asker)
                || NetUtil.isValidIpV6Address(read.asker);
        HttpMethod.valueOf(read.method); // throws what this may throw
        if (!address || read.status < 101 || read.status > 299) {
            throw new IllegalArgumentException("a packed tunnel with a wrong address, method or status");
        }
        return read;
    }

    /** Whether the service has the route and its upstream. */
    public boolean isKnown(ExchangeEnv env) {
        return find(env) != null;
    }

    private @Nullable Route find(ExchangeEnv env) {
        Route found = env.router().named(route, upstream);
        return found != null
                        && found.target() instanceof Target.Servers servers
                        && servers.upstream().protocol() == UpstreamProtocol.HTTP_1_1
                ? found
                : null;
    }

    /**
     * Makes the exchange that it was, for a new connection.
     *
     * @throws IllegalArgumentException if the service does not know its route
     */
    public Exchange unpack(Downstream end) {
        Route found = find(end.env());
        if (found == null) {
            throw new IllegalArgumentException("no route '" + route + "' leads to upstream '" + upstream + "'");
        }
        Exchange exchange = new Exchange(end, HttpVersion.HTTP_1_1, HttpMethod.valueOf(method), path);
        if (!asker.isEmpty()) {
            exchange.trustProxy();
            exchange.fields().add(X_FORWARDED_FOR, asker);
        }
        exchange.goTo(server(found));
        exchange.unpack(this, found, end.nanoTime());
        return exchange;
    }

    /** One that was removed lately still counts for its address. */
    private UpstreamServer server(Route found) {
        if (found.target() instanceof Target.Servers servers) {
            for (UpstreamServer each : servers.upstream().servers()) {
                if (each.address().equals(server)) {
                    return each;
                }
            }
        }
        return new UpstreamServer(server, UpstreamServer.NONE.index());
    }
}
