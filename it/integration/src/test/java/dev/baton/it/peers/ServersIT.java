package dev.baton.it.peers;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.it.peers.Servers.Running;
import dev.baton.testkit.BatonProcess;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The service {@code http} in front of nginx, Node.js and gunicorn: how each keeps and ends connections, frames bodies
 * and refuses them.
 */
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ServersIT {
    private static final int NODE_KEEP_ALIVE_MS = 60;
    private static final int LARGE = 30 << 20;

    @TempDir
    static Path folder;

    private static final Map<String, Running> SERVERS = new HashMap<>();

    private static BatonProcess baton;
    private static String web;

    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    @BeforeAll
    static void start() throws Exception {
        for (String program : List.of("nginx", "node", "gunicorn")) {
            PeerProcess.assumeInstalled(program);
        }
        Running node = Servers.node(Files.createDirectory(folder.resolve("node")), NODE_KEEP_ALIVE_MS);
        SERVERS.put("node", node);
        SERVERS.put("nginx", Servers.nginx(Files.createDirectory(folder.resolve("nginx")), node.address()));
        SERVERS.put("sync", Servers.gunicorn(Files.createDirectory(folder.resolve("sync"))));
        SERVERS.put(
                "threads",
                Servers.gunicorn(
                        Files.createDirectory(folder.resolve("threads")),
                        "--worker-class",
                        "gthread",
                        "--threads",
                        "8",
                        "--keep-alive",
                        "1"));
        StringBuilder routes = new StringBuilder();
        StringBuilder upstreams = new StringBuilder();
        SERVERS.forEach((name, running) -> {
            routes.append("      - { match: { path: \"/%s/*\" }, upstream: %s }%n".formatted(name, name));
            upstreams.append("  %s: { servers: [\"%s\"] }%n".formatted(name, running.address()));
        });
        baton = BatonProcess.serve(
                Files.createDirectory(folder.resolve("baton")), """
                version: 1
                loops: 2
                admin: { listen: "127.0.0.1:0" }
                listeners:
                  web: { bind: "127.0.0.1:0", service: shop }
                services:
                  shop:
                    type: http
                    routes:
                """ + routes + "upstreams:\n" + upstreams);
        web = baton.listener("web");
    }

    @AfterAll
    static void stop() {
        if (baton != null) {
            System.out.println(baton.text());
            baton.close();
        }
        SERVERS.values().forEach(Running::close);
    }

    private static HttpRequest.Builder to(String path) {
        return HttpRequest.newBuilder(URI.create("http://" + web + path)).timeout(Duration.ofSeconds(30));
    }

    private HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
        return client.send(request.build(), BodyHandlers.ofString());
    }

    private HttpResponse<String> get(String path) throws Exception {
        return send(to(path).GET());
    }

    /** Of a length that is not known. */
    private static BodyPublisher chunked(byte[] body) {
        return BodyPublishers.fromPublisher(BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(body)));
    }

    // ---- connections that are kept

    /** nginx ends a connection with its third response, and says so. */
    @Test
    void shouldUseNginxsConnectionsForAsManyRequestsAsItAllows() throws Exception {
        Map<String, Integer> requests = new HashMap<>();
        for (int i = 0; i < 20; i++) {
            HttpResponse<String> response = get("/nginx/ok");
            assertThat(response.statusCode()).isEqualTo(200);
            String[] numbers = response.body().split(" ", 2);
            requests.merge(numbers[0], 1, Integer::sum);
            assertThat(Integer.parseInt(numbers[1])).isBetween(1, 3);
        }
        assertThat(requests.values())
                .as("they are kept, and no longer than that")
                .contains(3);
    }

    /** A response to a GET that comes when its server closes an idle connection is asked for again. */
    private void shouldNotFailAroundTheEndOfAnIdleConnection(String path, int keepAliveMs, int spreadMs, int rounds)
            throws Exception {
        SplittableRandom dice = new SplittableRandom(42);
        List<CompletableFuture<HttpResponse<String>>> responses = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            long at = 0;
            for (int round = 0; round < rounds; round++) {
                responses.add(CompletableFuture.supplyAsync(
                                () -> client.sendAsync(to(path).GET().build(), BodyHandlers.ofString()),
                                CompletableFuture.delayedExecutor(at, TimeUnit.MILLISECONDS))
                        .thenCompose(sent -> sent));
                at += keepAliveMs - spreadMs + dice.nextInt(2 * spreadMs + 1);
            }
        }
        for (CompletableFuture<HttpResponse<String>> response : responses) {
            assertThat(response.get(30, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
        }
    }

    @Test
    void shouldNotFailWhenNodeEndsAnIdleConnection() throws Exception {
        shouldNotFailAroundTheEndOfAnIdleConnection("/node/", NODE_KEEP_ALIVE_MS, 5, 40);
    }

    @Test
    void shouldNotFailWhenGunicornEndsAnIdleConnection() throws Exception {
        shouldNotFailAroundTheEndOfAnIdleConnection("/threads/", 1_000, 30, 3);
    }

    /** The worker of kind sync says Connection: close, always. */
    @Test
    void shouldNotKeepWhatGunicornsSyncWorkerCloses() throws Exception {
        for (int i = 0; i < 10; i++) {
            assertThat(get("/sync/").body()).isEqualTo("ok");
        }
        assertThat(send(to("/sync/echo").POST(BodyPublishers.ofString("hello"))).body())
                .isEqualTo("hello");
    }

    // ---- bodies

    @ParameterizedTest
    @ValueSource(strings = {"node", "sync", "threads"})
    void shouldForwardChunksBothWays(String server) throws Exception {
        byte[] body = "hello ".repeat(1000).getBytes(StandardCharsets.US_ASCII);
        HttpResponse<String> echo = send(to("/" + server + "/echo").POST(chunked(body)));
        assertThat(echo.statusCode()).isEqualTo(200);
        assertThat(echo.body()).isEqualTo("hello ".repeat(1000));
        if (!server.equals("node")) {
            assertThat(get("/" + server + "/chunks").body()).isEqualTo("one two three");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"nginx", "node", "sync", "threads"})
    void shouldForwardResponsesWithoutABody(String server) throws Exception {
        for (int i = 0; i < 2; i++) {
            HttpResponse<String> none = get("/" + server + "/none");
            assertThat(none.statusCode()).isEqualTo(204);
            assertThat(none.body()).isEmpty();
            HttpRequest.Builder head = to("/" + server + (server.equals("nginx") ? "/large" : "/"))
                    .method("HEAD", BodyPublishers.noBody());
            HttpResponse<String> answer = send(head);
            assertThat(answer.statusCode()).isEqualTo(200);
            assertThat(answer.body()).isEmpty();
            if (server.equals("nginx")) {
                assertThat(answer.headers().firstValueAsLong("Content-Length")).hasValue(LARGE);
                String tag = get("/nginx/small").headers().firstValue("ETag").orElseThrow();
                assertThat(send(to("/nginx/small").header("If-None-Match", tag).GET())
                                .statusCode())
                        .isEqualTo(304);
            } else {
                HttpResponse<String> old = get("/" + server + "/old");
                assertThat(old.statusCode()).isEqualTo(304);
                assertThat(old.headers().firstValue("ETag")).hasValue("\"1\"");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"node", "sync", "threads"})
    void shouldPassOnThatAClientMayContinue(String server) throws Exception {
        HttpRequest.Builder request =
                to("/" + server + "/echo").expectContinue(true).POST(BodyPublishers.ofString("hello"));
        assertThat(send(request).body()).isEqualTo("hello");
    }

    @Test
    void shouldForwardLargeBodies() throws Exception {
        for (String path : List.of("/nginx/large", "/node/large")) {
            try (InputStream in = client.send(to(path).GET().build(), BodyHandlers.ofInputStream())
                    .body()) {
                assertThat(in.transferTo(OutputStream.nullOutputStream()))
                        .as(path)
                        .isEqualTo(LARGE);
            }
        }
        byte[] large = new byte[LARGE];
        assertThat(send(to("/node/count").POST(BodyPublishers.ofByteArray(large)))
                        .body())
                .isEqualTo(Integer.toString(LARGE));
        assertThat(send(to("/node/count").POST(chunked(large))).body()).isEqualTo(Integer.toString(LARGE));
    }

    // ---- refusals

    /**
     * Each answers 413 in the midst of the body; gunicorn then closes a connection from which it has read nothing,
     * which resets it. The client sees the answer, whatever it still sends.
     */
    @ParameterizedTest
    @ValueSource(strings = {"/nginx/refuse", "/node/refuse", "/sync/refuse", "/threads/refuse"})
    void shouldForwardARefusalWhileTheBodyIsSent(String path) throws Exception {
        for (String framing : List.of("Content-Length: " + LARGE, "Transfer-Encoding: chunked")) {
            for (int i = 0; i < 3; i++) {
                assertThat(refusal(path, framing)).as(framing).startsWith("HTTP/1.1 413 ");
            }
        }
        assertThat(get(path.substring(0, path.indexOf('/', 1) + 1) + (path.startsWith("/nginx") ? "ok" : ""))
                        .statusCode())
                .isEqualTo(200);
    }

    /** What a client gets that writes until it cannot, and then reads. */
    private static String refusal(String path, String framing) throws Exception {
        int colon = web.lastIndexOf(':');
        try (Socket socket = new Socket(web.substring(0, colon), Integer.parseInt(web.substring(colon + 1)))) {
            socket.setSoTimeout(20_000);
            CompletableFuture<Void> writing = CompletableFuture.runAsync(() -> write(socket, path, framing));
            StringBuilder answer = new StringBuilder();
            try {
                InputStream in = socket.getInputStream();
                for (int octet = in.read(); octet >= 0; octet = in.read()) {
                    answer.append((char) octet);
                    if (answer.toString().contains("\r\n\r\n")) {
                        break;
                    }
                }
            } catch (IOException e) {
                answer.append('[').append(e.getMessage()).append(']');
            }
            socket.close();
            writing.get(20, TimeUnit.SECONDS);
            return answer.toString();
        }
    }

    private static void write(Socket socket, String path, String framing) {
        boolean chunked = framing.startsWith("Transfer");
        try {
            OutputStream out = socket.getOutputStream();
            out.write(("POST " + path + " HTTP/1.1\r\nHost: a\r\n" + framing + "\r\n\r\n")
                    .getBytes(StandardCharsets.US_ASCII));
            byte[] piece = new byte[16 * 1024];
            for (int sent = 0; sent < LARGE; sent += piece.length) {
                if (chunked) {
                    out.write("4000\r\n".getBytes(StandardCharsets.US_ASCII));
                }
                out.write(piece);
                if (chunked) {
                    out.write("\r\n".getBytes(StandardCharsets.US_ASCII));
                }
            }
        } catch (IOException e) {
            // It was told to stop.
        }
    }
}
