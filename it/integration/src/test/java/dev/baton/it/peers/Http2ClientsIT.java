package dev.baton.it.peers;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.testkit.BatonProcess;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Clients that speak HTTP/2 by prior knowledge: curl, nghttp, h2load and Node.js, in front of a server of HTTP/1.1. */
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class Http2ClientsIT {
    /** Echoes bodies and their trailers, and after an upgrade every byte. */
    private static final String SERVER = """
            const http = require('http'), crypto = require('crypto');
            const server = http.createServer((request, response) => {
              if (request.url === '/trailers') {
                response.writeHead(200, { Trailer: 'X-Sum' });
                let bytes = 0;
                request.on('data', (piece) => { bytes += piece.length; });
                request.on('end', () => {
                  response.write('seen ' + (request.trailers['x-mine'] || 'none'));
                  response.addTrailers({ 'X-Sum': String(bytes) });
                  response.end();
                });
              } else if (request.method === 'POST') {
                request.pipe(response);
              } else {
                response.end('one page');
              }
            });
            server.on('upgrade', (request, socket) => {
              const accept = crypto.createHash('sha1')
                .update(request.headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11').digest('base64');
              socket.write('HTTP/1.1 101 Switching Protocols\\r\\nConnection: Upgrade\\r\\nUpgrade: websocket\\r\\n'
                + 'Sec-WebSocket-Accept: ' + accept + '\\r\\n\\r\\n');
              socket.on('data', (data) => socket.write(data));
              socket.on('error', () => {});
            });
            server.listen(0, '127.0.0.1', () => console.log('port ' + server.address().port));
            """;

    /** 200 requests at once, half of them with bodies of 200 KB; trailers both ways; a tunnel. One connection. */
    static final String CLIENT = """
            const http2 = require('http2'), crypto = require('crypto');
            const session = http2.connect('http://' + process.argv[2], { maxSessionMemory: 1000 });
            session.on('error', (e) => { console.log('session error ' + e); process.exit(1); });
            const sha = (data) => crypto.createHash('sha256').update(data).digest('hex');
            function ask(headers, body, trailers) {
              return new Promise((resolve, reject) => {
                const stream = session.request(headers, { endStream: body === undefined, waitForTrailers: !!trailers });
                const pieces = []; let head, tail;
                stream.on('response', (h) => { head = h; });
                stream.on('trailers', (t) => { tail = t; });
                stream.on('wantTrailers', () => stream.sendTrailers(trailers));
                stream.on('data', (piece) => pieces.push(piece));
                stream.on('end', () => resolve({ status: head[':status'], body: Buffer.concat(pieces), tail }));
                stream.on('error', reject);
                if (body !== undefined) stream.end(body);
              });
            }
            async function main() {
              const all = [];
              for (let i = 0; i < 100; i++) {
                all.push(ask({ ':path': '/page' }).then((r) => r.status === 200 && r.body.toString() === 'one page'));
                const body = crypto.randomBytes(200000);
                all.push(ask({ ':path': '/echo', ':method': 'POST' }, body).then((r) => sha(r.body) === sha(body)));
              }
              const good = (await Promise.all(all)).filter((each) => each).length;
              console.log('good ' + good);
              const t = await ask({ ':path': '/trailers', ':method': 'POST', te: 'trailers' }, 'abc', { 'x-mine': 'me' });
              console.log('trailers ' + t.body + ' ' + t.tail['x-sum']);
              await new Promise((resolve) => session.settings({}, resolve));
              console.log('connect ' + session.remoteSettings.enableConnectProtocol);
              const tunnel = session.request({ ':method': 'CONNECT', ':protocol': 'websocket', ':path': '/chat',
                'sec-websocket-version': '13' }, { endStream: false });
              tunnel.on('response', (h) => { console.log('tunnel ' + h[':status']); tunnel.write('ping'); });
              tunnel.on('data', (data) => { console.log('echo ' + data); tunnel.end(); });
              await new Promise((resolve) => tunnel.on('close', resolve));
              session.close();
              console.log('done ok');
            }
            main().catch((e) => { console.log('failed ' + e); process.exit(1); });
            """;

    @TempDir
    static Path folder;

    private static PeerProcess server;
    private static BatonProcess baton;
    private static String web;

    @BeforeAll
    static void start() throws Exception {
        for (String program : List.of("node", "curl", "nghttp", "h2load")) {
            PeerProcess.assumeInstalled(program);
        }
        Path script = Files.writeString(folder.resolve("server.js"), SERVER);
        server = PeerProcess.start(folder, "node", script.toString());
        String port = server.await(Pattern.compile("^port (\\d+)$"));
        baton = BatonProcess.serve(Files.createDirectory(folder.resolve("baton")), """
                version: 1
                loops: 2
                admin: { listen: "127.0.0.1:0" }
                listeners:
                  web: { bind: "127.0.0.1:0", service: shop }
                services:
                  shop: { type: http, upstream: app }
                upstreams:
                  app: { servers: ["127.0.0.1:PORT"] }
                """.replace("PORT", port));
        web = baton.listener("web");
    }

    @AfterAll
    static void stop() {
        if (baton != null) {
            System.out.println(baton.text());
            baton.close();
        }
        if (server != null) {
            server.close();
        }
    }

    /** What a program prints, to its end. */
    private static String run(String... command) throws Exception {
        List<String> all = new ArrayList<>(List.of(command));
        Process process = new ProcessBuilder(all)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .start();
        process.getOutputStream().close();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(text).isZero();
        return text;
    }

    @Test
    void shouldServeCurl() throws Exception {
        byte[] body = new byte[3 << 20];
        new SplittableRandom(1).nextBytes(body);
        Path sent = Files.write(folder.resolve("sent"), body);
        String said = run(
                "curl",
                "--silent",
                "--show-error",
                "--http2-prior-knowledge",
                "--data-binary",
                "@" + sent,
                "--output",
                folder.resolve("received").toString(),
                "--write-out",
                "%{http_version} %{response_code}",
                "http://" + web + "/echo");
        assertThat(said).isEqualTo("2 200");
        assertThat(Files.mismatch(sent, folder.resolve("received"))).isEqualTo(-1);
    }

    @Test
    void shouldServeNghttp() throws Exception {
        String said = run("nghttp", "--no-dep", "--verbose", "--multiply=20", "http://" + web + "/page");
        assertThat(said.split(":status: 200", -1)).hasSize(21);
        assertThat(said).contains("[SETTINGS_MAX_CONCURRENT_STREAMS(0x03):100]").doesNotContain("recv GOAWAY");
    }

    @Test
    void shouldServeH2load() throws Exception {
        String said =
                run("h2load", "--requests=5000", "--clients=4", "--max-concurrent-streams=50", "http://" + web + "/x");
        assertThat(said).contains("5000 succeeded, 0 failed, 0 errored, 0 timeout");
    }

    @Test
    void shouldServeNode() throws Exception {
        Path script = Files.writeString(folder.resolve("client.js"), CLIENT);
        assertThat(run("node", script.toString(), web).lines())
                .containsExactly(
                        "good 200", "trailers seen me 3", "connect true", "tunnel 200", "echo ping", "done ok");
    }
}
