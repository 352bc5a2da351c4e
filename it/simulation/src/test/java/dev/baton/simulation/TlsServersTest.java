package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.plugin.http.HttpPlugin;
import dev.baton.plugin.takeover.ConnectionTakeoverPlugin;
import dev.baton.runtime.tls.TlsLibrary;
import dev.baton.spi.admin.PoolSnapshot;
import dev.baton.spi.admin.ServerSnapshot;
import dev.baton.spi.tls.CertificateMaker;
import dev.baton.spi.tls.CertifiedKey;
import dev.baton.testkit.TestCertificates;
import dev.baton.testkit.world.HttpPeer;
import dev.baton.testkit.world.InEachWorld;
import dev.baton.testkit.world.Origin;
import dev.baton.testkit.world.Peer;
import dev.baton.testkit.world.PluginWorld;
import dev.baton.testkit.world.TlsPeer;
import dev.baton.testkit.world.Where;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;

/** Servers that speak TLS. By BoringSSL, and in a JVM of its own by the JDK. */
class TlsServersTest {
    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    private static final String SECONDS = "it lasts for seconds";

    @TempDir
    static Path folder;

    private static CertifiedKey authority;
    private static CertifiedKey shop;

    @BeforeAll
    static void makeCertificates() throws Exception {
        authority = TestCertificates.write(
                folder, "ca", CertificateMaker.of("ca").authority().make());
        shop = of("shop.test");
        TestCertificates.write(
                folder,
                "client",
                CertificateMaker.of("baton").issuedBy(authority).make());
    }

    private static CertifiedKey of(String... names) {
        return CertificateMaker.of(names).issuedBy(authority).make();
    }

    private static String file(String name) {
        return "\"" + folder.resolve(name) + "\"";
    }

    private static void start(PluginWorld world, String tls, String more, Origin... servers) {
        world.plugin(HttpPlugin.class).plugin(ConnectionTakeoverPlugin.class);
        world.start("""
                listeners: { in: { bind: "127.0.0.1:0", service: shop } }
                services: { shop: { type: http, upstream: app } }
                upstreams: { app: { servers: [SERVERS], connect-timeout: 1s, tls: { TLS }MORE } }
                """.replace(
                        "SERVERS",
                        String.join(
                                ", ",
                                Arrays.stream(servers)
                                        .map(each -> "\"" + each.address() + "\"")
                                        .toList()))
                .replace("TLS", tls)
                .replace("MORE", more));
    }

    private static Origin start(PluginWorld world) {
        Origin origin = world.origin();
        start(world, "ca: " + file("ca.crt") + ", server-name: shop.test", "", origin);
        return origin;
    }

    private static long count(PluginWorld world, String metric, String... labels) {
        return world.metrics().counter(metric, "", labels).count();
    }

    private static long failures(PluginWorld world, String reason) {
        return count(world, "baton_upstream_tls_failures_total", "upstream", "app", "reason", reason);
    }

    private static long handshakes(PluginWorld world, String version) {
        return count(world, "baton_upstream_tls_handshakes_total", "upstream", "app", "version", version);
    }

    private static long resumed(PluginWorld world) {
        return count(world, "baton_upstream_tls_resumptions_total", "upstream", "app");
    }

    private static void serve(TlsPeer server) throws SSLException {
        server.readUntil("\r\n\r\n");
        server.send(OK);
    }

    private static void expectOk(HttpPeer client) {
        assertThat(client.receive().status()).isEqualTo(200);
    }

    // ---- what it is for -------------------------------------------------------------------------------------------

    @InEachWorld
    void shouldSpeakTlsWithItsServers(PluginWorld world) throws Exception {
        Origin origin = start(world);
        HttpPeer client = world.http("in");
        client.send("GET /one");
        TlsPeer server = TlsPeer.serving(origin.accept(), TlsPeer.context(shop)).offer("h2", "http/1.1");
        server.answer();
        assertThat(server.engine().getApplicationProtocol()).isEqualTo("http/1.1");
        assertThat(server.readUntil("\r\n\r\n")).startsWith("GET /one HTTP/1.1\r\n");
        server.send(OK);
        expectOk(client);
        for (int i = 0; i < 4; i++) { // kept, whichever loop the client is on
            world.await("it is idle", () -> idle(world) == 1);
            HttpPeer next = world.http("in");
            next.send("GET /next");
            serve(server);
            expectOk(next);
        }
        assertThat(handshakes(world, "TLSv1.3")).isOne();
    }

