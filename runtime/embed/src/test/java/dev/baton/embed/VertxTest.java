package dev.baton.embed;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.util.concurrent.EventExecutor;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.internal.VertxInternal;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
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
        HttpClient client = vertx.createHttpClient(); // kept: Vert.x closes one that is garbage
        String body = client.request(HttpMethod.GET, server.actualPort(), "127.0.0.1", "/there")
                .compose(request -> request.send())
                .compose(HttpClientResponse::body)
                .toCompletionStage()
                .toCompletableFuture()
                .get(10, TimeUnit.SECONDS)
                .toString();
        assertThat(body).isEqualTo("hello /there");
        client.close().toCompletionStage().toCompletableFuture().get(10, TimeUnit.SECONDS);
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

    private static List<Thread> loopsOf(Vertx vertx) throws Exception {
        List<Thread> found = new ArrayList<>();
        for (EventExecutor loop : ((VertxInternal) vertx).eventLoopGroup()) {
            found.add(loop.submit(Thread::currentThread).get());
        }
        return found;
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
        assertThat(vertx.isNativeTransportEnabled()).isTrue();
        List<Thread> loops = loopsOf(vertx);
        assertThat(loops.stream().map(Thread::getName))
                .containsExactly("vert.x-eventloop-thread-0", "vert.x-eventloop-thread-1", "vert.x-eventloop-thread-2");
        assertThat(threads).isSubsetOf(loops.stream().map(Thread::getName).toList());
        close(vertx);
        assertThat(loops).noneMatch(Thread::isAlive);
    }

    /** Its options say how long is too long, and it tells whom it was told to tell. */
    @Test
    void shouldHaveItsLoopsWatchedByVertx() throws Exception {
        Vertx vertx = Vertx.vertx(new VertxOptions()
                .setEventLoopPoolSize(1)
                .setBlockedThreadCheckInterval(5)
                .setMaxEventLoopExecuteTimeUnit(TimeUnit.MILLISECONDS)
                .setMaxEventLoopExecuteTime(5));
        BlockingQueue<String> blocked = new LinkedBlockingQueue<>();
        ((VertxInternal) vertx)
                .blockedThreadChecker()
                .setThreadBlockedHandler(event -> blocked.add(event.thread().getName()));
        CountDownLatch gate = new CountDownLatch(1);
        vertx.runOnContext(nothing -> {
            try {
                gate.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        assertThat(blocked.poll(20, TimeUnit.SECONDS)).isEqualTo("vert.x-eventloop-thread-0");
        gate.countDown();
        close(vertx);
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
