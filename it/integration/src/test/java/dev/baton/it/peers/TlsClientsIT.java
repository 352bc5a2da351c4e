package dev.baton.it.peers;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.tls.CertificateMaker;
import dev.baton.spi.tls.CertifiedKey;
import dev.baton.testkit.BatonProcess;
import dev.baton.testkit.TestCertificates;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A client of OpenSSL, told exactly what to offer, in front of one Baton whose listeners have TLS in different ways.
 */
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class TlsClientsIT {
    private static final String REQUEST = "GET / HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n\r\n";
    private static final String RESPONSE = "HTTP/1.1 200 OK";

    /** Certificates that are shown: by their subjects, in which a name may differ from the one that is verified. */
    private static final String EC = "CN = shop.test";

    private static final String WILD = "CN = *.wild.test";

    @TempDir
    static Path folder;

    private static BatonProcess baton;

    @BeforeAll
    static void start() throws Exception {
        PeerProcess.assumeInstalled("openssl");
        TestCertificates.selfSigned(folder, "shop", "shop.test");
        TestCertificates.write(
                folder, "rsa", CertificateMaker.of("shop.test").rsa().make());
        TestCertificates.selfSigned(folder, "wild", "*.wild.test");
        CertifiedKey authority = TestCertificates.write(
                folder, "ca", CertificateMaker.of("ca").authority().make());
        TestCertificates.write(
                folder, "ann", CertificateMaker.of("ann").issuedBy(authority).make());
        TestCertificates.selfSigned(folder, "eve", "eve");
        Instant now = Instant.now();
        TestCertificates.write(
                folder,
                "late",
                CertificateMaker.of("ann")
                        .issuedBy(authority)
                        .valid(now.minus(Duration.ofDays(9)), now.minus(Duration.ofDays(8)))
                        .make());
        baton = BatonProcess.serve(folder, """
                version: 1
                loops: 2
                admin: { listen: "127.0.0.1:0" }
                listeners:
                  both:
                    bind: "127.0.0.1:0"
                    service: shop
                    tls: { certificates: [ ONE, OTHER, { certificate: wild.crt, key: wild.key } ] }
                  old:
                    bind: "127.0.0.1:0"
                    service: shop
                    tls:
                      certificates: [ ONE, OTHER ]
                      versions: [TLSv1.2]
                      ciphers:
                        - TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384
                        - TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256
                        - TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
                      alpn: [http/1.1]
                      unknown-name: refuse
                  new:
                    bind: "127.0.0.1:0"
                    service: shop
                    tls: { certificates: [ ONE ], versions: [TLSv1.3] }
                  mutual:
                    bind: "127.0.0.1:0"
                    service: shop
                    tls: { certificates: [ ONE ], client-ca: ca.crt }
                  asking:
                    bind: "127.0.0.1:0"
                    service: shop
                    tls: { certificates: [ ONE ], client-ca: ca.crt, client-auth: optional }
                services:
                  shop: { type: http, routes: [ { respond: { status: 200, body: "ok" } } ] }
                """.replace("ONE", "{ certificate: shop.crt, key: shop.key }")
                .replace("OTHER", "{ certificate: rsa.crt, key: rsa.key }"));
    }

    @AfterAll
    static void stop() {
        if (baton != null) {
            System.out.println(baton.text());
            baton.close();
        }
    }

    private static Process openssl(String listener, String... more) throws Exception {
        List<String> command = new ArrayList<>(List.of("openssl", "s_client", "-connect", baton.listener(listener)));
        command.addAll(List.of(more));
        return new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .start();
    }

    /** What the client prints when it has asked once and the connection has ended. */
    private static String ask(String listener, String... more) throws Exception {
        List<String> options = new ArrayList<>(List.of(more));
        options.add("-ign_eof");
        Process process = openssl(listener, options.toArray(String[]::new));
        send(process, REQUEST);
        process.getOutputStream().close();
        return rest(process);
    }

    private static String rest(Process process) throws Exception {
        try {
            String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
            process.waitFor();
            return text;
        } finally {
            process.destroyForcibly();
        }
    }

    private static void send(Process process, String text) throws IOException {
        try {
            OutputStream in = process.getOutputStream();
            in.write(text.getBytes(StandardCharsets.US_ASCII));
            in.flush();
        } catch (IOException e) {
            // The handshake has failed, and the client has ended: what it has printed says why.
        }
    }

    /** Reads what a client prints until there is a mark in it. */
    private static String readUntil(Process process, String mark) throws IOException {
        StringBuilder text = new StringBuilder();
        while (text.indexOf(mark) < 0) {
            int next = process.getInputStream().read();
            assertThat(next).as("the client has ended, having said: %s", text).isNotNegative();
            text.append((char) next);
        }
        return text.toString();
    }

    /** The client has asked, and was served so. */
    private static void served(String said, String version, String cipher, String subject) {
        assertThat(said).contains(RESPONSE, version + ", Cipher is " + cipher + "\n", "subject=" + subject + "\n");
    }

    private static void refused(String said, String alert, int number) {
        assertThat(said)
                .contains("alert " + alert, "SSL alert number " + number)
                .doesNotContain(RESPONSE);
    }

    private static long failures(String reason) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://" + baton.admin() + "/metrics"))
                .build();
        String metrics = HttpClient.newHttpClient()
                .send(request, BodyHandlers.ofString())
                .body();
        Matcher found = Pattern.compile("baton_tls_failures_total\\{reason=\"" + reason + "\"} (\\d+)")
                .matcher(metrics);
        assertThat(found.find()).as(metrics).isTrue();
        return Long.parseLong(found.group(1));
    }

    @Test
    void shouldSpeakTheVersionsThatAreConfigured() throws Exception {
        long before = failures("handshake");
        served(ask("both", "-tls1_2"), "TLSv1.2", "ECDHE-ECDSA-AES128-GCM-SHA256", EC);
        served(ask("both", "-tls1_3"), "TLSv1.3", "TLS_AES_256_GCM_SHA384", EC);
        served(ask("new"), "TLSv1.3", "TLS_AES_256_GCM_SHA384", EC);
        served(ask("old", "-servername", "shop.test"), "TLSv1.2", "ECDHE-ECDSA-CHACHA20-POLY1305", EC);
        refused(ask("new", "-tls1_2"), "protocol version", 70);
        refused(ask("old", "-tls1_3", "-servername", "shop.test"), "protocol version", 70);
        refused(ask("both", "-tls1_1", "-cipher", "ALL@SECLEVEL=0"), "protocol version", 70);
        assertThat(failures("handshake")).isEqualTo(before + 3);
    }

    /** In the order that the listener prefers; the kind of the key decides first. */
    @Test
    void shouldChooseAmongTheCipherSuitesThatAreConfigured() throws Exception {
        String[] name = {"-servername", "shop.test"};
        assertThat(ask(
                        "old",
                        name[0],
                        name[1],
                        "-cipher",
                        "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305"))
                .contains(RESPONSE, "TLSv1.2, Cipher is ECDHE-ECDSA-CHACHA20-POLY1305\n");
        assertThat(ask("old", name[0], name[1], "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"))
                .contains(RESPONSE, "TLSv1.2, Cipher is ECDHE-ECDSA-AES128-GCM-SHA256\n");
        assertThat(ask("old", name[0], name[1], "-cipher", "ECDHE-RSA-AES256-GCM-SHA384"))
                .contains(RESPONSE, "TLSv1.2, Cipher is ECDHE-RSA-AES256-GCM-SHA384\n");
        refused(
                ask("old", name[0], name[1], "-cipher", "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384"),
                "handshake failure",
                40);
        refused(ask("old", name[0], name[1], "-cipher", "AES128-SHA:DHE-RSA-AES128-SHA"), "handshake failure", 40);
        assertThat(ask("new", "-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256"))
                .contains(RESPONSE, "TLSv1.3, Cipher is TLS_CHACHA20_POLY1305_SHA256\n");
    }

    /** The client's curves, of which Baton takes the one that it can, or asks again for another share. */
    @Tag("long")
    @Test
    void shouldAgreeOnACurve() throws Exception {
        assertThat(ask("new", "-groups", "X25519")).contains(RESPONSE, "Server Temp Key: X25519");
        assertThat(ask("new", "-groups", "P-521:P-256")).contains(RESPONSE, "Server Temp Key: ECDH, prime256v1");
        refused(ask("new", "-groups", "ffdhe2048"), "handshake failure", 40);
    }

    @Test
    void shouldShowTheKindOfKeyThatTheClientTakes() throws Exception {
        String[] name = {"-servername", "shop.test"};
        assertThat(ask("both", name)).contains(RESPONSE, "Peer signature type: ECDSA");
        for (String version : List.of("-tls1_2", "-tls1_3")) {
            assertThat(ask("both", name[0], name[1], version, "-sigalgs", "rsa_pss_rsae_sha256"))
                    .contains(RESPONSE, "Peer signature type: RSA-PSS");
            assertThat(ask("both", name[0], name[1], version, "-sigalgs", "ecdsa_secp256r1_sha256"))
                    .contains(RESPONSE, "Peer signature type: ECDSA");
        }
        assertThat(ask("both", name[0], name[1], "-tls1_2", "-cipher", "aRSA"))
                .contains(RESPONSE, "Peer signature type: RSA-PSS", "Cipher is ECDHE-RSA-");
        assertThat(ask("both", name[0], name[1], "-tls1_2", "-cipher", "aRSA", "-sigalgs", "rsa_pkcs1_sha256"))
                .contains(RESPONSE, "Peer signature type: RSA\n");
        refused(ask("new", "-sigalgs", "rsa_pss_rsae_sha256"), "handshake failure", 40);
    }

    @Test
    void shouldShowTheCertificateOfTheName() throws Exception {
        assertThat(ask("both", "-servername", "SHOP.test")).contains(RESPONSE, "subject=" + EC + "\n");
        assertThat(ask("both", "-servername", "a.wild.test")).contains(RESPONSE, "subject=" + WILD + "\n");
        for (String unknown : List.of("wild.test", "a.b.wild.test", "other.test")) {
            assertThat(ask("both", "-servername", unknown)).contains(RESPONSE, "subject=" + EC + "\n");
        }
        assertThat(ask("both", "-noservername")).contains(RESPONSE, "subject=" + EC + "\n");
        long before = failures("unknown_name");
        assertThat(ask("old", "-servername", "other.test"))
                .contains("tlsv1 unrecognized name", "SSL alert number 112")
                .doesNotContain(RESPONSE);
        assertThat(ask("old", "-noservername")).contains("SSL alert number 112").doesNotContain(RESPONSE);
        assertThat(failures("unknown_name")).isEqualTo(before + 2);
    }

    @Test
    void shouldSettleOnAProtocol() throws Exception {
        long before = failures("alpn");
        for (String version : List.of("-tls1_2", "-tls1_3")) {
            assertThat(ask("both", version, "-alpn", "h3,http/1.1")).contains(RESPONSE, "ALPN protocol: http/1.1\n");
            assertThat(ask("both", version, "-alpn", "http/1.1,h2")).contains("ALPN protocol: h2\n");
            assertThat(ask("both", version)).contains(RESPONSE, "No ALPN negotiated");
            refused(ask("both", version, "-alpn", "h3,spdy/1"), "no application protocol", 120);
        }
        assertThat(ask("old", "-servername", "shop.test", "-alpn", "h2,http/1.1"))
                .contains(RESPONSE, "ALPN protocol: http/1.1\n");
        refused(ask("old", "-servername", "shop.test", "-alpn", "h2"), "no application protocol", 120);
        assertThat(failures("alpn")).isEqualTo(before + 3);
    }

    @Test
    void shouldAskForACertificate() throws Exception {
        long before = failures("client_certificate");
        for (String version : List.of("-tls1_2", "-tls1_3")) {
            for (String listener : List.of("mutual", "asking")) {
                assertThat(ask(listener, version, "-cert", "ann.crt", "-key", "ann.key"))
                        .contains(RESPONSE, "Acceptable client certificate CA names\nCN = ca\n");
                refused(ask(listener, version, "-cert", "eve.crt", "-key", "eve.key"), "unknown ca", 48);
                refused(ask(listener, version, "-cert", "late.crt", "-key", "late.key"), "certificate expired", 45);
            }
            assertThat(ask("asking", version)).contains(RESPONSE, "Acceptable client certificate CA names\nCN = ca\n");
            assertThat(ask("both", version)).contains(RESPONSE, "No client certificate CA names sent");
        }
        refused(ask("mutual", "-tls1_3"), "certificate required", 116);
        refused(ask("mutual", "-tls1_2"), "handshake failure", 40);
        assertThat(failures("client_certificate")).isEqualTo(before + 10);
    }

    /** A command of s_client is a line of one letter. */
    @Test
    void shouldRefuseToRenegotiate() throws Exception {
        long before = failures("renegotiation");
        Process client = openssl("old", "-servername", "shop.test");
        try {
            assertThat(readUntil(client, "Extended master secret")).contains("Secure Renegotiation IS supported");
            send(client, "R\n");
            readUntil(client, "RENEGOTIATING");
            refused(rest(client), "no renegotiation", 100);
        } finally {
            client.destroyForcibly();
        }
        assertThat(failures("renegotiation")).isEqualTo(before + 1);
    }

    /** That, and asking the other side for one, is all that TLS 1.3 has left of a renegotiation. */
    @Tag("long")
    @Test
    void shouldTakeNewKeys() throws Exception {
        Process client = openssl("new");
        try {
            readUntil(client, "Verify return code");
            for (String command : List.of("k\n", "K\n")) {
                send(client, command);
                readUntil(client, "KEYUPDATE");
            }
            send(client, "GET / HTTP/1.1\nHost: shop.test\n\n".replace("\n", "\r\n"));
            readUntil(client, RESPONSE);
        } finally {
            client.destroyForcibly();
        }
    }

    private static String shake(String listener, String... more) throws Exception {
        Process client = openssl(listener, more);
        client.getOutputStream().close();
        return rest(client);
    }

    @Test
    void shouldResumeSessions() throws Exception {
        String old = shake("old", "-servername", "shop.test", "-reconnect");
        assertThat(old.split("\nNew, TLSv1.2", -1)).as(old).hasSize(2);
        assertThat(old.split("\nReused, TLSv1.2", -1)).hasSize(6);
        assertThat(ask("new", "-sess_out", "session")).contains("New, TLSv1.3", RESPONSE);
        assertThat(ask("new", "-sess_in", "session")).contains("Reused, TLSv1.3", RESPONSE);
        assertThat(ask("both", "-tls1_3", "-sess_in", "session"))
                .as("a listener that asks the same of clients")
                .contains("Reused, TLSv1.3", RESPONSE);
    }

    /** Else a client would be taken for one that has shown a certificate. */
    @Tag("long")
    @Test
    void shouldResumeNothingWhereMoreIsAskedOfClients() throws Exception {
        for (String version : List.of("-tls1_2", "-tls1_3")) {
            assertThat(ask("both", version, "-sess_out", "without")).contains(RESPONSE);
            assertThat(ask("asking", version, "-sess_in", "without"))
                    .contains("New, TLSv1")
                    .contains(RESPONSE);
            assertThat(ask("mutual", version, "-sess_in", "without"))
                    .contains("SSL alert number")
                    .doesNotContain(RESPONSE);
            assertThat(ask("mutual", version, "-cert", "ann.crt", "-key", "ann.key", "-sess_out", "with"))
                    .contains(RESPONSE);
            assertThat(ask("mutual", version, "-sess_in", "with"))
                    .as("it has shown one when the session began")
                    .contains("Reused, TLSv1", RESPONSE);
            assertThat(ask("asking", version, "-sess_in", "with"))
                    .contains("New, TLSv1")
                    .contains(RESPONSE);
        }
    }
}
