package dev.baton.it.peers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.baton.runtime.launcher.command.Baton;
import dev.baton.testkit.BatonProcess;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Two busy connections of gRPC that begin on one loop: one of them moves to the other loop, and no call fails. */
@Tag("long")
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class GrpcRebalanceIT {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final int CLIENTS = 2;
    /** So many calls of each client begin at once, so often. */
    private static final int CALLS = 20;

    private static final long PERIOD_MILLIS = 10;
    /** A client that gets no answers asks for nothing more. */
    private static final int UNANSWERED_MAX = 200;

    @TempDir
    Path folder;

    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private final List<Client> clients = new ArrayList<>();
    private GrpcEcho echo;
    private BatonProcess baton;

    /** One connection, which asks all the time. */
    private final class Client {
        private final AtomicLong asked = new AtomicLong();
        private final AtomicLong answered = new AtomicLong();
        private final ManagedChannel channel;

        Client(String address) {
            channel = NettyChannelBuilder.forTarget(address).usePlaintext().build();
        }

        void ask() {
            for (int i = 0; i < CALLS && asked.get() - answered.get() < UNANSWERED_MAX; i++) {
                byte[] message = Long.toString(asked.incrementAndGet()).getBytes(StandardCharsets.US_ASCII);
                ClientCalls.asyncUnaryCall(
                        channel.newCall(GrpcEcho.UNARY, CallOptions.DEFAULT), message, new StreamObserver<byte[]>() {
                            @Override
                            public void onNext(byte[] value) {
                                if (!Arrays.equals(value, message)) {
                                    failure.compareAndSet(null, new AssertionError("the answer to another call"));
                                }
                            }

                            @Override
                            public void onError(Throwable failed) {
                                failure.compareAndSet(null, failed);
                            }

                            @Override
                            public void onCompleted() {
                                answered.incrementAndGet();
                            }
                        });
            }
        }
    }

    @AfterEach
    void stop() throws Exception {
        clock.shutdownNow();
        for (Client each : clients) {
            each.channel.shutdownNow().awaitTermination(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        }
        if (baton != null) {
            System.out.println(baton.text());
            baton.close();
        }
        if (echo != null) {
            echo.close();
        }
    }

    private List<JsonObject> rows(String path) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://" + baton.admin() + path))
                .build();
        String body = HttpClient.newHttpClient()
                .send(request, BodyHandlers.ofString())
                .body();
        return new JsonArray(body).stream().map(JsonObject.class::cast).toList();
    }

    /** What the admin API has for each of the clients' connections, in order; its own connections are on no loop. */
    private List<String> connections(String key) throws Exception {
        return rows("/v1/fds").stream()
                .filter(fd -> fd.getString("kind").equals("downstream")
                        && !fd.getString("owner").equals("apart"))
                .map(fd -> fd.getValue(key).toString())
                .sorted()
                .toList();
    }

    private String top() throws Exception {
        StringWriter text = new StringWriter();
        PrintWriter out = new PrintWriter(text);
        Baton.execute(out, out, "top", "--once", "--admin", baton.admin());
        return text.toString();
    }

    /** Until each client has got the answers to all that it has asked by now. */
    private void allAreServed() {
        for (Client each : clients) {
            long asked = each.asked.get();
            await().atMost(PATIENCE).until(() -> failure.get() != null || each.answered.get() >= asked);
        }
        assertThat(failure.get()).isNull();
    }

    @Test
    void shouldPartTwoBusyConnections() throws Exception {
        assumeTrue(
                Runtime.getRuntime().availableProcessors() > 1,
                "nothing is moved where loops cannot run at the same time");
        echo = new GrpcEcho();
        baton = BatonProcess.serve(folder, """
                version: 1
                loops: 2
                admin: { listen: "127.0.0.1:0" }
                rescue: { detect: 1m }
                loop-rebalance: { period: 200ms, window: 600ms, periods: 2, high-water: 4%, low-water: 2%, floor: 3%, rest: 1h }
                listeners:
                  web: { bind: "127.0.0.1:0", service: shop, loops: [0] }
                services:
                  shop: { type: http, upstream: app }
                upstreams:
                  app: { protocol: http/2, servers: ["127.0.0.1:PORT"] }
                """.replace("PORT", Integer.toString(echo.port())));
        for (int i = 0; i < CLIENTS; i++) {
            Client client = new Client(baton.listener("web"));
            clients.add(client);
            client.ask();
        }
        allAreServed();
        assertThat(rows("/v1/loops"))
                .extracting(loop -> loop.getInteger("accepted"))
                .containsExactly(CLIENTS, 0);

        long begun = System.nanoTime();
        clock.scheduleAtFixedRate(() -> clients.forEach(Client::ask), 0, PERIOD_MILLIS, TimeUnit.MILLISECONDS);
        await().atMost(PATIENCE).until(() -> connections("owner").equals(List.of("0", "1")));
        System.out.println("apart after " + (System.nanoTime() - begun) / 1_000_000 + " ms");
        allAreServed();
        String top = top();
        System.out.println(top);
        for (int loop = 0; loop < 2; loop++) {
            assertThat(top).containsPattern("(?m)^ +" + loop + " +[1-9][0-9.]* +1 ");
        }
        assertThat(connections("owner")).as("they stay").containsExactly("0", "1");
        assertThat(connections("takeovers")).as("one was moved, once").containsExactly("0", "1");
        assertThat(rows("/v1/loops"))
                .extracting(loop -> loop.getInteger("connections"))
                .containsExactly(1, 1);
        clock.shutdown();
        assertThat(clock.awaitTermination(PATIENCE.toSeconds(), TimeUnit.SECONDS))
                .isTrue();
        allAreServed();
    }
}
