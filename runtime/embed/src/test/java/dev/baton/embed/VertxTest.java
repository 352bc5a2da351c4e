package dev.baton.embed;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class VertxTest {
    private final Set<String> threads = ConcurrentHashMap.newKeySet();

    private void serve(Vertx vertx) throws Exception {
        HttpServer server = vertx.createHttpServer()
                .requestHandler(request -> {
                    threads.add(Thread.currentThread().getName());
                    request.response().end("hello " + request.path());
                })
                .listen(0, "127.0.0.1")
                .toCompletionStage()
                .toCompletableFuture()
                .get(10, TimeUnit.SECONDS);
        String body = vertx.createHttpClient()
                .request(HttpMethod.GET, server.actualPort(), "127.0.0.1", "/there")
                .compose(request -> request.send())
                .compose(HttpClientResponse::body)
                .toCompletionStage()
                .toCompletableFuture()
                .get(10, TimeUnit.SECONDS)
                .toString();
        assertThat(body).isEqualTo("hello /there");
    }

    private static void close(Vertx vertx) throws Exception {
        vertx.close().toCompletionStage().toCompletableFuture().get(30, TimeUnit.SECONDS);
    }

    private static Set<String> loops() {
        return Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName)
                .filter(name -> name.startsWith("baton-loop-"))
                .collect(Collectors.toSet());
    }

    @Test
    void shouldCarrySeveralOnTheSameLoops() throws Exception {
        try (Baton baton = Baton.builder().loops(2).start()) {
            Vertx one = Vertx.builder().withTransport(baton.transport()).build();
            Vertx two = Vertx.builder()
                    .with(new VertxOptions().setEventLoopPoolSize(7))
                    .withTransport(baton.transport())
                    .build();
            assertThat(one.isNativeTransportEnabled()).isTrue();
            serve(one);
            serve(two);
            close(one);
            serve(two);
            try (Client client = new Client(
                    baton.listen("127.0.0.1:0", channel -> channel.pipeline().addLast(new Echo()))
                            .port())) {
                assertThat(client.echo("beside it")).isEqualTo("beside it");
            }
            close(two);
            assertThat(loops()).containsExactlyInAnyOrder("baton-loop-0", "baton-loop-1");
        }
        assertThat(threads).isSubsetOf("baton-loop-0", "baton-loop-1");
        assertThat(loops()).isEmpty();
    }

    @Test
    void shouldNeedNoCode() throws Exception {
        Vertx vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(3));
        serve(vertx);
        assertThat(loops()).containsExactlyInAnyOrder("baton-loop-0", "baton-loop-1", "baton-loop-2");
        assertThat(threads).isSubsetOf(loops());
        close(vertx);
        assertThat(loops()).isEmpty();
    }

    @Test
    void shouldLeaveVertxAloneWhereItIsSwitchedOff() throws Exception {
        System.setProperty("baton.vertx", "off");
        try {
            Vertx vertx = Vertx.vertx();
            serve(vertx);
            assertThat(threads).allMatch(name -> name.startsWith("vert.x-eventloop-thread-"));
            close(vertx);
        } finally {
            System.clearProperty("baton.vertx");
        }
    }
}
