package dev.baton.it.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.testkit.TestCertificates;
import dev.baton.testkit.load.Crowd;
import dev.baton.testkit.load.Crowd.Speech;
import dev.baton.testkit.load.EchoOrigin;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/**
 * J6: the plugins {@code http} and {@code tcp-proxy} are replaced while they forward to servers. The bug that this
 * guards against: idle connections to servers, which all clients share, and connections of clients that live for ever
 * keep the old version's code; or they are cut, or mixed up, when they go over to the new one.
 */
@Timeout(value = 20, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ServiceReloadIT {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final long PERIOD_NANOS = Duration.ofMillis(20).toNanos();

    @RegisterExtension
    static final ReloadingServer SERVER = new ReloadingServer();

    @TempDir
    Path folder;

    private void start(String echo, String slow) throws Exception {
        TestCertificates.selfSigned(folder, "shop", "localhost");
        Path file = Files.writeString(folder.resolve("baton.yaml"), """
                version: 1
                loops: 2
                admin: { listen: "127.0.0.1:0" }
                listeners:
                  web: { bind: "127.0.0.1:0", service: site }
                  secure: { bind: "127.0.0.1:0", service: site, tls: { certificates: [ { certificate: shop.crt, key: shop.key } ] } }
                  kept: { bind: "127.0.0.1:0", service: quick, tls: { certificates: [ { certificate: shop.crt, key: shop.key } ] } }
                  control: { bind: "127.0.0.1:0", service: quick }
                  raw: { bind: "127.0.0.1:0", service: pass }
                services:
                  site:
                    type: http
                    routes:
                      - { match: { path: "/slow/*" }, upstream: slow }
                      - { upstream: echo }
                  quick: { type: http, first-request-timeout: 2s, upstream: echo }
                  pass: { type: tcp-proxy, upstream: echo }
                upstreams:
                  echo: { servers: [ "%s" ], pool: { idle-max: 64 } }
                  slow: { servers: [ "%s" ] }
                """.formatted(echo, slow));
        SERVER.start(file);
    }

    private static int port(String address) {
        return Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
    }

    private String users() throws Exception {
        List<String> users = new ArrayList<>();
        for (Object each : SERVER.retired(false)) {
            users.add(((JsonObject) each).getJsonArray("users").encode());
        }
        return users.toString();
    }

    /** Nothing uses an old version, and its classes are gone. */
    private void assertNothingIsLeft() throws Exception {
        await().atMost(PATIENCE).untilAsserted(() -> assertThat(users()).doesNotContain(" of "));
        for (int i = 0; i < 10 && !SERVER.retired(false).isEmpty(); i++) {
            System.gc();
        }
        // A compiler of the JVM holds what it compiles until it has.
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(SERVER.retired(true)).isEmpty()); // else it says why
    }

    private String pool(String upstream, String what) throws Exception {
        for (Object each : new JsonArray(Client.get(SERVER.admin(), "/v1/pools").body())) {
            JsonObject row = (JsonObject) each;
            if (row.getString("upstream").equals(upstream)) {
                return String.valueOf(row.getValue(what));
            }
        }
        return "none";
    }

    /** Each gets two more answers, of which the second was asked for after this was called, and none has failed. */
    private static void awaitAnswers(Crowd crowd) {
        for (int i = 0; i < 2; i++) {
            long[] before = Crowd.answers(crowd.clients());
            await().atMost(PATIENCE).until(() -> {
                assertThat(crowd.failures()).isEmpty();
                return Crowd.served(crowd.clients(), before) == before.length;
            });
        }
    }

    // ---- clients and servers ----------------------------------------------------------------------------------------

    /** Answers the first half of each response at once, and the second when it is told to. */
    private static final class SlowOrigin implements AutoCloseable {
        private final ServerSocket socket = new ServerSocket(0, 16, InetAddress.getLoopbackAddress());
        private final CountDownLatch second = new CountDownLatch(1);

        SlowOrigin() throws IOException {
            daemon(() -> {
                while (true) {
                    Socket accepted = socket.accept();
                    daemon(() -> serve(accepted));
                }
            });
        }

        private interface Body {
            void run() throws Exception;
        }

        private static void daemon(Body body) {
            Thread thread = new Thread(() -> {
                try {
                    body.run();
                } catch (Exception closed) {
                    // The test is over, or the proxy has closed.
                }
            });
            thread.setDaemon(true);
            thread.start();
        }

        private void serve(Socket accepted) throws Exception {
            try (accepted) {
                StringBuilder head = new StringBuilder();
                for (int octet = accepted.getInputStream().read();
                        octet >= 0;
                        octet = accepted.getInputStream().read()) {
                    head.append((char) octet);
                    if (head.toString().endsWith("\r\n\r\n")) {
                        head.setLength(0);
                        send(accepted, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst");
                        second.await();
                        send(accepted, "later");
                    }
                }
            }
        }

        private static void send(Socket to, String text) throws IOException {
            to.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
        }

        String address() {
            return "127.0.0.1:" + socket.getLocalPort();
        }

        void goOn() {
            second.countDown();
        }

        @Override
        public void close() throws IOException {
            goOn();
            socket.close();
        }
    }

    /** A client in HTTP/2 that asks for one thing after the other. A connection may end in order, an answer not. */
    private static final class ModernClient implements AutoCloseable {
        private final Vertx vertx = Vertx.vertx();
        private final HttpClient client = vertx.createHttpClient(
                new HttpClientOptions().setProtocolVersion(HttpVersion.HTTP_2).setHttp2ClearTextUpgrade(false));
        private final String address;
        private final AtomicLong answers = new AtomicLong();
        private final Queue<String> errors = new ConcurrentLinkedQueue<>();
        private volatile boolean over;

        ModernClient(String address) {
            this.address = address;
            ask(1);
        }

        private void ask(int number) {
            String path = "/modern/" + number;
            client.request(HttpMethod.GET, port(address), "127.0.0.1", path)
                    .compose(request -> request.send())
                    .compose(HttpClientResponse::body)
                    .onComplete(answer -> {
                        if (answer.failed() || !answer.result().toString().equals(path)) {
                            errors.add(path + ": " + answer);
                        } else if (!over) {
                            answers.incrementAndGet();
                            ask(number + 1);
                        }
                    });
        }

        long answers() {
            assertThat(errors).isEmpty();
            return answers.get();
        }

        @Override
        public void close() {
            over = true;
            vertx.close().await();
            assertThat(errors).filteredOn(each -> !over).isEmpty();
        }
    }

    /** A client in HTTP/1.1 over TLS that keeps its connection. */
    private static final class SecureClient implements AutoCloseable {
        private final SSLSocket socket;
        private int number;

        SecureClient(String address, Path folder) throws Exception {
            KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
            trusted.load(null, null);
            try (InputStream file = Files.newInputStream(folder.resolve("shop.crt"))) {
                trusted.setCertificateEntry(
                        "shop", CertificateFactory.getInstance("X.509").generateCertificate(file));
            }
            TrustManagerFactory managers = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            managers.init(trusted);
            SSLContext trusting = SSLContext.getInstance("TLS");
            trusting.init(null, managers.getTrustManagers(), null);
            socket = (SSLSocket) trusting.getSocketFactory().createSocket("127.0.0.1", port(address));
            socket.setSoTimeout((int) PATIENCE.toMillis());
        }

        void ask() throws IOException {
            number++;
            send("/secure/" + number);
            awaitAnswer("/secure/" + number);
        }

        void send(String path) throws IOException {
            String head = "GET " + path + " HTTP/1.1\r\nHost: shop\r\n\r\n";
            socket.getOutputStream().write(head.getBytes(StandardCharsets.ISO_8859_1));
        }

        void awaitAnswer(String body) throws IOException {
            InputStream in = socket.getInputStream();
            StringBuilder answer = new StringBuilder();
            while (!answer.toString().endsWith(body)) {
                int octet = in.read();
                assertThat(octet).as("after <%s>", answer).isNotNegative();
                answer.append((char) octet);
            }
            assertThat(answer).startsWith("HTTP/1.1 200 OK").doesNotContainIgnoringCase("connection: close");
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    // ---- http and tcp-proxy -----------------------------------------------------------------------------------------

    @Test
    void shouldReplaceHttpWhileItForwards() throws Exception {
        try (EchoOrigin echo = EchoOrigin.start();
                SlowOrigin slow = new SlowOrigin()) {
            start(echo.address(), slow.address());
            try (Crowd crowd = new Crowd(PERIOD_NANOS);
                    ModernClient modern = new ModernClient(SERVER.address("web"));
                    SecureClient secure = new SecureClient(SERVER.address("secure"), folder);
                    SecureClient idle = new SecureClient(SERVER.address("kept"), folder);
                    SecureClient waitsToo = new SecureClient(SERVER.address("secure"), folder);
                    Client waits = Client.connect(SERVER.address("web")).ask("/slow/x")) {
                crowd.join(Speech.HTTP, SERVER.address("web"), 20);
                crowd.join(Speech.POST, SERVER.address("web"), 10);
                crowd.join(Speech.UPGRADE, SERVER.address("web"), 10);
                awaitAnswers(crowd);
                secure.ask();
                idle.ask();
                waitsToo.send("/slow/z");
                await().atMost(PATIENCE)
                        .until(() ->
                                modern.answers() > 10 && pool("slow", "in-use").equals("2"));
                assertThat(SERVER.reload("http", 200).encode())
                        .contains("\"outcome\":\"reloaded\"", "\"generation\":2");
                Client silent = Client.connect(SERVER.address("control"));
                awaitAnswers(crowd);
                secure.ask(); // on the connection that it had
                long before = modern.answers();
                await().atMost(PATIENCE).until(() -> modern.answers() > before + 10);
                // All but the two with a response under way have gone over, tunnels included.
                await().atMost(PATIENCE)
                        .untilAsserted(() -> assertThat(users())
                                .contains(
                                        "\"1 connection of listener web\"",
                                        "\"1 connection of listener secure\"",
                                        "\"2 connections to servers of service site\""));
                slow.goOn();
                waitsToo.awaitAnswer("firstlater");
                waitsToo.ask();
                assertThat(waits.answer()).endsWith("firstlater");
                assertThat(waits.ask("/slow/y").answer()).endsWith("firstlater"); // on the same connection
                assertNothingIsLeft();
                awaitAnswers(crowd);
                secure.ask();
                assertThat(silent.rest()).isEmpty(); // it was too slow with its first request
                idle.ask(); // the new version knows that it has asked before
                assertNoAborts();
            }
        }
    }

    /** Tunnels that were cut would be counted as aborted. */
    private void assertNoAborts() throws Exception {
        assertThat(Client.get(SERVER.admin(), "/metrics").body().lines())
                .noneMatch(line -> line.startsWith("baton_http_aborts_total") && !line.endsWith(" 0.0"));
    }

    @Test
    void shouldReplaceTcpProxyWithItsStreams() throws Exception {
        try (EchoOrigin echo = EchoOrigin.start()) {
            start(echo.address(), echo.address());
            try (Crowd crowd = new Crowd(PERIOD_NANOS)) {
                crowd.join(Speech.LINES, SERVER.address("raw"), 50);
                awaitAnswers(crowd);
                for (int i = 0; i < 3; i++) {
                    assertThat(SERVER.reload("tcp-proxy", 200).encode()).contains("\"outcome\":\"reloaded\"");
                    awaitAnswers(crowd);
                    assertNothingIsLeft();
                }
                assertThat(pool("echo", "in-use")).isEqualTo("50");
                assertThat(pool("echo", "connects"))
                        .as("what was counted before")
                        .isEqualTo("50");
                awaitAnswers(crowd);
            }
            await().atMost(PATIENCE).until(() -> pool("echo", "in-use").equals("0"));
        }
    }

    // ---- again and again --------------------------------------------------------------------------------------------

    /** Every client keeps its connection through all of them; a wrong version between two changes nothing. */
    @Test
    @Tag("long")
    void shouldFailNothingInTwoHundredReloads() throws Exception {
        int times = 200;
        try (EchoOrigin echo = EchoOrigin.start()) {
            start(echo.address(), echo.address());
            long early = 0;
            long requests;
            try (Crowd crowd = new Crowd(PERIOD_NANOS);
                    ModernClient modern = new ModernClient(SERVER.address("web"));
                    SecureClient secure = new SecureClient(SERVER.address("secure"), folder)) {
                crowd.join(Speech.HTTP, SERVER.address("web"), 20);
                crowd.join(Speech.POST, SERVER.address("web"), 10);
                crowd.join(Speech.UPGRADE, SERVER.address("web"), 10);
                crowd.join(Speech.LINES, SERVER.address("raw"), 20);
                for (int i = 0; i < times; i++) {
                    SERVER.reload(i % 2 == 0 ? "http" : "tcp-proxy", 200);
                    secure.ask();
                    awaitAnswers(crowd);
                    modern.answers();
                    if (i == times / 4) {
                        assertNothingIsLeft();
                        early = ReloadingServer.metaspace();
                    }
                }
                assertNothingIsLeft();
                assertNoAborts();
                requests = modern.answers()
                        + crowd.clients().stream()
                                .mapToLong(Crowd.Client::answers)
                                .sum();
            }
            long late = ReloadingServer.metaspace();
            long versions = ReloadingServer.versionsInMemory("dev.baton.plugin.http.HttpService");
            System.out.println(times + " reloads, " + requests + " requests, none failed; versions of http in memory "
                    + versions + "; metaspace " + early / 1024 + " KiB, then " + late / 1024 + " KiB");
            assertThat(versions)
                    .as("that in use, and that of the tests' class path")
                    .isLessThanOrEqualTo(2);
            assertThat(late).isLessThan(early + early / 10);
        }
    }
}
