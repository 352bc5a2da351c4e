package dev.baton.it.listener;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.testkit.BatonProcess;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code balance: least-loaded} with 10,000 connections on 4 loops of a real process: even within 10 %, after they have
 * come and after half of them have gone and others have come. The clients are in this process, so that each needs
 * 10,000 fds and no more.
 */
@Tag("long")
@Timeout(value = 10, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class BalanceAtScaleIT {
    private static final int CONNECTIONS = Integer.getInteger("connections.balanced", 10_000);
    private static final int LOOPS = 4;
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final byte[] REQUEST = "GET / HTTP/1.1\r\nHost: test\r\n\r\n".getBytes(StandardCharsets.ISO_8859_1);
    private static final String YAML = """
            version: 1
            loops: 4
            grace: 1s
            admin: { listen: "127.0.0.1:0" }
            listeners:
              web: { bind: "127.0.0.1:0", service: demo, balance: least-loaded }
            services:
              demo: { type: http, first-request-timeout: 2m, idle-timeout: 2m, routes: [ { handler: demo-origin } ] }
            """;

    @TempDir
    private Path folder;

    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    @Test
    void shouldSpreadTenThousandConnectionsEvenly() throws Exception {
        long seed = Long.getLong("seed", System.nanoTime());
        System.out.println("seed " + seed);
        Random random = new Random(seed);
        List<SocketChannel> clients = new ArrayList<>();
        try (BatonProcess baton = BatonProcess.serve(folder, YAML)) {
            String text = baton.listener("web");
            InetSocketAddress web = new InetSocketAddress(
                    InetAddress.getLoopbackAddress(), Integer.parseInt(text.substring(text.lastIndexOf(':') + 1)));
            open(clients, web, CONNECTIONS);
            shouldBeEven(baton, "all have come");

            Collections.shuffle(clients, random);
            for (SocketChannel each : clients.subList(CONNECTIONS / 2, CONNECTIONS)) {
                each.close();
            }
            clients.subList(CONNECTIONS / 2, CONNECTIONS).clear();
            Awaitility.await().atMost(PATIENCE).until(() -> sum(perLoop(baton)) == CONNECTIONS / 2);
            System.out.println("half have gone: " + Arrays.toString(perLoop(baton)));
            open(clients, web, CONNECTIONS - CONNECTIONS / 2);
            shouldBeEven(baton, "others have come");
            for (int i = 0; i < clients.size(); i += 97) {
                served(clients.get(i));
            }
        } finally {
            for (SocketChannel each : clients) {
                each.close();
            }
        }
    }

    private static void open(List<SocketChannel> clients, InetSocketAddress address, int count) throws IOException {
        for (int i = 0; i < count; i++) {
            clients.add(SocketChannel.open(address));
        }
    }

    private void shouldBeEven(BatonProcess baton, String when) throws Exception {
        Awaitility.await().atMost(PATIENCE).until(() -> sum(perLoop(baton)) == CONNECTIONS);
        int share = CONNECTIONS / LOOPS;
        // A connection is handed over after it was accepted: the last ones are on their way still.
        Awaitility.await()
                .atMost(PATIENCE)
                .untilAsserted(() -> assertThat(perLoop(baton))
                        .as(when)
                        .satisfies(counts -> assertThat(Arrays.stream(counts).boxed())
                                .allSatisfy(
                                        count -> assertThat(count).isBetween(share - share / 10, share + share / 10))));
        System.out.println(when + ": " + Arrays.toString(perLoop(baton)) + ", accepted by " + accepted(baton));
    }

    private static int sum(int... counts) {
        return Arrays.stream(counts).sum();
    }

    private JsonArray rows(BatonProcess baton, String path) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://" + baton.admin() + path))
                .timeout(PATIENCE)
                .build();
        return new JsonArray(http.send(request, BodyHandlers.ofString()).body());
    }

    /** Connections of the listener by the loop that owns them. */
    private int[] perLoop(BatonProcess baton) throws Exception {
        int[] counts = new int[LOOPS];
        for (Object each : rows(baton, "/v1/fds")) {
            JsonObject fd = (JsonObject) each;
            if (fd.getString("kind").equals("downstream")
                    && fd.getString("plugin").equals("http")) {
                counts[Integer.parseInt(String.valueOf(fd.getValue("owner")))]++;
            }
        }
        return counts;
    }

    /** What the loops have accepted themselves, before anything was handed over. */
    private List<String> accepted(BatonProcess baton) throws Exception {
        return rows(baton, "/v1/loops").stream()
                .map(each -> String.valueOf(((JsonObject) each).getValue("accepted")))
                .toList();
    }

    private static void served(SocketChannel client) throws IOException {
        client.write(ByteBuffer.wrap(REQUEST));
        ByteBuffer answer = ByteBuffer.allocate(15);
        while (answer.hasRemaining() && client.read(answer) >= 0) {
            // The beginning of the answer is enough.
        }
        assertThat(new String(answer.array(), StandardCharsets.ISO_8859_1)).isEqualTo("HTTP/1.1 200 OK");
    }
}
