package dev.baton.runtime.config;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.tls.CertificateMaker;
import dev.baton.spi.tls.CertifiedKey;
import dev.baton.spi.tls.Pem;
import dev.baton.spi.tls.TlsVersion;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The keys of {@code tls:} of an upstream. */
class UpstreamTlsConfigTest {
    @TempDir
    Path folder;

    private RootConfig read(String servers, String tls) throws ConfigException {
        return ConfigReader.parse("f", """
                version: 1
                upstreams: { app: { servers: ["%s"], tls: %s } }
                """.formatted(servers, tls), folder).read(new TestVocabulary());
    }

    private Optional<UpstreamTlsConfig> tls(String keys) throws ConfigException {
        return Objects.requireNonNull(read("a:1", keys).upstreams().get("app")).tls();
    }

    private List<String> problems(String servers, String tls) {
        try {
            read(servers, tls);
            return List.of();
        } catch (ConfigException e) {
            return e.problems().stream().map(Problem::message).toList();
        }
    }

    private void write(String name, CertifiedKey key) throws Exception {
        Files.writeString(folder.resolve(name + ".crt"), Pem.write(key.chain()));
        Files.writeString(folder.resolve(name + ".key"), Pem.write(key.key()));
    }

    @Test
    void shouldBeOnWithTheDefaultsInEachForm() throws Exception {
        for (String form : List.of("true", "{}", "{ enabled: true }")) {
            UpstreamTlsConfig read = tls(form).orElseThrow();
            assertThat(read.enabled()).as(form).isTrue();
            assertThat(read.verify()).isTrue();
            assertThat(read.spoken()).containsExactlyInAnyOrder(TlsVersion.values());
            assertThat(read.files()).isEmpty();
            assertThat(read.own()).isEmpty();
        }
        assertThat(tls("false").orElseThrow().enabled()).isFalse();
    }

    @Test
    void shouldReadItsKeys() throws Exception {
        write("client", CertificateMaker.of("client").make());
        UpstreamTlsConfig read =
                tls("{ ca: client.crt, server-name: app.test, certificate: client.crt, key: client.key,"
                                + " versions: [TLSv1.2], ciphers: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256], alpn: [x/1] }")
                        .orElseThrow();
        assertThat(read.serverName()).contains("app.test");
        assertThat(read.spoken()).containsExactly(TlsVersion.TLS_1_2);
        assertThat(read.files()).containsExactly(folder.resolve("client.crt"), folder.resolve("client.key"));
        assertThat(read.own()).isPresent();
    }

    /** RFC 9113, section 9.2.2. */
    @Test
    void shouldRefuseHttp2WithSuitesThatItMustNotUse() {
        String cbc = "ciphers: [TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA]";
        String wrong = ": HTTP/2 must not be spoken with the suites in 'ciphers': add one with AES-GCM or ChaCha20";
        assertThat(problems("a:1", "{ " + cbc + ", alpn: [x/1, h2] }"))
                .containsExactly("upstreams.app.tls.alpn[1]" + wrong);
        assertThat(problems("a:1", "{ " + cbc + " }, protocol: http/2"))
                .containsExactly("upstreams.app.protocol" + wrong);
        assertThat(problems("a:1", "{ " + cbc + " }")).isEmpty();
        assertThat(problems("a:1", "{ " + cbc + ", enabled: false }, protocol: http/2"))
                .isEmpty();
    }

    /** A value that cannot be read hides nothing of the others. */
    @Test
    void shouldReadTheFileOfAuthoritiesWhateverElseIsWrong() {
        assertThat(problems("a:1", "{ ca: missing.crt, versions: [TLSv1.1] }"))
                .containsExactly(
                        "upstreams.app.tls.ca: cannot read " + folder.resolve("missing.crt")
                                + ": there is no such file",
                        "upstreams.app.tls.versions[0]: 'TLSv1.1' is not possible; did you mean 'TLSv1.2'?");
    }

    @Test
    void shouldTellAllThatIsWrongAtOnce() throws Exception {
        write("client", CertificateMaker.of("client").make());
        write("other", CertificateMaker.of("other").make());
        assertThat(problems(
                        "a:1",
                        "{ ca: client.key, server-name: \"a:443\", certificate: client.crt, key: other.key,"
                                + " versions: [TLSv1.3], ciphers: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256],"
                                + " alpn: [h2, h2] }"))
                .containsExactly(
                        "upstreams.app.tls.ca: " + folder.resolve("client.key")
                                + " has no certificate: expected PEM, with -----BEGIN CERTIFICATE-----",
                        "upstreams.app.tls.server-name: 'a:443' is neither a host name nor an address: expected one such"
                                + " as app.example.com, without a port",
                        "upstreams.app.tls.key: " + folder.resolve("other.key") + " is not the key of the certificate "
                                + folder.resolve("client.crt"),
                        "upstreams.app.tls.ciphers: they are of TLSv1.2, which 'versions' leaves out",
                        "upstreams.app.tls.alpn[1]: 'h2' stands there twice");
    }