    @InEachWorld
    void shouldSpeakAnOlderVersionToo(PluginWorld world) throws Exception {
        Origin origin = start(world);
        HttpPeer client = world.http("in");
        client.send("GET /");
        TlsPeer server = TlsPeer.serving(origin.accept(), TlsPeer.context(shop));
        server.engine().setEnabledProtocols(new String[] {"TLSv1.2"});
        serve(server.answer());
        expectOk(client);
        assertThat(handshakes(world, "TLSv1.2")).isOne();
    }

    /** The header of the PROXY protocol is for who reads before TLS. */
    @InEachWorld
    void shouldSendTheProxyHeaderBeforeTheHandshake(PluginWorld world) throws Exception {
        Origin origin = world.origin();
        start(world, "ca: " + file("ca.crt") + ", server-name: shop.test", ", proxy-protocol: v1", origin);
        HttpPeer client = world.http("in");
        client.send("GET /");
        Peer accepted = origin.accept();
        assertThat(accepted.readUntil("\r\n")).startsWith("PROXY TCP4 127.0.0.1 127.0.0.1 ");
        serve(TlsPeer.serving(accepted, TlsPeer.context(shop)).answer());
        expectOk(client);
    }

    @InEachWorld
    void shouldShowItsCertificate(PluginWorld world) throws Exception {
        Origin origin = world.origin();
        start(
                world,
                "ca: " + file("ca.crt") + ", server-name: shop.test, certificate: " + file("client.crt") + ", key: "
                        + file("client.key"),
                "",
                origin);
        HttpPeer client = world.http("in");
        client.send("GET /");
        TlsPeer server = TlsPeer.serving(origin.accept(), TlsPeer.context(shop));
        server.engine().setNeedClientAuth(true);
        server.answer();
        assertThat(server.shown().getSubjectX500Principal().getName()).isEqualTo("CN=baton");
        serve(server);
        expectOk(client);
    }

    @InEachWorld
    void shouldVerifyAnAddress(PluginWorld world) throws Exception {
        Origin origin = world.origin();
        start(world, "ca: " + file("ca.crt"), "", origin);
        HttpPeer client = world.http("in");
        client.send("GET /");
        serve(TlsPeer.serving(origin.accept(), TlsPeer.context(of("127.0.0.1"))).answer());
        expectOk(client);
    }

    // ---- what nobody has asked for ---------------------------------------------------------------------------------

    private static final String UNASKED = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";

    /** A server says more than it has announced: bytes of it that come with the answer, the rest comes later. */
    @InEachWorld
    void shouldUseNoConnectionWithTheBeginningOfARecord(PluginWorld world) throws Exception {
        Origin origin = start(world);
        SSLContext context = TlsPeer.context(shop);
        HttpPeer client = world.http("in");
        for (int cut : new int[] {3, 40}) { // within its header, and within what it carries
            client.send("GET /");
            Peer accepted = origin.accept();
            TlsPeer server = TlsPeer.serving(accepted, context).answer();
            server.readUntil("\r\n\r\n");
            accepted.send(join(server.encrypted(OK), Arrays.copyOf(server.encrypted(UNASKED), cut)));
            expectOk(client);
            world.await("it is idle", () -> idle(world) == 1);
            client.send("GET /");
            serveLast(TlsPeer.serving(origin.accept(), context).answer());
            expectOk(client);
        }
        assertThat(discards(world)).isEqualTo(2);
    }

    /** The same for a request that waits for the connection. */
    @InEachWorld
    void shouldHandOverNoConnectionWithTheBeginningOfARecord(PluginWorld world) throws Exception {
        Origin origin = world.origin();
        start(world, "ca: " + file("ca.crt") + ", server-name: shop.test", ", max-connections: 1", origin);
        SSLContext context = TlsPeer.context(shop);
        HttpPeer client = world.http("in");
        HttpPeer waits = world.http("in");
        for (int cut : new int[] {3, 40}) {
            client.send("GET /");
            Peer accepted = origin.accept();
            TlsPeer server = TlsPeer.serving(accepted, context).answer();
            server.readUntil("\r\n\r\n");
            waits.send("GET /");
            world.await("it waits", () -> world.view().pools().stream().anyMatch(each -> each.waiting() == 1));
            accepted.send(join(server.encrypted(OK), Arrays.copyOf(server.encrypted(UNASKED), cut)));
            expectOk(client);
            serveLast(TlsPeer.serving(origin.accept(), context).answer());
            expectOk(waits);
        }
        assertThat(discards(world)).isEqualTo(2);
    }

