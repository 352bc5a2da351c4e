package dev.baton.runtime.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.runtime.config.UpstreamTlsConfig;
import dev.baton.runtime.metrics.Meters;
import dev.baton.spi.config.WrongValueException;
import dev.baton.spi.tls.CertificateFiles;
import dev.baton.spi.tls.CertificateMaker;
import dev.baton.spi.tls.CertificateSnapshot;
import dev.baton.spi.tls.CertificateStore;
import dev.baton.spi.tls.CertificatesReloaded;
import dev.baton.spi.tls.CertifiedKey;
import dev.baton.spi.tls.CipherSuite;
import dev.baton.spi.tls.Pem;
import dev.baton.spi.tls.ServerTlsConfig;
import dev.baton.spi.tls.TlsVersion;
import dev.baton.spi.tls.UnknownName;
import io.netty.handler.ssl.OpenSslServerContext;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a process knows of its certificates, and when it reads them again. */
class LiveTlsTest {
    private static final Instant EXPIRES = Instant.parse("2030-06-15T12:00:00Z");

    @TempDir
    Path folder;

    private Instant now = EXPIRES.minus(Duration.ofDays(30));
    private final Meters metrics = new Meters();
    private final LiveTls tls = new LiveTls(metrics, () -> now);
    private Path certificate = Path.of("");
    private Path key = Path.of("");

    @BeforeEach
    void writeACertificate() throws Exception {
        certificate = folder.resolve("web.crt");
        key = folder.resolve("web.key");
        write(EXPIRES);
    }

    private void write(Instant expires) throws Exception {
        CertifiedKey made = CertificateMaker.of("web.test", "*.web.test")
                .valid(expires.minus(Duration.ofDays(365)), expires)
                .make();
        Files.writeString(certificate, Pem.write(made.chain()));
        Files.writeString(key, Pem.write(made.key()));
        // However coarse the clock of the file system is:
        Files.setLastModifiedTime(certificate, FileTime.from(expires));
        Files.setLastModifiedTime(key, FileTime.from(expires));
    }

    private ServerTls serve() {
        return serve(List.of(new CertificateFiles(certificate, key, Optional.empty())), Optional.empty());
    }

    private ServerTls serve(List<CertificateFiles> files, Optional<Boolean> store) {
        return (ServerTls) tls.server(new ServerTlsConfig(
                files,
                store,
                List.of(),
                List.of(),
                Optional.empty(),
                Optional.empty(),
                List.of(),
                UnknownName.DEFAULT,
                false));
    }

    private String expiry() {
        return metrics.scrape()
                .lines()
                .filter(line -> line.startsWith("baton_tls_certificate_expiry_timestamp{"))
                .findFirst()
                .orElse("none");
    }

    /** What the service speaks, unless the file says what to offer. */
    @Test
    void shouldOfferWhatTheServiceSpeaks() {
        ServerTls server = serve();
        assertThat(offered(server)).isEmpty();
        server.serves(List.of("h2", "http/1.1"));
        assertThat(offered(server)).containsExactly("h2", "http/1.1");
        ServerTls said = (ServerTls) tls.server(server.config().orAlpn(List.of("http/1.1")));
        said.serves(List.of("h2", "http/1.1"));
        assertThat(offered(said)).containsExactly("http/1.1");
    }

    @Test
    void shouldRefuseToOfferWhatTheServiceDoesNotSpeak() {
        ServerTls server = (ServerTls) tls.server(serve().config().orAlpn(List.of("h3", "http/1.1", "spdy/1")));
        server.serves(List.of()); // a service that does not say what it speaks
        assertThatIllegalArgumentException()
                .isThrownBy(() -> server.serves(List.of("h2", "http/1.1")))
                .withMessage("tls.alpn: the service does not speak h3, spdy/1; it speaks h2, http/1.1");
    }

    private ServerTls serve(List<TlsVersion> versions, List<String> alpn, CipherSuite... suites) {
        return (ServerTls) tls.server(new ServerTlsConfig(
                serve().config().certificates(),
                Optional.empty(),
                versions,
                List.of(suites),
                Optional.empty(),
                Optional.empty(),
                alpn,
                UnknownName.DEFAULT,
                false));
    }

