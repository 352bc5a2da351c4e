package dev.baton.plugin.tls;

import static dev.baton.testkit.TestCertificates.entry;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.runtime.tls.TlsLibrary;
import dev.baton.spi.Plugin;
import dev.baton.spi.PluginBinder;
import dev.baton.spi.admin.LoopResult;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.channel.TlsFacts;
import dev.baton.spi.service.Service;
import dev.baton.spi.service.ServiceContext;
import dev.baton.spi.service.ServiceFactory;
import dev.baton.spi.tls.CertificateMaker;
import dev.baton.spi.tls.CertificatesReloaded;
import dev.baton.spi.tls.CertifiedKey;
import dev.baton.spi.tls.Pem;
import dev.baton.testkit.TestCertificates;
import dev.baton.testkit.world.InEachWorld;
import dev.baton.testkit.world.Peer;
import dev.baton.testkit.world.PluginWorld;
import dev.baton.testkit.world.TlsPeer;
import dev.baton.testkit.world.Where;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;

/** A service behind TLS. */
class TlsWorldTest {
    private static final Duration TIMEOUT = Duration.ofSeconds(5);
    private static final Duration SLACK = Duration.ofMillis(100);
    private static final String SECONDS = "it lasts for seconds";
    private static final int CLIENTS = 4;
    private static final byte CLIENT_HELLO = 1;

    @TempDir
    static Path folder;

    private static CertifiedKey shop;
    private static CertifiedKey wild;
    private static CertifiedKey wildRsa;
    private static CertifiedKey authority;

    @BeforeAll
    static void makeCertificates() throws Exception {
        shop = TestCertificates.selfSigned(folder, "shop", "shop.test");
        wild = TestCertificates.selfSigned(folder, "wild", "*.wild.test");
        wildRsa = TestCertificates.write(
                folder, "wild-rsa", CertificateMaker.of("*.wild.test").rsa().make());
        authority = TestCertificates.write(
                folder, "ca", CertificateMaker.of("ca").authority().make());
    }

    static final class TalkPlugin implements Plugin {
        @Override
        public void configure(PluginBinder binder) {
            binder.service("talk", Nothing.class, Factory.class);
        }
    }

    record Nothing() {}

    static final class Factory implements ServiceFactory<Nothing> {
        @Override
        public Service create(String name, Nothing config, ServiceContext context) {
            return (connection, listener) -> connection.pipeline().addLast(new Talk());
        }
    }

    /** Says what it knows of TLS, then what the client sends; after "bye", shuts its output. */
    private static final class Talk extends SimpleChannelInboundHandler<ByteBuf> {
        @Override
        public void channelActive(ChannelHandlerContext context) {
            TlsFacts tls = ((MovableChannel) context.channel()).tls();
            say(
                    context,
                    tls == null
                            ? "plain\n"
                            : tls.version() + " " + tls.serverName() + " " + tls.alpn() + " "
                                    + (tls.peerCertificates().isEmpty()
                                            ? "nobody"
                                            : tls.peerCertificates().get(0).getSubjectX500Principal())
                                    + "\n");
        }

        @Override
        protected void channelRead0(ChannelHandlerContext context, ByteBuf message) {
            String text = message.toString(StandardCharsets.UTF_8);
            say(context, text);
            if (text.equals("bye")) {
                ((MovableChannel) context.channel()).shutdownOutput();
            }
        }

        private static void say(ChannelHandlerContext context, String text) {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            context.writeAndFlush(context.alloc().buffer(bytes.length).writeBytes(bytes));
        }
    }

    private static void start(PluginWorld world, String certificates, String more) {
        world.plugin(TlsPlugin.class);
        world.plugin(TalkPlugin.class);
        world.start("""
                listeners:
                  in: { bind: "127.0.0.1:0", service: talk, accept-timeout: 5s, tls: { certificates: [CERTIFICATES]MORE } }
                services: { talk: { type: talk } }
                """.replace("CERTIFICATES", certificates).replace("MORE", more));
    }

    private static void start(PluginWorld world) {
        start(world, entry(folder, "shop"), ", alpn: [x/1, y/1]");
    }

    private static long failures(PluginWorld world, String reason) {
        return world.metrics()
                .counter("baton_tls_failures_total", "", "reason", reason)
                .count();
    }

    private static long allFailures(PluginWorld world) {
        return List.of(
                        "not_tls",
                        "client_hello_too_long",
                        "client_hello_malformed",
                        "unknown_name",
                        "alpn",
                        "client_certificate",
                        "handshake",
                        "client_left",
                        "cut",
                        "renegotiation",
                        "record")
                .stream()
                .mapToLong(reason -> failures(world, reason))
                .sum();
    }