    @Test
    void shouldNotPrintAPassword() throws Exception {
        write("client", CertificateMaker.of("client").make());
        Files.writeString(folder.resolve("password"), "secret\n");
        Files.writeString(
                folder.resolve("sealed.key"),
                "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n");
        assertThat(problems("a:1", "{ certificate: client.crt, key: sealed.key, key-password: password }"))
                .hasSize(1)
                .allSatisfy(problem -> assertThat(problem).doesNotContain("secret"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            { ca: gone.crt }                   | there is no such file
            { key: a.key }                     | it needs 'certificate'
            { certificate: a.crt }             | it needs 'key'
            { key-password: a }                | it needs 'certificate' and 'key'
            { server-name: "*.app.test" }      | is neither a host name nor an address
            { server-name: "app..test" }       | is neither a host name nor an address
            { verfy: false }                   | unknown key 'verfy' in upstreams.app.tls; did you mean 'verify'?
            """)
    void shouldSayWhatIsMissing(String keys, String problem) {
        assertThat(problems("a:1", keys)).singleElement().asString().contains(problem);
    }

    @Test
    void shouldRefuseAuthoritiesThatVerifyNothing() throws Exception {
        write("ca", CertificateMaker.of("ca").authority().make());
        assertThat(problems("a:1", "{ ca: ca.crt, verify: false }"))
                .containsExactly("upstreams.app.tls.ca: with 'verify: false' nothing is verified; remove one of them");
    }

    /** A listener has no name that a certificate could have. */
    @Test
    void shouldNeedANameForAListener() {
        assertThat(problems("listener:web", "true"))
                .contains("upstreams.app.tls: listener:web has no host name that its certificate could have; it needs"
                        + " the key 'server-name'");
        assertThat(problems("listener:web", "{ server-name: web.test }"))
                .noneMatch(problem -> problem.contains("server-name"));
        assertThat(problems("listener:web", "{ verify: false }")).noneMatch(problem -> problem.contains("server-name"));
    }

    /** Who forges answers of DNS would choose the name that is verified. */
    @Test
    void shouldNeedANameOrAuthoritiesForServersOfDns() throws Exception {
        write("ca", CertificateMaker.of("ca").authority().make());
        assertThat(problems("srv:_https._tcp.a.test", "true"))
                .containsExactly("upstreams.app.tls: the names of the servers of srv:_https._tcp.a.test come from DNS,"
                        + " which may be forged, and the JDK trusts certificates for any name; it needs the key"
                        + " 'server-name', or 'ca' with authorities of your own");
        for (String tls : List.of("{ server-name: a.test }", "{ ca: ca.crt }", "{ verify: false }", "false")) {
            assertThat(problems("srv:_https._tcp.a.test", tls)).as(tls).isEmpty();
        }
    }

    /** The JDK takes such a name for none. */
    @Test
    void shouldRefuseNamesThatCannotBeVerified() {
        assertThat(problems("app_1:1", "true"))
                .containsExactly("upstreams.app.tls: 'app_1:1' has an underscore, and no certificate can be verified"
                        + " for such a name; it needs the key 'server-name'");
        assertThat(problems("a:1", "{ server-name: app_1 }"))
                .containsExactly("upstreams.app.tls.server-name: 'app_1' has an underscore, and no certificate can be"
                        + " verified for such a name");
        assertThat(problems("app_1:1", "{ server-name: app.test }")).isEmpty();
        assertThat(problems("app_1:1", "{ verify: false, server-name: app_1 }")).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"a.test:1,a.test", "a.test.:1,a.test", "10.0.0.1:1,10.0.0.1", "[::1]:1,::1", "[fe80::1%eth0]:1,fe80::1"
    })
    void shouldKnowTheHostOfAServer(String server, String host) {
        assertThat(ServerAddress.host(server)).contains(host);
        assertThat(ServerAddress.host("listener:web")).isEmpty();
        assertThat(ServerAddress.host("srv:_http._tcp.a.test")).isEmpty();
    }
}
