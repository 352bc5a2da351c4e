package dev.baton.testkit.world;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.Plugin;
import dev.baton.spi.admin.FdSnapshot;
import java.util.ArrayList;
import java.util.List;

/**
 * What every HTTP filter promises in a whole server and in each world, with real clients and servers: it lets pass what
 * it should with every byte, on connections that it keeps; it continues on whichever loop the connection is, wherever
 * in the exchange that was taken over; and it keeps nothing of clients that leave. A filter's test extends this, with
 * the plugin {@code http} and its own.
 *
 * <p>It complements {@link dev.baton.testkit.http.HttpFilterContract}, which looks at the filter alone.
 */
public abstract class HttpFilterInEachWorld {
    private static final int CLIENTS = 6;
    private static final String FIRST = "the first half, ";
    private static final String REST = "the rest";
    private static final String BODY = FIRST + REST;
    private static final String TEXT = "Content-Type: text/plain";

    private final List<Class<? extends Plugin>> plugins;

    /**
     * For a filter's test.
     *
     * @param http what contributes services of type {@code http}
     * @param plugin what contributes the filter
     */
    protected HttpFilterInEachWorld(Class<? extends Plugin> http, Class<? extends Plugin> plugin) {
        plugins = List.of(http, plugin);
    }

    /** An entry of {@code filters:} that lets requests with the fields of {@link #admitted} pass. */
    protected abstract String filter();

    /**
     * Fields of requests, such as {@code Authorization: Basic YTpi}, that the filter lets pass; none if it needs none.
     */
    protected List<String> admitted() {
        return List.of();
    }

    /** A response's body, as the client has it, without what the filter has done to it. */
    protected String decoded(HttpMessage response) {
        return response.text();
    }

    /** A server with the filter, on three loops, and its origin. */
    protected final HttpOrigin start(PluginWorld world) {
        plugins.forEach(world::plugin);
        HttpOrigin origin = world.httpOrigin();
        world.start("""
                loops: 3
                listeners: { web: { bind: "127.0.0.1:0", service: shop, balance: least-loaded } }
                services: { shop: { type: http, upstream: app, filters: [ FILTER ] } }
                upstreams: { app: { servers: ["ORIGIN"] } }
                """.replace("FILTER", filter()).replace("ORIGIN", origin.address()));
        return origin;
    }

    private String[] fields() {
        return admitted().toArray(String[]::new);
    }

    @InEachWorld
    final void shouldPassWholeExchanges(PluginWorld world) {
        HttpOrigin origin = start(world);
        HttpPeer client = world.http("web");
        for (int i = 0; i < 2; i++) {
            client.sendWithBody(BODY, "POST /" + i, fields());
            HttpMessage request = origin.serve(200, BODY, TEXT);
            assertThat(request.start()).isEqualTo("POST /" + i + " HTTP/1.1");
            assertThat(request.text()).isEqualTo(BODY);
            HttpMessage response = client.receive();
            assertThat(response.status()).isEqualTo(200);
            assertThat(decoded(response)).isEqualTo(BODY);
        }
    }

    /** Before, while or after the filter sees the request, and in the middle of the response. */
    @InEachWorld
    final void shouldForgetClientsThatLeave(PluginWorld world) {
        HttpOrigin origin = start(world);
        HttpPeer reads = world.http("web").send("GET /", fields());
        HttpPeer server = origin.accept();
        server.receive();
        server.respondHead(200, TEXT).sendChunk(FIRST);
        reads.connection().reset();
        for (int i = 0; i < CLIENTS; i++) {
            HttpPeer sends = world.http("web").sendHead("POST /", fields()).sendChunk(FIRST);
            sends.connection().reset();
        }
    }

    /**
     * Every connection changes its loop in the middle of the request, perhaps while a worker runs the filter, and in
     * the middle of the response.
     */
    @InEachWorld
    final void shouldFollowItsConnectionToAnotherLoop(PluginWorld world) {
        HttpOrigin origin = start(world);
        List<HttpPeer> clients = new ArrayList<>();
        for (int i = 0; i < CLIENTS; i++) {
            clients.add(world.http("web").sendHead("POST /" + i, fields()).sendChunk(FIRST));
        }
        world.await("each loop has some", () -> owners(world).containsAll(List.of("0", "1", "2")));
        world.retireLoop(2);
        clients.forEach(each -> each.sendChunk(REST).endChunks());
        List<HttpPeer> servers = new ArrayList<>();
        for (int i = 0; i < CLIENTS; i++) {
            HttpPeer server = origin.accept();
            assertThat(server.receive().text()).isEqualTo(BODY);
            servers.add(server.respondHead(200, TEXT).sendChunk(FIRST));
        }
        world.retireLoop(1);
        servers.forEach(each -> each.sendChunk(REST).endChunks());
        for (HttpPeer client : clients) {
            HttpMessage response = client.receive();
            assertThat(response.status()).isEqualTo(200);
            assertThat(decoded(response)).isEqualTo(BODY);
        }
    }

    private static List<String> owners(PluginWorld world) {
        return world.view().fds().stream()
                .filter(fd -> fd.kind().equals("downstream"))
                .map(FdSnapshot::owner)
                .toList();
    }
}