    private static int connections(PluginWorld world) {
        return world.view().listeners().get(0).connections();
    }

    // ---- what it is for -------------------------------------------------------------------------------------------

    @InEachWorld
    void shouldTellTheServiceWhatWasSettled(PluginWorld world) throws Exception {
        start(world);
        TlsPeer client = TlsPeer.over(world.connect("in"), "Shop.Test")
                .offer("y/1", "x/1")
                .handshake();
        client.expect("TLSv1.3 shop.test x/1 nobody\n");
        client.send("hello");
        client.expect("hello");
        assertThat(client.shown()).isEqualTo(shop.certificate());
        client.close();
        TlsPeer older = TlsPeer.over(world.connect("in"));
        older.engine().setEnabledProtocols(new String[] {"TLSv1.2"});
        older.handshake().expect("TLSv1.2 null null nobody\n");
        older.send("hello");
        older.expect("hello");
        older.close();
        assertThat(allFailures(world)).isZero();
    }

    @InEachWorld
    void shouldReadAClientHelloWhateverTheCuts(PluginWorld world) throws Exception {
        start(world);
        Peer peer = world.connect("in");
        TlsPeer client = TlsPeer.over(peer);
        for (byte each : client.clientHello()) {
            peer.send(new byte[] {each});
            if (world.where() == Where.SIMULATION) {
                world.pass(Duration.ofMillis(1)); // until it was read: else several may be read at once
            }
        }
        client.finish().readUntil("nobody\n");
        client.close();
    }

    /** In several records, which RFC 8446 allows. */
    @InEachWorld
    void shouldReadAClientHelloInPieces(PluginWorld world) throws Exception {
        start(world);
        Peer peer = world.connect("in");
        TlsPeer client = TlsPeer.over(peer, "shop.test");
        byte[] hello = client.clientHello();
        for (int at = 5; at < hello.length; at += 100) {
            byte[] piece = Arrays.copyOfRange(hello, at, Math.min(hello.length, at + 100));
            peer.send(new byte[] {22, 3, 1, 0, (byte) piece.length});
            peer.send(piece);
        }
        client.finish().readUntil("shop.test null nobody\n");
        client.close();
    }

    /** Else a client would take the end of what it gets for an attack. */
    @InEachWorld
    void shouldSayThatNothingMoreComesBeforeItShutsItsOutput(PluginWorld world) throws Exception {
        start(world);
        Peer peer = world.connect("in");
        TlsPeer client = TlsPeer.over(peer).handshake();
        client.readUntil("nobody\n");
        client.send("bye");
        client.expect("bye");
        client.expectCloseNotify();
        peer.expectEnd();
    }

    // ---- which certificate ------------------------------------------------------------------------------------------

    private static String several() {
        return entry(folder, "shop") + ", " + entry(folder, "wild") + ", " + entry(folder, "wild-rsa");
    }

