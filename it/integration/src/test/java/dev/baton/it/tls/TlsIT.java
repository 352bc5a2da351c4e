package dev.baton.it.tls;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import dev.baton.runtime.launcher.command.Baton;
import dev.baton.runtime.server.Installation;
import dev.baton.spi.tls.CertificateMaker;
import dev.baton.spi.tls.Pem;
import dev.baton.testkit.BatonProcess;
import dev.baton.testkit.BatonProcess.Outcome;
import dev.baton.testkit.TestCertificates;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** TLS as a client knows it: curl and openssl talk to a process. */
@Timeout(120)
class TlsIT {
    private static final String BYTES = "20000000";

    @TempDir
    Path folder;

    @BeforeEach
    void makeCertificates() throws Exception {
        TestCertificates.selfSigned(folder, "shop", "shop.test");
        TestCertificates.write(
                folder, "rsa", CertificateMaker.of("rsa.test").rsa().make());
    }

    private String run(String... command) throws Exception {
        Process process = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                .redirectErrorStream(true)
                .start();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (!process.waitFor(60, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new AssertionError(String.join(" ", command) + " does not end:\n" + text);
        }
        return text;
    }

    private String curl(String address, String host, String path, String... more) throws Exception {
        int port = Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
        List<String> command = new ArrayList<>(
                List.of("curl", "-sS", "--max-time", "30", "--resolve", host + ":" + port + ":127.0.0.1"));
        command.addAll(List.of(more));
        command.add("https://" + host + ":" + port + path);
        return run(command.toArray(String[]::new));
    }

    /** Answers with the scheme that it is told of. */
    private static HttpServer origin() throws Exception {
        HttpServer origin = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        origin.createContext("/", exchange -> {
            byte[] answer = String.valueOf(exchange.getRequestHeaders().getFirst("X-Forwarded-Proto"))
                    .getBytes(StandardCharsets.US_ASCII);
            exchange.sendResponseHeaders(200, answer.length);
            exchange.getResponseBody().write(answer);
            exchange.close();
        });
        origin.start();
        return origin;
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldServeHttps(boolean boringSsl) throws Exception {
        HttpServer origin = origin();
        Files.writeString(
                folder.resolve("baton.yaml"), """
                version: 1
                loops: 2
                admin: { listen: "127.0.0.1:0" }
                listeners:
                  web:
                    bind: "127.0.0.1:0"
                    service: shop
                    tls:
                      certificates:
                        - { certificate: shop.crt, key: shop.key }
                        - { certificate: rsa.crt, key: rsa.key }
                services:
                  shop:
                    type: http
                    routes:
                      - { match: { path: "/bytes/*" }, handler: demo-origin }
                      - { upstream: app }
                upstreams:
                  app: { servers: ["127.0.0.1:%s"] }
                """.formatted(origin.getAddress().getPort()));
        String options =
                System.getProperty("baton.java.opts", "") + (boringSsl ? "" : " -Dio.netty.handler.ssl.noOpenSsl=true");
        try (BatonProcess baton = BatonProcess.launch(
                BatonProcess.distribution().resolve("bin/baton"), folder, Map.of("BATON_JAVA_OPTS", options), "run")) {
            baton.await(line -> line.startsWith("ready in "));
            assertThat(baton.text())
                    .contains(boringSsl ? "TLS by BoringSSL\n" : "TLS by the JDK, which is slower (no BoringSSL: ");
            String address = baton.listener("web");
            assertThat(curl(address, "shop.test", "/", "--cacert", "shop.crt")).isEqualTo("https");
            assertThat(curl(address, "rsa.test", "/", "--cacert", "rsa.crt")).isEqualTo("https");
            assertThat(curl(address, "shop.test", "/", "--cacert", "rsa.crt")).contains("curl: (60)");
            assertThat(curl(address, "shop.test", "/", "--cacert", "shop.crt", "--http1.1", "-w", " %{http_version}"))
                    .isEqualTo("https 1.1");
            assertThat(curl(address, "shop.test", "/", "--cacert", "shop.crt", "--http2", "-w", " %{http_version}"))
                    .isEqualTo("https 2");
            assertThat(curl(
                            address,
                            "shop.test",
                            "/bytes/" + BYTES,
                            "--cacert",
                            "shop.crt",
                            "-o",
                            "/dev/null",
                            "-w",
                            "%{http_code} %{size_download}"))
                    .isEqualTo("200 " + BYTES);
            String resumed = run(
                    "openssl",
                    "s_client",
                    "-connect",
                    address,
                    "-servername",
                    "shop.test",
                    "-CAfile",
                    "shop.crt",
                    "-alpn",
                    "h3,http/1.1",
                    "-tls1_2",
                    "-reconnect");
            assertThat(resumed)
                    .contains(
                            "Verify return code: 0 (ok)",
                            "ALPN protocol: http/1.1",
                            "Secure Renegotiation IS supported")
                    .containsPattern("New, TLSv1.2, Cipher is ECDHE-ECDSA-AES128-GCM-SHA256");
            String admin = baton.admin();
            assertThat(baton("certificates", "--admin", admin))
                    .contains("shop.test", "rsa.test", folder.resolve("rsa.crt").toString());
            assertThat(baton("certificates", "reload", "--admin", admin)).isEqualTo("0 of 2 certificates replaced\n");
            if (boringSsl) {
                assertThat(resumed).contains("Reused, TLSv1.2");
                shouldResumeAfterAnUpgrade(address, admin);
            }
        } finally {
            origin.stop(0);
        }
    }

    /** The next process has the keys of the tickets. */
    private void shouldResumeAfterAnUpgrade(String address, String admin) throws Exception {
        List<String> client =
                List.of("openssl", "s_client", "-connect", address, "-servername", "shop.test", "-tls1_2");
        List<String> before = new ArrayList<>(client);
        before.addAll(List.of("-sess_out", "session"));
        assertThat(run(before.toArray(String[]::new))).contains("New, TLSv1.2");
        try {
            assertThat(baton("upgrade", "--admin", admin)).startsWith("upgraded");
            List<String> after = new ArrayList<>(client);
            after.addAll(List.of("-sess_in", "session"));
            assertThat(run(after.toArray(String[]::new))).contains("Reused, TLSv1.2");
        } finally {
            baton("stop", "--now", "--admin", admin); // the process that serves by now
        }
    }

    @Test
    void shouldMakeACertificateToTryWith() throws Exception {
        Outcome made = BatonProcess.run(folder, "certificates", "self-signed", "localhost");
        assertThat(made.code()).as(made.text()).isZero();
        assertThat(made.text()).contains("{ certificate: localhost.crt, key: localhost.key }");
        assertThat(Files.getPosixFilePermissions(folder.resolve("localhost.key")))
                .isEqualTo(PosixFilePermissions.fromString("rw-------"));
        assertThat(check("certificates: [ { certificate: localhost.crt, key: localhost.key } ]"))
                .contains("baton.yaml is fine: 1 listener");
        String key = Files.readString(folder.resolve("localhost.key"));
        Outcome again = BatonProcess.run(folder, "certificates", "self-signed", "localhost");
        assertThat(again.code()).isEqualTo(1);
        assertThat(again.text()).contains("localhost.key exists already: nothing is overwritten");
        assertThat(folder.resolve("localhost.key")).hasContent(key);
    }

    /** A command, in this JVM. */
    private static String baton(String... arguments) {
        StringWriter text = new StringWriter();
        PrintWriter out = new PrintWriter(text);
        Baton.execute(out, out, arguments);
        return text.toString();
    }

    private String check(String tls) throws Exception {
        Files.writeString(folder.resolve("baton.yaml"), """
                version: 1
                admin: { listen: "127.0.0.1:0" }
                listeners:
                  web:
                    bind: "127.0.0.1:0"
                    service: shop
                    tls:
                %s
                services:
                  shop: { type: http, routes: [ { handler: demo-origin } ] }
                """.formatted(tls.indent(6)));
        String before = System.setProperty(
                Installation.HOME, BatonProcess.distribution().toString());
        try {
            String text = baton("check", "-c", folder.resolve("baton.yaml").toString());
            return text.replace(folder + "/", "");
        } finally {
            if (before == null) {
                System.clearProperty(Installation.HOME);
            } else {
                System.setProperty(Installation.HOME, before);
            }
        }
    }

    /** All at once, each with its place. */
    @Test
    void shouldSayWhatIsWrongWithTheFile() throws Exception {
        Files.writeString(folder.resolve("locked.key"), """
                -----BEGIN ENCRYPTED PRIVATE KEY-----
                MIHsMFcG
                -----END ENCRYPTED PRIVATE KEY-----
                """);
        Files.writeString(folder.resolve("text.crt"), "Hello!");
        String wrong = check("""
                certificates:
                  - { certificate: missing.crt, key: shop.key }
                  - { certificate: shop.crt, key: rsa.key }
                  - { certificate: text.crt, key: locked.key }
                versions: [TLSv1.3, TLSv1.1]
                ciphers: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA265]
                alpn: [h2]
                client-auth: require
                client-ca: missing-ca.crt
                """);
        assertThat(wrong.lines())
                .containsExactly(
                        "baton.yaml:9:26: listeners.web.tls.certificates[0].certificate: cannot read missing.crt: there is no"
                                + " such file",
                        "baton.yaml:10:41: listeners.web.tls.certificates[1].key: rsa.key is not the key of the certificate"
                                + " shop.crt",
                        "baton.yaml:11:26: listeners.web.tls.certificates[2].certificate: text.crt has no certificate:"
                                + " expected PEM, with -----BEGIN CERTIFICATE-----",
                        "baton.yaml:11:41: listeners.web.tls.certificates[2].key: locked.key is encrypted: it needs"
                                + " 'key-password'",
                        "baton.yaml:12:27: listeners.web.tls.versions[1]: 'TLSv1.1' is not possible; did you mean"
                                + " 'TLSv1.2'?",
                        "baton.yaml:13:17: listeners.web.tls.ciphers[0]: 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA265' is not"
                                + " possible; did you mean 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256'?",
                        "baton.yaml:16:18: listeners.web.tls.client-ca: cannot read missing-ca.crt: there is no such file");
        wrong = check("""
                certificates: [ { certificate: shop.crt, key: shop.key } ]
                versions: [TLSv1.3]
                ciphers: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]
                client-auth: require
                alpn: [h2, h2]
                """);
        assertThat(wrong.lines())
                .containsExactly(
                        "baton.yaml:10:16: listeners.web.tls.ciphers: they are of TLSv1.2, which 'versions' leaves out",
                        "baton.yaml:11:20: listeners.web.tls.client-auth: it needs 'client-ca', which says whom to trust",
                        "baton.yaml:12:18: listeners.web.tls.alpn[1]: 'h2' stands there twice");
        assertThat(check("certificates: [ { certificate: shop.crt, key: shop.key } ]\nalpn: [h3, http/1.1]\n"))
                .contains("listeners.web: tls.alpn: the service does not speak h3; it speaks h2, http/1.1");
        assertThat(check("""
                certificates: [ { certificate: shop.crt, key: shop.key } ]
                ciphers: [TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA]
                alpn: [http/1.1, h2]
                """))
                .contains("baton.yaml:10:24: listeners.web.tls.alpn[1]: HTTP/2 must not be spoken with the suites in"
                        + " 'ciphers'");
        assertThat(check("store: false"))
                .contains("baton.yaml:7:5: listeners.web.tls: it needs the key 'certificates'");
    }

    @Tag("long")
    @Test
    void shouldTakeAnEncryptedKey() throws Exception {
        Files.writeString(folder.resolve("password"), "secret\n");
        run("openssl", "pkcs8", "-topk8", "-in", "shop.key", "-passout", "file:password", "-out", "locked.key");
        assertThat(Files.readString(folder.resolve("locked.key"))).contains("ENCRYPTED");
        String fine = check("certificates: [ { certificate: shop.crt, key: locked.key, key-password: password } ]");
        assertThat(fine).contains("baton.yaml").doesNotContain("baton.yaml:");
        Files.writeString(folder.resolve("password"), "Secret\n");
        assertThat(check("certificates: [ { certificate: shop.crt, key: locked.key, key-password: password } ]"))
                .contains("locked.key cannot be decrypted: 'key-password' is wrong");
    }

    @Test
    void shouldWriteKeysThatOpenSslReads() throws Exception {
        assertThat(run("openssl", "pkey", "-in", "shop.key", "-noout", "-text")).contains("P-256");
        assertThat(run("openssl", "x509", "-in", "shop.crt", "-noout", "-text"))
                .contains("DNS:shop.test", "Signature Algorithm: ecdsa-with-SHA256");
        assertThat(Pem.certificates(Files.readString(folder.resolve("shop.crt"))))
                .hasSize(1);
    }
}
