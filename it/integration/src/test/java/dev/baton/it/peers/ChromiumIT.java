package dev.baton.it.peers;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.tls.CertifiedKey;
import dev.baton.testkit.BatonProcess;
import dev.baton.testkit.TestCertificates;
import io.vertx.core.json.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A browser opens a page over TLS, which asks for much at once and opens a WebSocket, and says what came of it. */
@Tag("long")
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ChromiumIT {
    /**
     * Has the page, what the page asks for, and a WebSocket that echoes one short message; prints the page's report.
     */
    private static final String SERVER = """
            const http = require('http'), crypto = require('crypto');
            const PAGE = `<!doctype html><title>page</title><script>
            const echoed = () => new Promise((resolve, reject) => {
              const socket = new WebSocket('wss://' + location.host + '/chat');
              socket.onopen = () => socket.send('ping');
              socket.onmessage = (event) => { socket.close(1000); resolve(event.data); };
              socket.onerror = () => reject(new Error('WebSocket'));
            });
            addEventListener('load', async () => {
              const said = { protocols: [] };
              try {
                const pieces = Array.from({ length: 100 }, (_, i) => fetch('/piece/' + i).then((r) => r.text()));
                said.pieces = (await Promise.all(pieces)).filter((text, i) => text === 'piece ' + i).length;
                const echo = await fetch('/echo', { method: 'POST', body: 'x'.repeat(1 << 20) });
                said.echo = (await echo.text()).length;
                const timings = ['navigation', 'resource'].flatMap((type) => performance.getEntriesByType(type));
                said.timings = timings.length;
                said.protocols = [...new Set(timings.map((each) => each.nextHopProtocol))];
                said.socket = await echoed();
              } catch (e) {
                said.error = String(e);
              }
              fetch('/report', { method: 'POST', body: JSON.stringify(said) });
            });
            </script>`;
            const server = http.createServer((request, response) => {
              if (request.url === '/page') {
                response.setHeader('Content-Type', 'text/html');
                response.end(PAGE);
              } else if (request.url === '/echo') {
                request.pipe(response);
              } else if (request.url === '/report') {
                let text = '';
                request.on('data', (piece) => { text += piece; });
                request.on('end', () => { console.log('report ' + text); response.end(); });
              } else if (request.url.startsWith('/piece/')) {
                response.end('piece ' + request.url.slice(7));
              } else {
                response.writeHead(404).end();
              }
            });
            server.on('upgrade', (request, socket) => {
              const accept = crypto.createHash('sha1')
                .update(request.headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11').digest('base64');
              socket.write('HTTP/1.1 101 Switching Protocols\\r\\nConnection: Upgrade\\r\\nUpgrade: websocket\\r\\n'
                + 'Sec-WebSocket-Accept: ' + accept + '\\r\\n\\r\\n');
              socket.once('data', (frame) => {
                const length = frame[1] & 127, mask = frame.subarray(2, 6);
                const text = frame.subarray(6, 6 + length).map((byte, i) => byte ^ mask[i % 4]);
                socket.write(Buffer.concat([Buffer.from([0x81, length]), text]));
                socket.on('data', () => socket.end(Buffer.from([0x88, 2, 3, 232])));
              });
              socket.on('error', () => {});
            });
            server.listen(0, '127.0.0.1', () => console.log('port ' + server.address().port));
            """;

    @TempDir
    Path folder;

    /** Trusted by its key alone. */
    private static String fingerprint(CertifiedKey key) throws Exception {
        byte[] digest = MessageDigest.getInstance("SHA-256")
                .digest(key.certificate().getPublicKey().getEncoded());
        return Base64.getEncoder().encodeToString(digest);
    }

    private PeerProcess browse(CertifiedKey trusted, String url) throws Exception {
        return PeerProcess.start(
                folder,
                "chromium",
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--user-data-dir=" + folder.resolve("profile"),
                "--host-resolver-rules=MAP shop.test 127.0.0.1",
                "--ignore-certificate-errors-spki-list=" + fingerprint(trusted),
                "--remote-debugging-port=0", // it stays until it is ended
                url);
    }

    @Test
    void shouldServeABrowser() throws Exception {
        PeerProcess.assumeInstalled("chromium");
        PeerProcess.assumeInstalled("node");
        CertifiedKey shop = TestCertificates.selfSigned(folder, "shop", "shop.test");
        Path script = Files.writeString(folder.resolve("server.js"), SERVER);
        try (PeerProcess server = PeerProcess.start(folder, "node", script.toString());
                BatonProcess baton = BatonProcess.serve(
                        folder, """
                        version: 1
                        loops: 2
                        admin: { listen: "127.0.0.1:0" }
                        listeners:
                          web:
                            bind: "127.0.0.1:0"
                            service: shop
                            tls: { certificates: [ { certificate: shop.crt, key: shop.key } ] }
                        services:
                          shop: { type: http, upstream: app, filters: [ access-log ] }
                        upstreams:
                          app: { servers: ["127.0.0.1:PORT"] }
                        """.replace("PORT", server.await(Pattern.compile("^port (\\d+)$"))))) {
            String port = baton.listener("web").split(":", 2)[1];
            try (PeerProcess browser = browse(shop, "https://shop.test:" + port + "/page")) {
                JsonObject report = new JsonObject(server.await(Pattern.compile("^report (.*)")));
                assertThat(report.getString("error")).as(browser.text()).isNull();
                assertThat(report.getInteger("pieces")).isEqualTo(100);
                assertThat(report.getInteger("echo")).isEqualTo(1 << 20);
                assertThat(report.getInteger("timings")).isGreaterThanOrEqualTo(102);
                assertThat(report.getJsonArray("protocols")).containsExactly("h2");
                assertThat(report.getString("socket")).isEqualTo("ping");
            }
            String tunnel = baton.await(line -> line.contains("\"target\":\"/chat\""));
            assertThat(tunnel).contains("\"version\":\"HTTP/2.0\"", "\"status\":101");
        }
    }
}