    /** RFC 9113, section 9.2.2. */
    @Test
    void shouldNotOfferHttp2WhereTls12HasOnlySuitesThatItMustNotUse() {
        List<String> both = List.of("h2", "http/1.1");
        CipherSuite cbc = CipherSuite.ECDHE_ECDSA_AES_128_CBC;
        for (List<TlsVersion> versions :
                List.of(List.<TlsVersion>of(), List.of(TlsVersion.TLS_1_2, TlsVersion.TLS_1_3))) {
            ServerTls old = serve(versions, List.of(), cbc, CipherSuite.ECDHE_RSA_AES_256_CBC);
            old.serves(both);
            assertThat(offered(old)).containsExactly("http/1.1");
            assertThatThrownBy(() -> serve(versions, both, cbc))
                    .isInstanceOfSatisfying(
                            WrongValueException.class,
                            wrong -> assertThat(wrong.component()).isEqualTo("alpn[0]"))
                    .hasMessageContaining("AES-GCM or ChaCha20");
        }
        ServerTls mixed = serve(List.of(), List.of(), cbc, CipherSuite.ECDHE_ECDSA_AES_128_GCM);
        mixed.serves(both);
        assertThat(offered(mixed)).isEqualTo(both);
        assertThat(offered(serve(List.of(), List.of("http/1.1"), cbc))).containsExactly("http/1.1");
    }

    private static List<String> offered(ServerTls server) {
        return server.certificates()
                .get(0)
                .context()
                .applicationProtocolNegotiator()
                .protocols();
    }

    /** What servers are shown is listed, measured and read again as well. */
    @Test
    void shouldKnowTheCertificatesThatServersAreShown() throws Exception {
        ClientTls client = tls.client(
                "app",
                new UpstreamTlsConfig(
                        true,
                        Optional.of(certificate),
                        Optional.empty(),
                        true,
                        Optional.of(certificate),
                        Optional.of(key),
                        Optional.empty(),
                        List.of(),
                        List.of(),
                        List.of()));
        assertThat(tls.certificates())
                .singleElement()
                .satisfies(each -> assertThat(each.source()).isEqualTo(certificate.toString()));
        assertThat(expiry()).endsWith(" 1.9077552E9");
        List<String> told = new ArrayList<>();
        client.whenReplaced(() -> told.add("replaced"));
        tls.look();
        Instant later = EXPIRES.plus(Duration.ofDays(90));
        write(later);
        tls.look();
        tls.look();
        assertThat(told).containsExactly("replaced");
        assertThat(tls.certificates().get(0).expires()).isEqualTo(later.toString());
        Files.writeString(key, "no key");
        CertificatesReloaded wrong = tls.reload().toCompletableFuture().join();
        assertThat(wrong.problems()).singleElement().asString().startsWith(key + " has no private key");
        assertThat(tls.certificates().get(0).problem()).startsWith(key + " has no private key");
        assertThat(tls.certificates().get(0).expires()).isEqualTo(later.toString());
        assertThat(told).hasSize(1);
    }

    @Test
    void shouldShowWhatThereIs() {
        assertThat(tls.isUsed()).isFalse();
        assertThat(tls.certificates()).isEmpty();
        ServerTls server = serve();
        assertThat(tls.isUsed()).isTrue();
        assertThat(tls.certificates())
                .containsExactly(new CertificateSnapshot(
                        List.of("web.test", "*.web.test"),
                        "EC",
                        "2030-06-15T12:00:00Z",
                        30,
                        "CN=web.test",
                        certificate.toString(),
                        "",
                        ""));
        double told = Double.parseDouble(expiry().substring(expiry().lastIndexOf(' ')));
        assertThat((long) told).isEqualTo(EXPIRES.getEpochSecond());
        now = EXPIRES.plusSeconds(1);
        assertThat(tls.certificates().get(0).daysLeft()).isEqualTo(-1);
        server.close();
        assertThat(tls.certificates()).isEmpty();
        assertThat(expiry()).isEqualTo("none");
    }

    @Test
    void shouldTakeChangedFilesOnceTheyRest() throws Exception {
        serve();
        tls.look();
        tls.look();
        Instant later = EXPIRES.plus(Duration.ofDays(90));
        write(later);
        tls.look();
        assertThat(tls.certificates().get(0).expires())
                .as("somebody may be writing")
                .isEqualTo(EXPIRES.toString());
        tls.look();
        assertThat(tls.certificates().get(0).expires()).isEqualTo(later.toString());
        Files.delete(key);
        tls.look();
        tls.look();
        assertThat(tls.certificates()).singleElement().satisfies(row -> {
            assertThat(row.expires()).isEqualTo(later.toString());
            assertThat(row.problem()).isEqualTo("cannot read " + key + ": there is no such file");
        });
        write(EXPIRES);
        tls.look();
        tls.look();
        assertThat(tls.certificates()).singleElement().satisfies(row -> {
            assertThat(row.expires()).isEqualTo(EXPIRES.toString());
            assertThat(row.problem()).isEmpty();
        });
    }

