package dev.baton.plugin.http.http2;

import dev.baton.plugin.http.exchange.Exchange;
import dev.baton.plugin.http.exchange.UpstreamEnds;
import dev.baton.spi.loop.Loop;
import dev.baton.spi.upstream.Upstream;
import dev.baton.spi.upstream.UpstreamConnections;
import dev.baton.spi.upstream.UpstreamServer;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Ends that are streams of HTTP/2 connections, which exchanges of all loops and services of this plugin share. */
public final class SharedConnections implements UpstreamEnds {
    private final UpstreamConnections connections;
    private final Map<UpstreamServer, ServerConnections> servers = new ConcurrentHashMap<>();

    /**
     * Without connections.
     *
     * @param connections to the servers, whose handler {@link Http2Codec#upstream} makes
     */
    public SharedConnections(Upstream upstream, UpstreamConnections connections) {
        this.connections = connections;
        upstream.whenForgotten(
                address -> servers.keySet().removeIf(each -> each.address().equals(address)));
    }

    @Override
    public UpstreamConnections connections() {
        return connections;
    }

    @Override
    public void ask(Exchange exchange, UpstreamServer server, Loop loop, Taker taker) {
        ServerConnections of = servers.get(server);
        if (of == null) {
            of = servers.computeIfAbsent(server, each -> new ServerConnections(connections, each));
        }
        of.ask(exchange, loop, taker);
    }
}
