package dev.baton.plugin.admin;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.runtime.config.Words;
import dev.baton.runtime.server.QueryBinder;
import dev.baton.runtime.view.LiveTraffic;
import io.vertx.core.Vertx;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;

/** The API on plain Vert.x over a runtime that is worked by hand, and a client. */
@Timeout(30)
abstract class AdminFixture {
    final FakeRuntime runtime = new FakeRuntime();
    final LiveTraffic traffic = new LiveTraffic();
    private final Vertx vertx = Vertx.vertx();
    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    AdminServer server = server("127.0.0.1:0");

    AdminServer server(String listen) {
        return server(new AdminConfig(listen));
    }

    final AdminServer server(AdminConfig config) {
        return new AdminServer(
                config, vertx, runtime, runtime, runtime, runtime, Words::nearest, new QueryBinder(), traffic);
    }

    @BeforeEach
    void start() throws Exception {
        assertThat(start(server)).isEqualTo("admin on 127.0.0.1:" + server.port());
        assertThat(server.port()).isPositive();
    }

    static String start(AdminServer server) throws Exception {
        return server.start().toCompletableFuture().get(10, TimeUnit.SECONDS);
    }

    @AfterEach
    void stop() throws Exception {
        server.stop().toCompletableFuture().get(10, TimeUnit.SECONDS);
        vertx.close().toCompletionStage().toCompletableFuture().get(10, TimeUnit.SECONDS);
    }

    final HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path));
    }

    final HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
        return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    final HttpResponse<String> get(String path) throws Exception {
        return send(request(path));
    }

    final HttpResponse<String> post(String path) throws Exception {
        return send(request(path).POST(HttpRequest.BodyPublishers.noBody()));
    }

    final CompletableFuture<HttpResponse<String>> posting(String path) {
        return client.sendAsync(
                request(path).POST(HttpRequest.BodyPublishers.noBody()).build(), HttpResponse.BodyHandlers.ofString());
    }

    static String header(HttpResponse<?> response, String name) {
        return response.headers().firstValue(name).orElse("");
    }

    final void restart() throws Exception {
        server.stop().toCompletableFuture().get(10, TimeUnit.SECONDS);
        server = server("127.0.0.1:0");
        start(server);
    }
}