    @InEachWorld
    void shouldShowTheCertificateOfTheNameThatIsAskedFor(PluginWorld world) throws Exception {
        start(world, several(), "");
        for (String name : List.of("shop.test", "other.test")) {
            TlsPeer client = TlsPeer.over(world.connect("in"), name).handshake();
            assertThat(client.shown()).as(name).isEqualTo(shop.certificate());
            client.close();
        }
        TlsPeer client = TlsPeer.over(world.connect("in"), "a.wild.test").handshake();
        assertThat(client.shown()).isEqualTo(wild.certificate());
        client.close();
        TlsPeer rsa = TlsPeer.over(world.connect("in"), "a.wild.test");
        rsa.engine().setEnabledProtocols(new String[] {"TLSv1.2"});
        rsa.engine().setEnabledCipherSuites(new String[] {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"});
        rsa.handshake();
        assertThat(rsa.shown()).isEqualTo(wildRsa.certificate());
        rsa.close();
    }

    @InEachWorld
    void shouldRefuseWhoAsksForAnUnknownNameIfThatIsSaid(PluginWorld world) throws Exception {
        start(world, several(), ", unknown-name: refuse");
        TlsPeer client = TlsPeer.over(world.connect("in"), "other.test");
        assertThatThrownBy(client::handshake)
                .isInstanceOf(SSLException.class)
                .hasMessageContaining("unrecognized_name");
        TlsPeer.over(world.connect("in"), "b.wild.test").handshake().close();
        world.await("it is counted", () -> failures(world, "unknown_name") == 1);
    }

    /** RFC 7301, section 3.2: a client must not take one protocol for another. */
    @InEachWorld
    void shouldRefuseWhoOffersOnlyOtherProtocols(PluginWorld world) throws Exception {
        start(world);
        TlsPeer client = TlsPeer.over(world.connect("in"), "shop.test").offer("z/1");
        assertThatThrownBy(client::handshake)
                .isInstanceOf(SSLException.class)
                .hasMessageContaining("no_application_protocol");
        TlsPeer one = TlsPeer.over(world.connect("in"), "shop.test")
                .offer("z/1", "x/1")
                .handshake();
        one.expect("TLSv1.3 shop.test x/1 nobody\n");
        one.close();
        world.await("it is counted", () -> failures(world, "alpn") == 1);
        assertThat(allFailures(world)).isOne();
    }

    // ---- new certificates -------------------------------------------------------------------------------------------

    private static CertificatesReloaded reload(PluginWorld world) {
        return (CertificatesReloaded) world.act("certificates/reload", Map.of());
    }

    private static void shows(PluginWorld world, CertifiedKey wanted) throws Exception {
        TlsPeer client = TlsPeer.over(world.connect("in")).handshake();
        assertThat(client.shown()).isEqualTo(wanted.certificate());
        client.close();
    }

    /** In pairs only; what has begun goes on. */
    @InEachWorld
    void shouldShowANewCertificateAfterAReload(PluginWorld world) throws Exception {
        world.expectErrors(); // a wrong one is logged
        Path own = Files.createTempDirectory(folder, "reload");
        CertifiedKey first = TestCertificates.selfSigned(own, "web", "web.test");
        start(world, entry(own, "web"), "");
        TlsPeer stays = TlsPeer.over(world.connect("in")).handshake();
        stays.readUntil("nobody\n");
        assertThat(reload(world)).isEqualTo(new CertificatesReloaded(1, 0, List.of()));
        CertifiedKey second = CertificateMaker.of("web.test").make();
        Files.writeString(own.resolve("web.crt"), Pem.write(second.chain()));
        CertificatesReloaded half = reload(world);
        assertThat(half.replaced()).isZero();
        assertThat(half.problems())
                .containsExactly(
                        own.resolve("web.key") + " is not the key of the certificate " + own.resolve("web.crt"));
        shows(world, first);
        Files.writeString(own.resolve("web.key"), Pem.write(second.key()));
        assertThat(reload(world)).isEqualTo(new CertificatesReloaded(1, 1, List.of()));
        shows(world, second);
        stays.send("hello");
        stays.expect("hello");
        stays.close();
    }

    @InEachWorld(worlds = Where.SIMULATION, because = SECONDS)
    void shouldShowWhatTheFilesHaveWhenTheyHaveChanged(PluginWorld world) throws Exception {
        Path own = Files.createTempDirectory(folder, "watch");
        CertifiedKey first = TestCertificates.selfSigned(own, "web", "web.test");
        start(world, entry(own, "web"), "");
        world.pass(Duration.ofSeconds(3));
        shows(world, first);
        CertifiedKey second = TestCertificates.selfSigned(own, "web", "web.test", "www.web.test");
        world.pass(Duration.ofSeconds(5));
        shows(world, second);
    }

    private static List<? extends Record> listed(PluginWorld world) {
        return Objects.requireNonNull(world.view().views().get("certificates")).rows();
    }

    @InEachWorld
    void shouldForgetTheCertificatesOfAListenerThatIsRemoved(PluginWorld world) {
        start(world, several(), "");
        assertThat(listed(world)).hasSize(3);
        world.await(world.control().unbindListener("in", Duration.ZERO, Optional.empty(), true));
        assertThat(listed(world)).isEmpty();
    }

    // ---- certificates of clients
    // --------------------------------------------------------------------------------------

    private static String clientCa(String more) {
        return ", client-ca: \"" + folder.resolve("ca.crt") + "\"" + more;
    }

    private static CertifiedKey ofTheAuthority() {
        return CertificateMaker.of("ann").issuedBy(authority).make();
    }

    @InEachWorld
    void shouldKnowTheClientByItsCertificate(PluginWorld world) throws Exception {
        start(world, entry(folder, "shop"), clientCa(""));
        TlsPeer client = TlsPeer.over(world.connect("in"), TlsPeer.context(ofTheAuthority()), null)
                .handshake();
        client.expect("TLSv1.3 null null CN=ann\n");
        client.close();
    }

    /** In TLS 1.3 the client believes that the handshake is done before the server has seen its certificate. */
    @InEachWorld
    void shouldRefuseAClientWithoutTheRightCertificate(PluginWorld world) {
        start(world, entry(folder, "shop"), clientCa(""));
        Instant now = Instant.now();
        CertifiedKey stranger = CertificateMaker.of("eve")
                .issuedBy(CertificateMaker.of("ca").authority().make()) // the client sends no other issuer's
                .make();
        CertifiedKey expired = CertificateMaker.of("ann")
                .issuedBy(authority)
                .valid(now.minus(Duration.ofDays(9)), now.minus(Duration.ofDays(8)))
                .make();
        Map<String, Optional<CertifiedKey>> alerts = Map.of(
                "certificate_required",
                Optional.empty(),
                "unknown_ca",
                Optional.of(stranger),
                "certificate_expired",
                Optional.of(expired));
        alerts.forEach((alert, own) -> {
            TlsPeer client = TlsPeer.over(world.connect("in"), TlsPeer.context(own.orElse(null)), null);
            assertThatThrownBy(() -> client.handshake().readUntil("\n"))
                    .isInstanceOf(SSLException.class)
                    .hasMessageContaining(TlsLibrary.isBoringSsl() ? alert : "certificate"); // the JDK is less exact
        });
        world.await("they are counted", () -> failures(world, "client_certificate") == 3);
        assertThat(allFailures(world)).isEqualTo(3);
    }

    @InEachWorld
    void shouldServeAClientWithoutACertificateIfItIsOptional(PluginWorld world) throws Exception {
        start(world, entry(folder, "shop"), clientCa(", client-auth: optional"));
        TlsPeer client = TlsPeer.over(world.connect("in")).handshake();
        client.expect("TLSv1.3 null null nobody\n");
        client.close();
        TlsPeer known = TlsPeer.over(world.connect("in"), TlsPeer.context(ofTheAuthority()), null)
                .handshake();
        known.expect("TLSv1.3 null null CN=ann\n");
        known.close();
    }

    // ---- what goes wrong --------------------------------------------------------------------------------------------

    @InEachWorld
    void shouldResetWhoDoesNotSpeakTls(PluginWorld world) {
        start(world);
        Peer client = world.connect("in");
        client.send("GET / HTTP/1.1\r\n\r\n");
        client.expectReset();
        assertThat(failures(world, "not_tls")).isOne();
    }

    @InEachWorld
    void shouldBoundTheClientHello(PluginWorld world) {
        start(world);
        Peer says = world.connect("in");
        says.send(new byte[] {22, 3, 1, 0, 4, CLIENT_HELLO, 1, 0, 0});
        says.expectReset();
        assertThat(failures(world, "client_hello_too_long")).isOne();
        Peer lies = world.connect("in");
        lies.send(new byte[] {22, 3, 1, 0, 8, CLIENT_HELLO, 0, 0, 4, 3, 3, 0, 0});
        lies.expectReset();
        assertThat(failures(world, "client_hello_malformed")).isOne();
    }

    @InEachWorld
    void shouldRefuseAClientWithNothingInCommon(PluginWorld world) {
        start(world, entry(folder, "shop"), ", versions: [TLSv1.3]");
        TlsPeer client = TlsPeer.over(world.connect("in"));
        client.engine().setEnabledProtocols(new String[] {"TLSv1.2"});
        assertThatThrownBy(client::handshake).isInstanceOf(SSLException.class).hasMessageContaining("protocol_version");
        world.await("it is counted", () -> failures(world, "handshake") == 1);
        assertThat(allFailures(world)).isOne();
    }

    @InEachWorld
    void shouldNotRenegotiate(PluginWorld world) throws Exception {
        start(world);
        TlsPeer client = TlsPeer.over(world.connect("in"));
        client.engine().setEnabledProtocols(new String[] {"TLSv1.2"});
        client.handshake().readUntil("nobody\n");
        client.renegotiate();
        world.await("it is counted", () -> failures(world, "renegotiation") == 1);
        world.await("no connection", () -> connections(world) == 0);
        assertThat(allFailures(world)).isOne();
    }

    @InEachWorld
    void shouldEndAConnectionWhoseBytesCannotBeDecrypted(PluginWorld world) throws Exception {
        start(world);
        Peer peer = world.connect("in");
        TlsPeer client = TlsPeer.over(peer).handshake();
        client.readUntil("nobody\n");
        byte[] record = client.encrypted("hello");
        record[record.length - 1] ^= 1;
        peer.send(record);
        world.await("no connection", () -> connections(world) == 0);
        assertThat(failures(world, "record")).isOne();
    }

    @InEachWorld(worlds = Where.SIMULATION, because = SECONDS)
    void shouldCutAHandshakeThatStands(PluginWorld world) {
        start(world);
        Peer silent = world.connect("in");
        Peer halfway = world.connect("in");
        byte[] hello = TlsPeer.over(halfway).clientHello();
        halfway.send(Arrays.copyOf(hello, hello.length / 2));
        Peer stalls = world.connect("in");
        stalls.send(TlsPeer.over(stalls).clientHello());
        stalls.read(5); // the server has answered
        world.pass(TIMEOUT.minus(SLACK));
        assertThat(connections(world)).isEqualTo(3);
        world.pass(SLACK.multipliedBy(2));
        silent.expectReset();
        halfway.expectReset();
        assertThat(failures(world, "cut")).isEqualTo(3);
        assertThat(allFailures(world)).isEqualTo(3);
    }

    /** Whatever a client has sent until then, and however it leaves. */
    @InEachWorld
    void shouldForgetWhoLeaves(PluginWorld world) throws Exception {
        start(world);
        for (boolean resets : new boolean[] {false, true}) {
            for (int stage = 0; stage < 4; stage++) {
                Peer peer = world.connect("in");
                TlsPeer client = TlsPeer.over(peer);
                byte[] hello = client.clientHello();
                if (stage > 0) {
                    peer.send(stage == 1 ? Arrays.copyOf(hello, hello.length / 2) : hello);
                }
                if (stage == 3) {
                    client.finish();
                }
                if (resets) {
                    peer.reset();
                } else {
                    peer.close();
                }
            }
        }
        world.await("no connections", () -> connections(world) == 0);
        TlsPeer client = TlsPeer.over(world.connect("in")).handshake();
        client.readUntil("nobody\n");
        client.close();
    }

    // ---- on another loop --------------------------------------------------------------------------------------------

    /**
     * Connections of both loops, before, in and after their handshakes; then one loop retires, and the other one has
     * them all.
     */
    @InEachWorld
    void shouldGoOnOnAnotherLoop(PluginWorld world) throws Exception {
        start(world);
        List<Peer> peers = new ArrayList<>();
        List<TlsPeer> clients = new ArrayList<>();
        List<byte[]> hellos = new ArrayList<>();
        for (int i = 0; i < 4 * CLIENTS; i++) {
            Peer peer = world.connect("in");
            TlsPeer client = TlsPeer.over(peer);
            byte[] hello = client.clientHello();
            switch (i % 4) {
                case 1 -> peer.send(Arrays.copyOf(hello, hello.length / 2));
                case 2 -> peer.send(hello);
                case 3 -> {
                    peer.send(hello);
                    client.finish().readUntil("nobody\n");
                }
                default -> {} // it waits
            }
            peers.add(peer);
            clients.add(client);
            hellos.add(hello);
        }
        world.await("all are accepted", () -> connections(world) == 4 * CLIENTS);
        assertThat(world.await(world.control().retireLoop(1)).outcome()).isEqualTo(LoopResult.Outcome.RETIRED);
        for (int i = 0; i < clients.size(); i++) {
            byte[] hello = hellos.get(i);
            switch (i % 4) {
                case 0 -> peers.get(i).send(hello);
                case 1 -> peers.get(i).send(Arrays.copyOfRange(hello, hello.length / 2, hello.length));
                default -> {} // it was sent
            }
            if (i % 4 != 3) {
                clients.get(i).finish().readUntil("nobody\n");
            }
            clients.get(i).send("hello");
            clients.get(i).expect("hello");
            clients.get(i).close();
        }
        assertThat(allFailures(world)).isZero();
    }

    /** A client resumes its session on whichever loop accepts it. */
    @InEachWorld
    void shouldResumeSessions(PluginWorld world) throws Exception {
        start(world);
        SSLContext context = TlsPeer.context(null);
        TlsPeer first = TlsPeer.over(world.connect("in"), context, "shop.test");
        first.handshake().readUntil("nobody\n");
        long began = first.engine().getSession().getCreationTime();
        first.send("hello");
        first.expect("hello");
        first.close();
        TlsPeer second = TlsPeer.over(world.connect("in"), context, "shop.test");
        second.handshake().readUntil("nobody\n");
        assertThat(second.engine().getSession().getCreationTime()).isEqualTo(began);
        second.close();
    }
}
