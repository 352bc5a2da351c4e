package dev.baton.it.http;

import static org.assertj.core.api.Assertions.assertThat;

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
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** An operator's first day: two sites, a canary and a WebSocket application on one port. */
@Timeout(120)
class SitesIT {
    private static final int SECONDS_MAX = 30;

    @TempDir
    Path folder;

    private final List<HttpServer> servers = new ArrayList<>();
    private final Vertx vertx = Vertx.vertx();
    private final HttpClient client = HttpClient.newHttpClient();
    private BatonProcess baton;
    private String web = "";

    private int site(String name) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            byte[] body = (name + " " + exchange.getRequestURI() + " "
                            + exchange.getRequestHeaders().getFirst("X-User"))
                    .getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
        servers.add(server);
        return server.getAddress().getPort();
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

    @BeforeEach
    void start() throws Exception {
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
                """.formatted(site("shop"), site("canary"), chat()));
        web = baton.listener("web");
    }

    @AfterEach
    void end() throws Exception {
        if (baton != null) {
            baton.close();
        }
        servers.forEach(server -> server.stop(0));
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
        ask("shop.test", "/a");
        HttpResponse<String> metrics = client.send(
                HttpRequest.newBuilder(URI.create("http://" + baton.admin() + "/metrics"))
                        .build(),
                BodyHandlers.ofString());
        assertThat(metrics.body())
                .contains("baton_http_responses_total{route=\"shop.test/*\",service=\"sites\",status=\"2xx\"} 1.0");
    }
}
