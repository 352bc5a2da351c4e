package dev.baton.it.peers;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.tls.CertificateMaker;
import dev.baton.spi.tls.CertifiedKey;
import dev.baton.testkit.BatonProcess;
import dev.baton.testkit.TestCertificates;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Real servers that speak TLS, by OpenSSL: nginx with each version and with certificates of clients, and Apache. */
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class TlsServersIT {
    /** A connection is for two requests: then another one is opened, whose session should be resumed. */
    private static final String NGINX = """
            daemon off;
            master_process off;
            pid nginx.pid;
            error_log stderr;
            events { worker_connections 256; }
            http {
                access_log off;
                client_body_temp_path bodies;
                proxy_temp_path temp;
                fastcgi_temp_path temp;
                uwsgi_temp_path temp;
                scgi_temp_path temp;
                ssl_certificate shop.crt;
                ssl_certificate_key shop.key;
                keepalive_requests 2;
                default_type text/plain;
                server {
                    listen 127.0.0.1:PORT0 ssl;
                    ssl_protocols TLSv1.2;
                    location / { return 200 "$ssl_protocol $ssl_session_reused $ssl_server_name"; }
                }
                server {
                    listen 127.0.0.1:PORT1 ssl;
                    ssl_protocols TLSv1.3;
                    location / { return 200 "$ssl_protocol $ssl_session_reused $ssl_server_name"; }
                }
                server {
                    listen 127.0.0.1:PORT2 ssl;
                    ssl_client_certificate ca.crt;
                    ssl_verify_client on;
                    location / { return 200 "$ssl_client_s_dn"; }
                }
            }
            """;

    private static final String APACHE = """
            ServerRoot "FOLDER"
            ServerName shop.test
            PidFile apache.pid
            ErrorLog /dev/stderr
            Listen 127.0.0.1:PORT
            LoadModule mpm_event_module MODULES/mod_mpm_event.so
            LoadModule authz_core_module MODULES/mod_authz_core.so
            LoadModule alias_module MODULES/mod_alias.so
            LoadModule ssl_module MODULES/mod_ssl.so
            User nobody
            Group nogroup
            SSLEngine on
            SSLCertificateFile shop.crt
            SSLCertificateKeyFile shop.key
            KeepAliveTimeout 1
            RedirectMatch 404 ^/
            ErrorDocument 404 "this is Apache"
            """;

    private static final Path MODULES = Path.of("/usr/lib/apache2/modules");

    @TempDir
    static Path folder;

    private static final List<AutoCloseable> RUNNING = new ArrayList<>();
    private static BatonProcess baton;

    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    @BeforeAll
    static void start() throws Exception {
        PeerProcess.assumeInstalled("nginx");
        PeerProcess.assumeInstalled("apache2");
        CertifiedKey authority = TestCertificates.write(
                folder, "ca", CertificateMaker.of("ca").authority().make());
        TestCertificates.write(
                folder,
                "shop",
                CertificateMaker.of("shop.test").issuedBy(authority).make());
        TestCertificates.write(
                folder,
                "client",
                CertificateMaker.of("baton").issuedBy(authority).make());
        Files.createDirectories(folder.resolve("bodies"));
        List<Integer> ports = freePorts(4);
        String nginx = NGINX;
        for (int i = 0; i < 3; i++) {
            nginx = nginx.replace("PORT" + i, Integer.toString(ports.get(i)));
        }
        Files.writeString(folder.resolve("nginx.conf"), nginx);
        RUNNING.add(PeerProcess.start(
                folder,
                "nginx",
                "-p",
                folder + "/",
                "-c",
                folder.resolve("nginx.conf").toString()));
        Files.writeString(
                folder.resolve("apache.conf"),
                APACHE.replace("FOLDER", folder.toString())
                        .replace("PORT", Integer.toString(ports.get(3)))
                        .replace("MODULES", MODULES.toString()));
        RUNNING.add(PeerProcess.start(
                folder, "/usr/sbin/apache2", "-f", folder.resolve("apache.conf").toString(), "-DFOREGROUND"));
        ports.forEach(TlsServersIT::awaitListening);
        baton = BatonProcess.serve(Files.createDirectory(folder.resolve("baton")), """
                version: 1
                loops: 2
                admin: { listen: "127.0.0.1:0" }
                listeners:
                  web: { bind: "127.0.0.1:0", service: shop }
                  raw: { bind: "127.0.0.1:0", service: stream }
                services:
                  shop:
                    type: http
                    routes:
                      - { match: { path: "/old/*" }, upstream: old }
                      - { match: { path: "/new/*" }, upstream: new }
                      - { match: { path: "/mutual/*" }, upstream: mutual }
                      - { match: { path: "/nameless/*" }, upstream: nameless }
                      - { match: { path: "/wrong/*" }, upstream: wrong }
                      - { match: { path: "/stranger/*" }, upstream: stranger }
                      - { match: { path: "/apache/*" }, upstream: apache }
                  stream: { type: tcp-proxy, upstream: new }
                upstreams:
                  old: { servers: ["127.0.0.1:P0"], tls: { ca: ../ca.crt, server-name: shop.test } }
                  new: { servers: ["127.0.0.1:P1"], tls: { ca: ../ca.crt, server-name: shop.test } }
                  mutual:
                    servers: ["127.0.0.1:P2"]
                    tls: { ca: ../ca.crt, server-name: shop.test, certificate: ../client.crt, key: ../client.key }
                  nameless: { servers: ["127.0.0.1:P2"], tls: { ca: ../ca.crt, server-name: shop.test } }
                  wrong: { servers: ["127.0.0.1:P0"], tls: { ca: ../ca.crt, server-name: other.test } }
                  stranger: { servers: ["127.0.0.1:P1"], tls: true }
                  apache: { servers: ["127.0.0.1:P3"], tls: { ca: ../ca.crt, server-name: shop.test } }
                """.replace(
                        "P0", ports.get(0).toString())
                .replace("P1", ports.get(1).toString())
                .replace("P2", ports.get(2).toString())
                .replace("P3", ports.get(3).toString()));
    }

    private static List<Integer> freePorts(int count) throws Exception {
        List<ServerSocket> sockets = new ArrayList<>();
        try {
            for (int i = 0; i < count; i++) {
                sockets.add(new ServerSocket(0, 1, InetAddress.getLoopbackAddress()));
            }
            return sockets.stream().map(ServerSocket::getLocalPort).toList();
        } finally {
            for (ServerSocket each : sockets) {
                each.close();
            }
        }
    }

    private static void awaitListening(int port) {
        Awaitility.await().atMost(Duration.ofSeconds(20)).ignoreExceptions().until(() -> {
            new Socket(InetAddress.getLoopbackAddress(), port).close();
            return true;
        });
    }

    @AfterAll
    static void stop() throws Exception {
        if (baton != null) {
            System.out.println(baton.text());
            baton.close();
        }
        for (AutoCloseable each : RUNNING) {
            each.close();
        }
    }

    private HttpResponse<String> send(String listener, HttpRequest.Builder request, String path) throws Exception {
        return client.send(
                request.uri(URI.create("http://" + baton.listener(listener) + path))
                        .timeout(Duration.ofSeconds(20))
                        .build(),
                BodyHandlers.ofString());
    }

    private HttpResponse<String> get(String path) throws Exception {
        return send("web", HttpRequest.newBuilder(), path);
    }

    /** Ten requests, on five connections or more. */
    private void shouldAskNginx(String path, String version) throws Exception {
        List<String> reused = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            HttpResponse<String> response = get(path);
            assertThat(response.statusCode()).isEqualTo(200);
            String[] words = response.body().split(" ", -1);
            assertThat(words[0]).isEqualTo(version);
            assertThat(words[2]).as("the name that was asked for").isEqualTo("shop.test");
            reused.add(words[1]);
        }
        assertThat(reused.get(0)).isEqualTo(".");
        assertThat(reused.subList(2, 10)).as("sessions are resumed").contains("r");
    }

    @Test
    void shouldAskAServerWithTheOlderVersion() throws Exception {
        shouldAskNginx("/old/", "TLSv1.2");
    }

    @Test
    void shouldAskAServerWithTheNewerVersion() throws Exception {
        shouldAskNginx("/new/", "TLSv1.3");
    }

    @Test
    void shouldShowItsCertificate() throws Exception {
        HttpResponse<String> response = get("/mutual/");
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.body()).isEqualTo("CN=baton");
        assertThat(get("/nameless/").statusCode()).as("nginx says it in HTTP").isEqualTo(400);
    }

    @Test
    void shouldRefuseAServerThatIsNotTheOneThatIsMeant() throws Exception {
        for (String path : List.of("/wrong/", "/stranger/")) {
            HttpResponse<String> response =
                    send("web", HttpRequest.newBuilder().POST(BodyPublishers.ofString("abc")), path);
            assertThat(response.statusCode()).isEqualTo(502);
        }
        assertThat(baton.text()).contains("its certificate is for shop.test, and not for other.test");
    }

    @Test
    void shouldAskApache() throws Exception {
        for (int i = 0; i < 3; i++) {
            HttpResponse<String> response = get("/apache/");
            assertThat(response.statusCode()).isEqualTo(404);
            assertThat(response.body()).isEqualTo("this is Apache");
            assertThat(response.headers().firstValue("server").orElse("")).startsWith("Apache");
        }
    }

    @Test
    void shouldCarryAStream() throws Exception {
        HttpResponse<String> response = send("raw", HttpRequest.newBuilder(), "/");
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.body()).startsWith("TLSv1.3 ");
    }
}
