package dev.baton.plugin.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.spi.traffic.FinishedExchange;
import io.vertx.core.json.JsonObject;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TailTest extends AdminFixture {
    private final HttpClient tails =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final List<InputStream> open = new ArrayList<>();

    @AfterEach
    void closeAll() throws IOException {
        for (InputStream each : open) {
            each.close();
        }
    }

    private BufferedReader tail(String query) throws Exception {
        HttpResponse<InputStream> response =
                tails.send(request("/v1/tail" + query).build(), HttpResponse.BodyHandlers.ofInputStream());
        open.add(response.body());
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(header(response, "Content-Type")).isEqualTo("application/x-ndjson");
        return new BufferedReader(new InputStreamReader(response.body(), StandardCharsets.UTF_8));
    }

    private void ended(String route, String path, int status, long totalMillis) {
        traffic.ended(new FinishedExchange(
                "shop",
                route,
                status == 0 ? null : "10.0.0.1:80",
                "192.0.2.7:5000",
                "GET",
                path,
                status,
                3,
                1_234,
                status == 0 ? -1 : 1_500_000,
                TimeUnit.MILLISECONDS.toNanos(totalMillis),
                status == 0 ? "client-aborted" : "complete"));
    }

    private static String path(BufferedReader lines) throws IOException {
        return new JsonObject(lines.readLine()).getString("path");
    }

    @Test
    void shouldShowExchangesAsTheyEnd() throws Exception {
        BufferedReader lines = tail("");
        ended("/*", "/a\u001b[2J\n\"", 200, 7);
        JsonObject line = new JsonObject(lines.readLine());
        assertThat(line.getString("at")).matches("20[0-9]{2}-.*Z");
        assertThat(line.getString("service")).isEqualTo("shop");
        assertThat(line.getString("route")).isEqualTo("/*");
        assertThat(line.getString("server")).isEqualTo("10.0.0.1:80");
        assertThat(line.getString("client")).isEqualTo("192.0.2.7:5000");
        assertThat(line.getString("method")).isEqualTo("GET");
        assertThat(line.getString("path")).isEqualTo("/a\u001b[2J\n\"");
        assertThat(line.getInteger("status")).isEqualTo(200);
        assertThat(line.getLong("request-bytes")).isEqualTo(3);
        assertThat(line.getLong("response-bytes")).isEqualTo(1_234);
        assertThat(line.getDouble("first-byte-ms")).isEqualTo(1.5);
        assertThat(line.getDouble("total-ms")).isEqualTo(7);
        assertThat(line.getString("outcome")).isEqualTo("complete");

        ended("/*", "/gone", 0, 9);
        JsonObject gone = new JsonObject(lines.readLine());
        assertThat(gone.getValue("server")).isNull();
        assertThat(gone.getValue("first-byte-ms")).isNull();
        assertThat(gone.getString("outcome")).isEqualTo("client-aborted");
    }

    @Test
    void shouldShowOnlyWhatIsWanted() throws Exception {
        BufferedReader route = tail("?route=%2Fcart%2F*");
        BufferedReader slow = tail("?slower=200ms");
        BufferedReader errors = tail("?status=5xx");
        BufferedReader missing = tail("?status=404&slower=10ms");
        ended("/*", "/1", 200, 1);
        ended("/cart/*", "/2", 404, 5);
        ended("/*", "/3", 599, 200);
        ended("/*", "/4", 404, 300);
        ended("/cart/*", "/5", 500, 1);
        ended("/*", "/6", 600, 1);
        assertThat(List.of(path(route), path(route))).containsExactly("/2", "/5");
        assertThat(List.of(path(slow), path(slow))).containsExactly("/3", "/4");
        assertThat(List.of(path(errors), path(errors))).containsExactly("/3", "/5");
        ended("/*", "/7", 404, 10);
        assertThat(List.of(path(missing), path(missing))).containsExactly("/4", "/7");
    }

    @Test
    void shouldDropAndCountWhatIsTooMuch() throws Exception {
        BufferedReader lines = tail("");
        int all = 20_000;
        for (int i = 0; i < all; i++) {
            ended("/*", "/" + i, 200, 1);
        }
        int shown = 0;
        long dropped = 0;
        int next = 0;
        while (shown + dropped < all) {
            JsonObject line = new JsonObject(lines.readLine());
            if (line.containsKey("dropped")) {
                dropped += line.getLong("dropped");
            } else {
                int number = Integer.parseInt(line.getString("path").substring(1));
                assertThat(number).isGreaterThanOrEqualTo(next);
                next = number + 1;
                shown++;
            }
        }
        assertThat(shown).isGreaterThanOrEqualTo(Tails.WAITING_MAX);
        assertThat(dropped).isPositive();
        ended("/*", "/after", 200, 1);
        assertThat(path(lines)).isEqualTo("/after");
    }

    @Test
    void shouldNotWaitForAClientThatDoesNotRead() throws Exception {
        tail("");
        BufferedReader reading = tail("");
        for (int i = 0; i < 300_000; i++) {
            ended("/*", "/" + "x".repeat(190), 200, 1);
        }
        while (!reading.readLine().contains("dropped")) {
            // Goes on until it has all that was kept for it.
        }
        ended("/*", "/after", 200, 1);
        String last;
        do {
            last = reading.readLine();
        } while (last.contains("dropped"));
        assertThat(new JsonObject(last).getString("path")).isEqualTo("/after");
    }

    @Test
    void shouldStopWatchingWhenTheClientGoesAway() throws Exception {
        tail("");
        assertThat(traffic.isWatched()).isTrue();
        open.remove(0).close();
        await().atMost(10, TimeUnit.SECONDS).until(() -> !traffic.isWatched());
    }

    @Test
    void shouldEndWhenTheServerStops() throws Exception {
        BufferedReader lines = tail("");
        long begin = System.nanoTime();
        server.stop().toCompletableFuture().get(10, TimeUnit.SECONDS);
        assertThat(lines.readLine()).isNull();
        assertThat(traffic.isWatched()).isFalse();
        assertThat(System.nanoTime() - begin)
                .as("does not wait for it")
                .isLessThan(TimeUnit.MILLISECONDS.toNanos(1_900));
    }

    @Test
    void shouldSpeakHttp10() throws Exception {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
            socket.getOutputStream()
                    .write("GET /v1/tail HTTP/1.0\r\nHost: localhost\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            BufferedReader lines =
                    new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
            assertThat(lines.readLine()).contains(" 200 ");
            String field;
            while (!(field = lines.readLine()).isEmpty()) {
                assertThat(field).doesNotContainIgnoringCase("transfer-encoding");
            }
            ended("/*", "/a", 200, 7);
            assertThat(path(lines)).isEqualTo("/a");
            server.stop().toCompletableFuture().get(10, TimeUnit.SECONDS);
            assertThat(lines.readLine()).isNull();
        }
    }

    @Test
    void shouldRefuseWhatItDoesNotUnderstand() throws Exception {
        assertThat(get("/v1/tail?status=6xx").body()).contains("\\\"6xx\\\" is none");
        assertThat(get("/v1/tail?status=5x").statusCode()).isEqualTo(400);
        assertThat(get("/v1/tail?slower=fast").statusCode()).isEqualTo(400);
        assertThat(get("/v1/tail?rout=a").body()).contains("route");
        assertThat(get("/v1/tail?route=a&route=b").body()).contains("given twice");
        assertThat(traffic.isWatched()).isFalse();
    }

    @Test
    void shouldAnswerHeadAtOnce() throws Exception {
        HttpResponse<String> head = send(request("/v1/tail").method("HEAD", HttpRequest.BodyPublishers.noBody()));
        assertThat(head.statusCode()).isEqualTo(200);
        assertThat(traffic.isWatched()).isFalse();
    }

    @Test
    void shouldHaveAFewClientsOnly() throws Exception {
        for (int i = 0; i < Tails.CLIENTS_MAX; i++) {
            tail("");
        }
        HttpResponse<String> more = get("/v1/tail");
        assertThat(more.statusCode()).isEqualTo(503);
        assertThat(more.body()).contains("8 clients watch");
        open.remove(0).close();
        await().atMost(10, TimeUnit.SECONDS)
                .until(() -> get("/v1/tail?status=wrong").statusCode() == 400);
        await().atMost(10, TimeUnit.SECONDS)
                .until(() -> send(request("/v1/tail").method("HEAD", HttpRequest.BodyPublishers.noBody()))
                                .statusCode()
                        == 200);
    }

    @Test
    void shouldShowWhatIsSlow() throws Exception {
        JsonObject top = new JsonObject(get("/v1/top").body());
        assertThat(top.getLong("window-ms")).isEqualTo(10_000);
        assertThat(top.getBoolean("since-start")).isFalse();
        JsonObject route = top.getJsonArray("routes").getJsonObject(0);
        assertThat(route.getDouble("p999-ms")).isEqualTo(3);
        assertThat(route.getDouble("first-byte-p99-ms")).isEqualTo(1.5);
        assertThat(route.getDouble("requests-per-second")).isEqualTo(12.5);
        JsonObject upstream = top.getJsonArray("servers").getJsonObject(0);
        assertThat(upstream.containsKey("in-use")).isTrue();
        assertThat(upstream.getValue("in-use")).isNull();
        assertThat(top.getJsonArray("loops").getJsonObject(0).getDouble("utilisation"))
                .isEqualTo(0.25);
    }
}
