package dev.baton.it.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpServer;
import dev.baton.testkit.BatonProcess;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerOptions;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * An operator's first day: two sites, canaries and a WebSocket application on one port, a server that dies and comes
 * back, and a slow one.
 */
@Timeout(120)
@TestInstance(Lifecycle.PER_CLASS) // the tests change nothing that another would notice
class SitesIT {
    private static final int SECONDS_MAX = 30;

    @TempDir
    static Path folder;

    private final List<HttpServer> servers = new ArrayList<>();
    private final ExecutorService workers = Executors.newCachedThreadPool();
    private final Vertx vertx = Vertx.vertx();
    private final HttpClient client = HttpClient.newHttpClient();
    private int canary;
    private HttpServer mortal;
    private BatonProcess baton;
    private String web = "";

    private int site(String name) throws IOException {
        return site(name, 0, Duration.ZERO).getAddress().getPort();
    }

    private HttpServer site(String name, int port, Duration takes) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
        server.setExecutor(workers);
        server.createContext("/", exchange -> {
            if (takes.toMillis() > 0) {
                LockSupport.parkNanos(takes.toNanos());
            }
            byte[] body = (name + " " + exchange.getRequestURI() + " "
                            + exchange.getRequestHeaders().getFirst("X-User"))
                    .getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
        servers.add(server);
        return server;
    }

    private int chat() throws Exception {
        return vertx.createHttpServer(
                        new HttpServerOptions().setHost("127.0.0.1").setPort(0))
                .webSocketHandler(socket -> socket.textMessageHandler(text -> socket.writeTextMessage("echo " + text)))
                .listen()
                .toCompletionStage()
                .toCompletableFuture()
                .get(SECONDS_MAX, TimeUnit.SECONDS)
                .actualPort();
    }

    @BeforeAll
    void start() throws Exception {
        canary = site("canary");
        mortal = site("two", 0, Duration.ZERO);
        Files.writeString(folder.resolve("tokens.txt"), "s3cret-of-the-first-day\n");
        baton = BatonProcess.serve(folder, """
                version: 1
                loops: 2
                admin: { listen: "127.0.0.1:0" }
                listeners:
                  web: { bind: "127.0.0.1:0", service: sites }
                services:
                  sites:
                    type: http
                    filters: [ { type: request-id } ]
                    routes:
                      - match: { host: "shop.test", header: { x-canary: "1" } }
                        upstream: canary
                      - match: { host: "shop.test", path: "/admin/*" }
                        filters: [ { type: bearer, tokens: tokens.txt } ]
                        upstream: shop
                      - match: { host: "shop.test" }
                        upstream: shop
                      - { match: { host: "weighted.test" }, upstream: weighted }
                      - { match: { host: "pair.test" }, upstream: pair }
                      - { match: { host: "slow.test" }, upstream: slow }
                      - match: { path: "/chat" }
                        upstream: chat
                      - match: { host: "*.blog.test", path: "/old/*" }
                        redirect: { to: "/new/{*}" }
                      - match: { host: "*.blog.test" }
                        respond: { body: "a blog" }
                upstreams:
                  shop: { servers: ["127.0.0.1:%d"] }
                  canary: { servers: ["127.0.0.1:%d"] }
                  chat: { servers: ["127.0.0.1:%d"] }
                  weighted: { servers: [{ address: "127.0.0.1:%d", weight: 3 }, "127.0.0.1:%d"] }
                  pair: { servers: ["127.0.0.1:%d", "127.0.0.1:%d"] }
                  slow: { servers: ["127.0.0.1:%d"] }
                """.formatted(
                        site("shop"),
                        site("canary"),
                        chat(),
                        site("stable"),
                        canary,
                        site("one"),
                        mortal.getAddress().getPort(),
                        site("slow", 0, Duration.ofMillis(200)).getAddress().getPort()));
        web = baton.listener("web");
    }

    @AfterAll
    void end() throws Exception {
        if (baton != null) {
            baton.close();
        }
        servers.forEach(server -> server.stop(0));
        workers.shutdownNow();
        vertx.close().toCompletionStage().toCompletableFuture().get(SECONDS_MAX, TimeUnit.SECONDS);
    }

    /** A raw request: Java's client does not let anybody choose the host. */
    private String ask(String host, String target, String... fields) throws IOException {
        int colon = web.lastIndexOf(':');
        String request = "GET " + target + " HTTP/1.1\r\nHost: " + host + "\r\n"
                + (fields.length == 0 ? "" : String.join("\r\n", fields) + "\r\n") + "Connection: close\r\n\r\n";
        try (Socket socket = new Socket(web.substring(0, colon), Integer.parseInt(web.substring(colon + 1)))) {
            socket.setSoTimeout(SECONDS_MAX * 1000);
            socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Test
    void shouldServeEachSiteFromItsOwnServers() throws Exception {
        assertThat(ask("shop.test", "/a?b=c")).startsWith("HTTP/1.1 200 ").contains("shop /a?b=c");
        assertThat(ask("SHOP.test:80", "/", "X-Canary: 1")).contains("canary /");
        assertThat(ask("www.blog.test", "/")).endsWith("\r\n\r\na blog");
        assertThat(ask("www.blog.test", "/old/post?x")).contains("308 Permanent Redirect", "Location: /new/post?x\r\n");
        assertThat(ask("other.test", "/")).startsWith("HTTP/1.1 404 ").containsIgnoringCase("\r\nX-Request-Id: ");
    }

    @Test
    void shouldLetNobodyInWithoutAToken() throws Exception {
        assertThat(ask("shop.test", "/admin/x")).startsWith("HTTP/1.1 401 ");
        assertThat(ask("shop.test", "/admin/x", "Authorization: Bearer wrong")).startsWith("HTTP/1.1 401 ");
        assertThat(ask("shop.test", "/admin/x", "Authorization: Bearer s3cret-of-the-first-day"))
                .startsWith("HTTP/1.1 200 ");
        for (String around : List.of("/x/../admin/x", "/x/%2e%2e/admin/x", "//admin/x", "/%61dmin/x")) {
            assertThat(ask("shop.test", around)).as(around).doesNotStartWith("HTTP/1.1 200 ");
        }
    }

    /** The client is Java's, the server Vert.x's: neither knows of the proxy. */
    @Test
    void shouldCarryAWebSocket() throws Exception {
        BlockingQueue<String> heard = new LinkedBlockingQueue<>();
        WebSocket socket = client.newWebSocketBuilder()
                .buildAsync(URI.create("ws://" + web + "/chat"), new WebSocket.Listener() {
                    @Override
                    public CompletionStage<?> onText(WebSocket from, CharSequence text, boolean last) {
                        heard.add(text.toString());
                        return WebSocket.Listener.super.onText(from, text, last);
                    }

                    @Override
                    public CompletionStage<?> onClose(WebSocket from, int code, String reason) {
                        heard.add("closed " + code);
                        return WebSocket.Listener.super.onClose(from, code, reason);
                    }
                })
                .get(SECONDS_MAX, TimeUnit.SECONDS);
        for (int i = 0; i < 20; i++) {
            socket.sendText("line " + i, true).get(SECONDS_MAX, TimeUnit.SECONDS);
            assertThat(heard.poll(SECONDS_MAX, TimeUnit.SECONDS)).isEqualTo("echo line " + i);
        }
        socket.sendClose(WebSocket.NORMAL_CLOSURE, "bye").get(SECONDS_MAX, TimeUnit.SECONDS);
        assertThat(heard.poll(SECONDS_MAX, TimeUnit.SECONDS)).isEqualTo("closed 1000");
    }

    @Test
    void shouldCountEachRoute() throws Exception {
        double before = countOf("shop.test/*");
        ask("shop.test", "/a");
        assertThat(countOf("shop.test/*")).isEqualTo(before + 1);
    }

    private double countOf(String route) throws Exception {
        HttpResponse<String> metrics = client.send(
                HttpRequest.newBuilder(URI.create("http://" + baton.admin() + "/metrics"))
                        .build(),
                BodyHandlers.ofString());
        String series = "baton_http_responses_total{route=\"" + route + "\",service=\"sites\",status=\"2xx\"} ";
        return metrics.body()
                .lines()
                .filter(line -> line.startsWith(series))
                .mapToDouble(line -> Double.parseDouble(line.substring(series.length())))
                .sum();
    }

    private void command(String... arguments) throws Exception {
        List<String> all = new ArrayList<>(List.of(arguments));
        all.addAll(List.of("--admin", baton.admin()));
        BatonProcess.Outcome outcome = BatonProcess.run(folder, all.toArray(String[]::new));
        assertThat(outcome.code()).as(outcome.text()).isZero();
    }

    private Map<String, Integer> answersOf(String host, int requests) throws IOException {
        Map<String, Integer> answers = new TreeMap<>();
        for (int i = 0; i < requests; i++) {
            String response = ask(host, "/");
            assertThat(response).startsWith("HTTP/1.1 200 ");
            String body = response.substring(response.indexOf("\r\n\r\n") + 4);
            answers.merge(body.substring(0, body.indexOf(' ')), 1, Integer::sum);
        }
        return answers;
    }

    /** A quarter of the requests, then none, then half of them. */
    @Test
    void shouldGiveACanaryItsShareByWeight() throws Exception {
        assertThat(answersOf("weighted.test", 20)).isEqualTo(Map.of("stable", 15, "canary", 5));
        command("upstream", "weighted", "weight", "127.0.0.1:" + canary, "0");
        assertThat(answersOf("weighted.test", 10)).isEqualTo(Map.of("stable", 10));
        command("upstream", "weighted", "weight", "127.0.0.1:" + canary, "3");
        assertThat(answersOf("weighted.test", 20)).isEqualTo(Map.of("stable", 10, "canary", 10));
    }

    @Test
    void shouldServeWhileAServerIsDeadAndUseItWhenItIsBack() throws Exception {
        assertThat(answersOf("pair.test", 10)).isEqualTo(Map.of("one", 5, "two", 5));
        int port = mortal.getAddress().getPort();
        mortal.stop(0);
        assertThat(answersOf("pair.test", 20)).isEqualTo(Map.of("one", 20));
        mortal = site("two", port, Duration.ZERO);
        await().atMost(Duration.ofSeconds(SECONDS_MAX))
                .until(() -> answersOf("pair.test", 2).containsKey("two"));
        assertThat(answersOf("pair.test", 10)).isEqualTo(Map.of("one", 5, "two", 5));
    }

    @Test
    void shouldShowTheSlowestRouteFirst() throws Exception {
        AtomicBoolean enough = new AtomicBoolean();
        List<Future<?>> clients = new ArrayList<>();
        for (String host : List.of("shop.test", "slow.test")) {
            clients.add(workers.submit(() -> {
                while (!enough.get()) {
                    answersOf(host, 1);
                }
                return null;
            }));
        }
        try {
            BatonProcess.Outcome top = BatonProcess.run(folder, "top", "--once", "--admin", baton.admin());
            assertThat(top.code()).as(top.text()).isZero();
            assertThat(top.text()).contains("slow.test/*", "shop.test/*");
            assertThat(top.text().indexOf("slow.test/*")).isLessThan(top.text().indexOf("shop.test/*"));
        } finally {
            enough.set(true);
            for (Future<?> each : clients) {
                each.get(SECONDS_MAX, TimeUnit.SECONDS);
            }
        }
    }
}
