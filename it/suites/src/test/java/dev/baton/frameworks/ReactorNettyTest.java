package dev.baton.frameworks;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.embed.Baton;
import dev.baton.suites.Batons;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.netty.DisposableServer;
import reactor.netty.http.client.HttpClient;
import reactor.netty.http.server.HttpServer;
import reactor.netty.resources.ConnectionProvider;

class ReactorNettyTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final int REQUESTS = 64;
    private static final int REQUESTS_AT_ONCE = 8;

    /** On one connection, until both loops have answered; then on many. */
    @Test
    @Timeout(60)
    void shouldServeAndAskWhileItsConnectionsMove() {
        try (Baton baton = Batons.turning(2)) {
            BatonLoopResources loops = new BatonLoopResources(baton);
            DisposableServer server = HttpServer.create()
                    .runOn(loops)
                    .host("127.0.0.1")
                    .port(0)
                    .route(routes -> routes.get(
                                    "/thread",
                                    (request, response) -> response.sendString(Mono.fromSupplier(
                                            () -> Thread.currentThread().getName())))
                            .post(
                                    "/echo",
                                    (request, response) ->
                                            response.send(request.receive().retain())))
                    .bindNow(PATIENCE);
            ConnectionProvider pool = ConnectionProvider.create("of the test", REQUESTS_AT_ONCE);
            HttpClient client =
                    HttpClient.create(pool).runOn(loops).host("127.0.0.1").port(server.port());
            Set<String> threads = new HashSet<>();
            while (threads.size() < 2) {
                threads.add(client.get()
                        .uri("/thread")
                        .responseContent()
                        .aggregate()
                        .asString()
                        .block(PATIENCE));
            }
            assertThat(threads).containsExactlyInAnyOrder("baton-loop-0", "baton-loop-1");
            assertThat(Flux.range(0, REQUESTS)
                            .flatMapSequential(
                                    each -> client.post()
                                            .uri("/echo")
                                            .send((request, out) ->
                                                    out.sendString(Flux.just("body ", "of ", Integer.toString(each))))
                                            .responseContent()
                                            .aggregate()
                                            .asString(),
                                    REQUESTS_AT_ONCE)
                            .collectList()
                            .block(PATIENCE))
                    .hasSize(REQUESTS)
                    .startsWith("body of 0", "body of 1")
                    .endsWith("body of " + (REQUESTS - 1));
            pool.disposeLater().block(PATIENCE);
            server.disposeNow(PATIENCE);
        }
    }
}