    /** A change between the start and the first look is one too. */
    @Test
    void shouldSeeAChangeBeforeTheFirstLook() throws Exception {
        serve();
        Instant later = EXPIRES.plus(Duration.ofDays(90));
        write(later);
        tls.look();
        tls.look();
        assertThat(tls.certificates().get(0).expires()).isEqualTo(later.toString());
    }

    @Test
    void shouldKeepTheContextOfWhatHasNotChanged() {
        ServerTls server = serve();
        ServerCertificate before = server.certificates().get(0);
        assertThat(tls.reload().toCompletableFuture().join().replaced()).isZero();
        assertThat(server.certificates().get(0)).isSameAs(before);
    }

    @Test
    void shouldRotateTicketKeysAndHandThemOver() {
        TicketKeys keys = new TicketKeys(() -> now);
        String first = keys.export();
        keys.rotateIfDue();
        assertThat(keys.export()).isEqualTo(first);
        now = now.plus(TicketKeys.LIFETIME);
        keys.rotateIfDue();
        String[] second = keys.export().split(" ", -1);
        assertThat(second).hasSize(3).endsWith(first.split(" ", -1)[1]);
        TicketKeys next = new TicketKeys(() -> now);
        next.adopt(keys.export());
        assertThat(next.export()).isEqualTo(keys.export());
        now = now.plus(TicketKeys.LIFETIME);
        next.rotateIfDue();
        assertThat(next.export().split(" ", -1)).hasSize(3).endsWith(second[1]);
        for (String wrong : List.of("", "1", "1 AAAA", "x " + second[1], "1 " + "a b c")) {
            assertThatIllegalArgumentException().as(wrong).isThrownBy(() -> next.adopt(wrong));
        }
    }

    @Test
    void shouldNeedNoLibraryBeforeAListenerHasTls() {
        assertThat(tls.ticketKeys()).isEmpty();
        tls.resume("nonsense");
        ServerTls server = serve();
        assertThat(server.certificates().get(0).context() instanceof OpenSslServerContext)
                .isEqualTo(TlsLibrary.isBoringSsl());
        assertThat(tls.ticketKeys().isEmpty()).isNotEqualTo(TlsLibrary.isBoringSsl());
    }

    private List<String> sources() {
        return tls.certificates().stream().map(CertificateSnapshot::source).toList();
    }

    /** With files, a listener shows no others unless it says so; without, it shows them all. */
    @Test
    void shouldShowWhatPluginsPublishWhereTheFileWantsIt() {
        List<CertificateFiles> files = List.of(new CertificateFiles(certificate, key, Optional.empty()));
        CertifiedKey made = CertificateMaker.of("shop.test").valid(now, EXPIRES).make();
        CertificateStore store = tls.store("test");
        store.publish("shop", made);
        serve();
        assertThat(sources()).containsExactly(certificate.toString());
        ServerTls both = serve(files, Optional.of(true));
        assertThat(sources()).containsExactlyInAnyOrder(certificate.toString(), "test:shop");
        both.close();
        assertThat(sources()).containsExactly(certificate.toString());
        ServerTls none = serve(List.of(), Optional.empty());
        assertThat(none.certificates())
                .singleElement()
                .satisfies(each -> assertThat(each.key()).isEqualTo(made));
        assertThat(metrics.scrape()).contains("baton_tls_certificate_expiry_timestamp{certificate=\"test:shop\"}");
        store.withdraw("shop");
        assertThat(none.certificates()).isEmpty();
        assertThat(metrics.scrape()).doesNotContain("test:shop");
    }

    @Test
    void shouldRefuseToPublishAKeyThatIsAnothers() {
        CertifiedKey mixed = new CertifiedKey(
                CertificateMaker.of("shop.test").make().chain(),
                CertificateMaker.of("shop.test").make().key());
        assertThatIllegalArgumentException()
                .isThrownBy(() -> tls.store("test").publish("shop", mixed))
                .withMessage("the key is not the key of the certificate shop");
    }
}
