package dev.baton.it.peers;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.testkit.BatonProcess;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Servers that speak HTTP/2 by prior knowledge, nginx and Node.js, behind one Baton that curl and Node.js ask. */
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class Http2ServersIT {
    /** Echoes bodies and what comes through WebSockets, and counts the bytes of others in a trailer. */
    private static final String NODE = """
            const http2 = require('http2');
            const server = http2.createServer({ settings: { maxConcurrentStreams: 50, enableConnectProtocol: true } });
            server.on('stream', (stream, headers) => {
              stream.on('error', () => {});
              if (headers[':path'] === '/trailers') {
                let bytes = 0, mine = 'none';
                stream.on('trailers', (t) => { mine = t['x-mine']; });
                stream.on('data', (piece) => { bytes += piece.length; });
                stream.on('end', () => {
                  stream.respond({ ':status': 200 }, { waitForTrailers: true });
                  stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': String(bytes) }));
                  stream.end('seen ' + mine);
                });
              } else if (headers[':method'] === 'POST' || headers[':method'] === 'CONNECT') {
                stream.respond({ ':status': 200 });
                stream.pipe(stream);
              } else {
                stream.respond({ ':status': 200 });
                stream.end('one page');
              }
            });
            server.listen(0, '127.0.0.1', () => console.log('port ' + server.address().port));
            """;

    @TempDir
    static Path folder;

    private static PeerProcess node;
    private static Servers.Running nginx;
    private static BatonProcess baton;
    private static String web;

    @BeforeAll
    static void start() throws Exception {
        for (String program : List.of("node", "curl", "nginx", "h2load")) {
            PeerProcess.assumeInstalled(program);
        }
        Path script = Files.writeString(folder.resolve("server.js"), NODE);
        node = PeerProcess.start(folder, "node", script.toString());
        String port = node.await(Pattern.compile("^port (\\d+)$"));
        nginx = Servers.http2Nginx(folder);
        baton = BatonProcess.serve(Files.createDirectory(folder.resolve("baton")), """
                version: 1
                loops: 2
                admin: { listen: "127.0.0.1:0" }
                listeners:
                  web: { bind: "127.0.0.1:0", service: shop }
                services:
                  shop:
                    type: http
                    routes:
                      - { match: { path: "/nginx/*" }, upstream: nginx }
                      - { upstream: node }
                upstreams:
                  nginx: { servers: ["NGINX"], protocol: http/2 }
                  node: { servers: ["127.0.0.1:NODE"], protocol: http/2 }
                """.replace("NODE", port)
                .replace("NGINX", nginx.address()));
        web = baton.listener("web");
    }

    @AfterAll
    static void stop() {
        if (baton != null) {
            System.out.println(baton.text());
            baton.close();
        }
        if (nginx != null) {
            nginx.process().close();
        }
        if (node != null) {
            node.close();
        }
    }

    private static String run(String... command) throws Exception {
        Process process = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .start();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        process.waitFor();
        return text;
    }

    /** Whatever the client speaks: bodies both ways, trailers, many requests at once, a WebSocket. */
    @Test
    void clientsOfBothVersionsAreServed() throws Exception {
        assertThat(run("curl", "-sS", "http://" + web + "/page")).isEqualTo("one page");
        assertThat(run("curl", "-sS", "--http2-prior-knowledge", "http://" + web + "/page"))
                .isEqualTo("one page");
        Path large = Files.write(folder.resolve("large"), new byte[3_000_000]);
        assertThat(run(
                        "curl",
                        "-sS",
                        "-o",
                        "back",
                        "-w",
                        "%{http_code}",
                        "--data-binary",
                        "@" + large,
                        "http://" + web))
                .isEqualTo("200");
        assertThat(Files.mismatch(large, folder.resolve("back"))).isEqualTo(-1);
        Path client = Files.writeString(folder.resolve("client.js"), Http2ClientsIT.CLIENT);
        assertThat(run("node", client.toString(), web))
                .contains("good 200", "trailers seen me 3", "tunnel 200", "echo ping", "done ok");
    }

    /**
     * nginx lets ten streams be open at once and sends GOAWAY after twenty: each request that it has not acted on is
     * sent again.
     */
    @Test
    void aServerThatGoesAwayOftenLosesNoRequest() throws Exception {
        assertThat(run("h2load", "-n", "2000", "-c", "4", "-m", "20", "http://" + web + "/nginx/ok"))
                .contains("2000 succeeded, 0 failed, 0 errored, 0 timeout");
        assertThat(run("curl", "-sS", "http://" + web + "/nginx/large").length())
                .isEqualTo(Servers.LARGE_BYTES);
    }

    /** A connection without streams rests, and carries the next request. */
    @Test
    void connectionsRestBetweenRequests() throws Exception {
        assertThat(run("curl", "-sS", "http://" + web + "/page")).isEqualTo("one page");
        JsonObject before = restingPool();
        assertThat(run("curl", "-sS", "http://" + web + "/page")).isEqualTo("one page");
        JsonObject after = restingPool();
        assertThat(after.getLong("connects")).isEqualTo(before.getLong("connects"));
        assertThat(reuses(after)).isEqualTo(reuses(before) + 1);
        assertThat(after.getInteger("streams")).isZero();
    }

    private static long reuses(JsonObject pool) {
        return pool.getLong("reuses-local") + pool.getLong("reuses-takeover");
    }

    /** The pool of Node.js, when nothing is in use there. */
    private static JsonObject restingPool() {
        return Awaitility.await()
                .until(Http2ServersIT::pool, pool -> pool.getInteger("in-use") == 0 && pool.getInteger("idle") > 0);
    }

    private static JsonObject pool() throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://" + baton.admin() + "/v1/pools"))
                .build();
        String body = HttpClient.newHttpClient()
                .send(request, BodyHandlers.ofString())
                .body();
        JsonArray pools = new JsonArray(body);
        for (int i = 0; i < pools.size(); i++) {
            if (pools.getJsonObject(i).getString("upstream").equals("node")) {
                return pools.getJsonObject(i);
            }
        }
        throw new AssertionError(body);
    }
}