    private static void serveLast(TlsPeer server) throws SSLException {
        server.readUntil("\r\n\r\n");
        server.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
    }

    private static long discards(PluginWorld world) {
        return count(world, "baton_upstream_discards_total", "upstream", "app", "reason", "bytes");
    }

    private static byte[] join(byte[] first, byte[] second) {
        byte[] all = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, all, first.length, second.length);
        return all;
    }

    // ---- what is refused --------------------------------------------------------------------------------------------

    /** A server with another certificate: what the client sees, and what is counted. */
    private static void expectRefused(PluginWorld world, Origin origin, CertifiedKey wrong, String reason) {
        HttpPeer client = world.http("in");
        client.sendWithBody("abc", "POST /");
        TlsPeer server = TlsPeer.serving(origin.accept(), TlsPeer.context(wrong));
        assertThatThrownBy(() -> server.answer().readUntil("\r\n\r\n"))
                .as("the server is told")
                .isInstanceOf(SSLException.class)
                .hasMessageContaining("alert");
        assertThat(client.receive().status()).isEqualTo(502);
        assertThat(failures(world, reason)).as(reason).isOne();
        assertThat(count(world, "baton_http_refusals_total", "service", "shop", "reason", "tls_failed"))
                .isOne();
    }

    @InEachWorld
    void shouldRefuseAServerOfAnUnknownAuthority(PluginWorld world) {
        expectRefused(world, start(world), CertificateMaker.of("shop.test").make(), "unknown_authority");
    }

    @InEachWorld
    void shouldRefuseAServerOfAnotherName(PluginWorld world) {
        expectRefused(world, start(world), of("other.test", "*.shop.test"), "wrong_name");
    }

    @InEachWorld
    void shouldRefuseAServerOfAnotherAddress(PluginWorld world) {
        Origin origin = world.origin();
        start(world, "ca: " + file("ca.crt"), "", origin);
        expectRefused(world, origin, of("127.0.0.2", "shop.test"), "wrong_name");
    }

    @InEachWorld
    void shouldRefuseAnExpiredServer(PluginWorld world) {
        Instant now = Instant.now();
        expectRefused(
                world,
                start(world),
                CertificateMaker.of("shop.test")
                        .issuedBy(authority)
                        .valid(now.minus(Duration.ofDays(2)), now.minus(Duration.ofDays(1)))
                        .make(),
                "expired");
    }

    /** What it sends beside its chain may be anything. */
    @InEachWorld
    void shouldNotBlameACertificateThatDoesNotMatter(PluginWorld world) {
        CertifiedKey other = of("other.test");
        List<X509Certificate> chain = new ArrayList<>(other.chain());
        Instant now = Instant.now();
        chain.add(CertificateMaker.of("extra.test")
                .valid(now.minus(Duration.ofDays(2)), now.minus(Duration.ofDays(1)))
                .make()
                .certificate());
        expectRefused(world, start(world), new CertifiedKey(chain, other.key()), "wrong_name");
    }

    @InEachWorld
    void shouldTakeAnyServerIfItVerifiesNone(PluginWorld world) throws Exception {
        Origin origin = world.origin();
        start(world, "verify: false", "", origin);
        HttpPeer client = world.http("in");
        client.send("GET /");
        serve(TlsPeer.serving(
                        origin.accept(),
                        TlsPeer.context(CertificateMaker.of("eve.test").make()))
                .answer());
        expectOk(client);
    }

    /** Nothing was sent: the next server gets even what must not be sent twice. */
    @InEachWorld
    void shouldGoToTheNextServer(PluginWorld world) throws Exception {
        Origin wrong = world.origin();
        Origin right = world.origin();
        start(world, "ca: " + file("ca.crt") + ", server-name: shop.test", "", wrong, right);
        HttpPeer client = world.http("in");
        client.sendWithBody("abc", "POST /");
        wrong.accept().send("HTTP/1.1 400 Bad Request\r\n\r\n");
        TlsPeer server = TlsPeer.serving(right.accept(), TlsPeer.context(shop)).answer();
        serve(server);
        expectOk(client);
        assertThat(failures(world, "not_tls")).isOne();
    }

    @InEachWorld
    void shouldSayWhyAServerRefuses(PluginWorld world) throws Exception {
        Origin origin = start(world);
        HttpPeer client = world.http("in");
        client.send("GET /");
        Peer accepted = origin.accept();
        accepted.read(5);
        accepted.send(new byte[] {21, 3, 3, 0, 2, 2, 112}); // unrecognized_name
        assertThat(client.receive().status()).isEqualTo(502);
        assertThat(failures(world, "alert")).isOne();
    }

    @InEachWorld
    void shouldNoticeAServerThatLeaves(PluginWorld world) throws Exception {
        Origin origin = start(world);
        HttpPeer client = world.http("in");
        client.send("GET /");
        Peer accepted = origin.accept();
        byte[] answer = TlsPeer.serving(accepted, TlsPeer.context(shop)).firstAnswer();
        accepted.send(Arrays.copyOf(answer, answer.length / 2));
        accepted.close();
        assertThat(client.receive().status()).isEqualTo(502);
        assertThat(failures(world, "server_left")).isOne();
    }

    @InEachWorld(worlds = Where.SIMULATION, because = SECONDS)
    void shouldNotWaitForAServerThatSwallowsTheHandshake(PluginWorld world) {
        Origin origin = start(world);
        HttpPeer client = world.http("in");
        client.send("GET /");
        origin.accept().read(5);
        world.pass(Duration.ofMillis(900));
        client.connection().expectNothing();
        world.pass(Duration.ofMillis(200));
        assertThat(client.receive().status()).isEqualTo(504);
        assertThat(failures(world, "timeout")).isOne();
    }

    /** In TLS 1.3 that is after the handshake, as this side sees it. */
    @InEachWorld
    void shouldFailIfTheServerRefusesItsCertificate(PluginWorld world) throws Exception {
        Origin origin = start(world);
        HttpPeer client = world.http("in");
        client.send("GET /");
        TlsPeer server = TlsPeer.serving(origin.accept(), TlsPeer.context(shop));
        server.engine().setNeedClientAuth(true);
        assertThatThrownBy(server::answer).isInstanceOf(SSLException.class);
        server.sayRest();
        assertThat(client.receive().status()).isEqualTo(502);
        assertThat(failures(world, "alert")).isOne();
    }

    // ---- sessions ---------------------------------------------------------------------------------------------------

    private static void resumes(PluginWorld world, String version) throws Exception {
        Origin origin = start(world);
        SSLContext context = TlsPeer.context(shop);
        for (int i = 0; i < 4; i++) {
            HttpPeer client = world.http("in");
            client.send("GET /", "Connection: close");
            TlsPeer server = TlsPeer.serving(origin.accept(), context);
            server.engine().setEnabledProtocols(new String[] {version});
            server.answer();
            server.readUntil("\r\n\r\n");
            server.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
            expectOk(client);
            long began = System.currentTimeMillis();
            while (System.currentTimeMillis() == began) {
                Thread.onSpinWait(); // by their age the JDK's sessions are told apart
            }
        }
        assertThat(handshakes(world, version)).isEqualTo(4);
        assertThat(resumed(world)).isEqualTo(3);
    }

    /** On whichever loop a client is. */
    @InEachWorld
    void shouldResumeSessions(PluginWorld world) throws Exception {
        resumes(world, "TLSv1.3");
    }

    @InEachWorld
    void shouldResumeOlderSessions(PluginWorld world) throws Exception {
        resumes(world, "TLSv1.2");
    }

    /**
     * However often it was resumed, no session outlives the certificate that it began with; and a server that has
     * renewed that has no failure, whether the end is before a handshake or in its middle.
     */
    @InEachWorld(worlds = Where.SIMULATION, because = SECONDS)
    void shouldNotResumeBeyondTheCertificate(PluginWorld world) throws Exception {
        Instant first = Instant.now().plusSeconds(5).truncatedTo(ChronoUnit.SECONDS);
        Instant second = first.plusSeconds(3);
        AtomicReference<CertifiedKey> own = new AtomicReference<>(shopUntil(first));
        SSLContext context = TlsPeer.renewable(own::get);
        Origin origin = start(world);
        List<HttpPeer> clients = List.of(world.http("in"), world.http("in"), world.http("in"));
        List<TlsPeer> servers = new ArrayList<>();
        for (HttpPeer each : clients) { // at once: there are several sessions
            each.send("GET /");
            servers.add(TlsPeer.serving(origin.accept(), context));
        }
        for (TlsPeer each : servers) {
            serveLast(each.answer());
        }
        clients.forEach(TlsServersTest::expectOk);
        // One of them may have begun its handshake when another had ended, and resumed that one's session.
        long before = resumed(world);
        HttpPeer client = clients.get(0);
        client.send("GET /");
        serveLast(TlsPeer.serving(origin.accept(), context).answer());
        expectOk(client);
        assertThat(resumed(world)).isEqualTo(before + 1);

        own.set(shopUntil(second));
        spinUntilAfter(first);
        client.send("GET /");
        serveLast(TlsPeer.serving(origin.accept(), context).answer());
        expectOk(client);
        assertThat(resumed(world)).isEqualTo(before + 1);
        if (!TlsLibrary.isBoringSsl()) {
            return; // that of the JDK was resumed only if its age says so, in whole milliseconds
        }

        own.set(shop);
        client.send("GET /");
        Peer old = origin.accept();
        spinUntilAfter(second);
        try {
            TlsPeer.serving(old, context).answer();
        } catch (AssertionError | SSLException ended) {
            assertThat(ended)
                    .as("what it sees if that is before the end of its own side")
                    .isNotNull();
        }
        serveLast(TlsPeer.serving(origin.accept(), context).answer());
        expectOk(client);
        assertThat(resumed(world)).isEqualTo(before + 1);
        assertThat(failures(world, "expired")).isZero();
    }

    private static CertifiedKey shopUntil(Instant expires) {
        return CertificateMaker.of("shop.test")
                .issuedBy(authority)
                .valid(expires.minus(Duration.ofDays(1)), expires)
                .make();
    }

    /** By the clock that certificates are verified with. */
    private static void spinUntilAfter(Instant time) {
        while (!Instant.now().isAfter(time.plusMillis(1))) {
            Thread.onSpinWait();
        }
    }

    /** A connection of HTTP/2 that has begun nothing but what is under way. */
    @InEachWorld(worlds = Where.SIMULATION, because = SECONDS)
    void shouldBeginNothingOnAConnectionOfBeforeAReload(PluginWorld world) throws Exception {
        Path own = Files.createTempDirectory(folder, "http2");
        TestCertificates.write(
                own, "client", CertificateMaker.of("old").issuedBy(authority).make());
        Origin origin = world.origin();
        start(
                world,
                "ca: " + file("ca.crt") + ", server-name: shop.test, certificate: \"" + own.resolve("client.crt")
                        + "\", key: \"" + own.resolve("client.key") + "\"",
                ", protocol: http/2",
                origin);
        SSLContext context = TlsPeer.context(shop);
        world.pass(Duration.ofSeconds(3));
        world.http("in").send("GET /slow");
        TlsPeer server = TlsPeer.serving(origin.accept(), context).offer("h2").answer();
        server.send(NO_SETTINGS);
        TestCertificates.write(
                own, "client", CertificateMaker.of("new").issuedBy(authority).make());
        world.pass(Duration.ofSeconds(5));
        world.http("in").send("GET /");
        TlsPeer.serving(origin.accept(), context).offer("h2").answer().send(NO_SETTINGS);
        world.await("both are in use", () -> inUse(world) == 2);
    }

    /** A frame of SETTINGS. */
    private static final String NO_SETTINGS = "\0\0\0\4\0\0\0\0\0";

    private static int inUse(PluginWorld world) {
        return world.view().pools().stream().mapToInt(PoolSnapshot::inUse).sum();
    }

    /** Neither a connection nor a session of before the reload is used after it. */
    @InEachWorld(worlds = Where.SIMULATION, because = SECONDS)
    void shouldUseNothingOfBeforeAReload(PluginWorld world) throws Exception {
        Path own = Files.createTempDirectory(folder, "reload");
        TestCertificates.write(
                own, "client", CertificateMaker.of("old").issuedBy(authority).make());
        Origin origin = world.origin();
        start(
                world,
                "ca: " + file("ca.crt") + ", server-name: shop.test, certificate: \"" + own.resolve("client.crt")
                        + "\", key: \"" + own.resolve("client.key") + "\"",
                "",
                origin);
        SSLContext context = TlsPeer.context(shop);
        HttpPeer client = world.http("in");
        client.send("GET /");
        Peer kept = origin.accept();
        TlsPeer server = TlsPeer.serving(kept, context);
        server.engine().setNeedClientAuth(true);
        serve(server.answer());
        expectOk(client);
        client.send("GET /slow");
        server.readUntil("\r\n\r\n"); // in use during the reload
        HttpPeer other = world.http("in");
        other.send("GET /");
        Peer idle = origin.accept();
        TlsPeer second = TlsPeer.serving(idle, context);
        second.engine().setNeedClientAuth(true);
        serve(second.answer());
        expectOk(other);
        assertThat(resumed(world)).isOne();
        world.pass(Duration.ofSeconds(3));
        TestCertificates.write(
                own, "client", CertificateMaker.of("new").issuedBy(authority).make());
        world.pass(Duration.ofSeconds(5));
        second.expectCloseNotify();
        server.send(OK);
        expectOk(client);
        server.expectCloseNotify();
        client.send("GET /");
        TlsPeer third = TlsPeer.serving(origin.accept(), context);
        third.engine().setNeedClientAuth(true);
        third.answer();
        assertThat(third.shown().getSubjectX500Principal().getName()).isEqualTo("CN=new");
        serve(third);
        expectOk(client);
        assertThat(resumed(world)).isOne();
    }

    // ---- ends -------------------------------------------------------------------------------------------------------

    private static final String UNTIL_CLOSE = "HTTP/1.1 200 OK\r\n\r\nhalf of it";

    @InEachWorld
    void shouldTakeABodyForWholeThatEndsWithCloseNotify(PluginWorld world) throws Exception {
        Origin origin = start(world);
        HttpPeer client = world.http("in");
        client.send("GET /");
        Peer accepted = origin.accept();
        TlsPeer server = TlsPeer.serving(accepted, TlsPeer.context(shop)).answer();
        server.readUntil("\r\n\r\n");
        server.send(UNTIL_CLOSE);
        accepted.send(server.closeNotify());
        assertThat(client.receive().text()).isEqualTo("half of it");
    }

    /** Who is on the way could have cut it there. */
    @InEachWorld
    void shouldNotTakeABodyForWholeThatEndsWithout(PluginWorld world) throws Exception {
        Origin origin = start(world);
        HttpPeer client = world.http("in");
        client.send("GET /");
        Peer accepted = origin.accept();
        TlsPeer server = TlsPeer.serving(accepted, TlsPeer.context(shop)).answer();
        server.readUntil("\r\n\r\n");
        server.send(UNTIL_CLOSE);
        client.connection().readUntil("half of it");
        accepted.close();
        assertThat(client.connection().readAll()).doesNotContain("\r\n0\r\n\r\n");
    }

    @InEachWorld
    void shouldNotMindTheMissingEndBehindALength(PluginWorld world) throws Exception {
        Origin origin = start(world);
        HttpPeer client = world.http("in");
        client.send("GET /");
        Peer accepted = origin.accept();
        serve(TlsPeer.serving(accepted, TlsPeer.context(shop)).answer());
        accepted.close();
        expectOk(client);
        client.send("GET /");
        serve(TlsPeer.serving(origin.accept(), TlsPeer.context(shop)).answer());
        expectOk(client);
    }

    // ---- on another loop --------------------------------------------------------------------------------------------

    /** In mid-handshake, mid-request, mid-response and idle; then one loop retires, and the other has them all. */
    @InEachWorld
    void shouldContinueOnAnotherLoop(PluginWorld world) throws Exception {
        Origin origin = start(world);
        SSLContext context = TlsPeer.context(shop);
        List<HttpPeer> clients = new ArrayList<>();
        List<TlsPeer> servers = new ArrayList<>();
        for (int i = 0; i < 16; i++) {
            boolean responds = i % 4 == 3;
            HttpPeer client = world.http("in");
            client.connection().send("POST / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 6\r\n\r\n");
            client.connection().send(responds ? "abcdef" : "abc");
            Peer accepted = origin.accept();
            TlsPeer server = TlsPeer.serving(accepted, context);
            if (i % 4 == 0) {
                accepted.send(server.firstAnswer()); // it waits for the rest
            } else {
                server.answer();
            }
            if (i % 4 >= 2) {
                server.readUntil(responds ? "abcdef" : "abc");
            }
            if (responds) {
                server.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc");
            }
            clients.add(client);
            servers.add(server);
        }
        world.retireLoop(1);
        for (int i = 0; i < clients.size(); i++) {
            HttpPeer client = clients.get(i);
            TlsPeer server = servers.get(i);
            if (i % 4 == 3) {
                server.send("def");
            } else {
                client.connection().send("def");
                server.finish();
                server.readUntil("def");
                server.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabcdef");
            }
            assertThat(client.connection().readUntil("abcdef")).startsWith("HTTP/1.1 200 OK");
        }
        world.await("all are idle", () -> idle(world) == clients.size());
        for (HttpPeer client : clients) {
            client.send("GET /");
        }
        for (TlsPeer server : servers) {
            serve(server);
        }
        clients.forEach(TlsServersTest::expectOk);
        assertThat(handshakes(world, "TLSv1.3")).isEqualTo(16);
    }

    private static int idle(PluginWorld world) {
        return world.view().pools().stream().mapToInt(PoolSnapshot::idle).sum();
    }

    /** Whichever loop had it idle. */
    @InEachWorld
    void shouldBeUsedByEachLoop(PluginWorld world) throws Exception {
        Origin origin = world.origin();
        world.plugin(HttpPlugin.class).plugin(ConnectionTakeoverPlugin.class);
        world.start("""
                listeners: { in: { bind: "127.0.0.1:0", service: shop, balance: least-loaded } }
                services: { shop: { type: http, upstream: app } }
                upstreams: { app: { servers: ["SERVER"], tls: { ca: CA, server-name: shop.test } } }
                """.replace("SERVER", origin.address()).replace("CA", file("ca.crt")));
        HttpPeer first = world.http("in");
        first.send("GET /");
        TlsPeer server = TlsPeer.serving(origin.accept(), TlsPeer.context(shop)).answer();
        serve(server);
        expectOk(first);
        HttpPeer second = world.http("in");
        for (int i = 0; i < 4; i++) {
            world.await("it is idle", () -> idle(world) == 1);
            HttpPeer next = i % 2 == 0 ? second : first;
            next.send("GET /");
            serve(server);
            expectOk(next);
        }
        long reuses = Stream.of("local", "takeover")
                .mapToLong(how -> count(world, "baton_upstream_reuses_total", "upstream", "app", "how", how))
                .sum();
        assertThat(reuses).isEqualTo(4);
        assertThat(handshakes(world, "TLSv1.3")).isOne();
    }

    // ---- what comes while it is idle ------------------------------------------------------------------------------

    private static Origin startOnTwoLoops(PluginWorld world, String more) {
        Origin origin = world.origin();
        world.plugin(HttpPlugin.class).plugin(ConnectionTakeoverPlugin.class);
        world.start("""
                listeners: { in: { bind: "127.0.0.1:0", service: shop, balance: least-loaded } }
                services: { shop: { type: http, upstream: app } }
                upstreams: { app: { servers: ["SERVER"], tls: { ca: CA, server-name: shop.test }MORE } }
                """.replace("SERVER", origin.address())
                .replace("CA", file("ca.crt"))
                .replace("MORE", more));
        return origin;
    }

    private static long allDiscards(PluginWorld world) {
        return Stream.of("bytes", "end", "reset")
                .mapToLong(each -> count(world, "baton_upstream_discards_total", "upstream", "app", "reason", each))
                .sum();
    }

    /**
     * A message of TLS itself, such as new keys or a session ticket, says nothing to a request. The loop that takes the
     * connection over may be the first to see it.
     */
    @InEachWorld
    void shouldUseAConnectionOnWhichTlsHasSaidSomething(PluginWorld world) throws Exception {
        Origin origin = startOnTwoLoops(world, ", max-connections: 1"); // if it is busy, no other is opened
        SSLContext context = TlsPeer.context(shop);
        HttpPeer first = world.http("in");
        first.send("GET /");
        TlsPeer server = TlsPeer.serving(origin.accept(), context).answer();
        serve(server);
        expectOk(first);
        HttpPeer second = world.http("in");
        for (int i = 0; i < 12; i++) {
            world.await("it is idle", () -> idle(world) == 1);
            HttpPeer next = i % 2 == 0 ? second : first;
            server.renegotiate();
            next.send("GET /");
            try {
                serve(server);
            } catch (AssertionError ended) { // it was busy just then, and has made room for another one
                server = TlsPeer.serving(origin.accept(), context).answer();
                serve(server);
            }
            expectOk(next);
        }
        assertThat(allDiscards(world)).isZero();
    }

    /** The socket is still open: what says so is in a record. */
    @InEachWorld
    void shouldNotUseAConnectionWhoseServerHasSaidItsLast(PluginWorld world) throws Exception {
        Origin origin = startOnTwoLoops(world, "");
        SSLContext context = TlsPeer.context(shop);
        HttpPeer first = world.http("in");
        HttpPeer second = world.http("in");
        for (int i = 0; i < 8; i++) {
            HttpPeer next = i % 2 == 0 ? second : first;
            next.send("GET /");
            Peer accepted = origin.accept();
            TlsPeer server = TlsPeer.serving(accepted, context).answer();
            serve(server);
            expectOk(next);
            world.await("it is idle", () -> idle(world) == 1);
            accepted.send(server.closeNotify());
        }
        assertThat(handshakes(world, "TLSv1.3")).isEqualTo(8);
    }

    // ---- checks -----------------------------------------------------------------------------------------------------

    @InEachWorld(worlds = Where.SIMULATION, because = SECONDS)
    void shouldCheckServersWithTls(PluginWorld world) throws Exception {
        Origin origin = world.origin();
        start(
                world,
                "ca: " + file("ca.crt") + ", server-name: shop.test",
                ", check: { type: http, interval: 1s, rise: 1, fall: 1 }",
                origin);
        SSLContext context = TlsPeer.context(shop);
        TlsPeer server = TlsPeer.serving(origin.accept(), context).offer("http/1.1");
        server.answer();
        assertThat(server.engine().getApplicationProtocol()).isEqualTo("http/1.1");
        assertThat(server.readUntil("\r\n\r\n")).contains("User-Agent: baton-check");
        server.send(OK);
        world.await("it is up", () -> health(world).startsWith("UP"));
        Peer refused = origin.accept();
        assertThatThrownBy(() -> TlsPeer.serving(refused, TlsPeer.context(of("other.test")))
                        .answer()
                        .readUntil("\r\n"))
                .isInstanceOf(SSLException.class);
        world.await("it is down", () -> health(world).startsWith("DOWN"));
        assertThat(health(world)).contains("its certificate is for other.test, and not for shop.test");
    }

    /** What requests speak. */
    @InEachWorld(worlds = Where.SIMULATION, because = SECONDS)
    void shouldCheckServersInHttp2WithTls(PluginWorld world) throws Exception {
        Origin origin = world.origin();
        start(
                world,
                "ca: " + file("ca.crt") + ", server-name: shop.test",
                ", protocol: http/2, check: { type: http, interval: 1s, rise: 1, fall: 1 }",
                origin);
        SSLContext context = TlsPeer.context(shop);
        TlsPeer server = TlsPeer.serving(origin.accept(), context).offer("http/1.1", "h2");
        server.answer();
        assertThat(server.engine().getApplicationProtocol()).isEqualTo("h2");
        server.readUntil("SM\r\n\r\n");
        Peer refused = origin.accept();
        assertThatThrownBy(() -> TlsPeer.serving(refused, context)
                        .offer("http/1.1")
                        .answer()
                        .readUntil("\r\n"))
                .as("a server that speaks HTTP/1.1 alone")
                .isNotNull();
        world.await("it is down", () -> health(world).startsWith("DOWN"));
    }

    private static String health(PluginWorld world) {
        ServerSnapshot server = world.view().upstreams().get(0).servers().get(0);
        return server.health() + " " + server.failure();
    }
}
