package dev.baton.it.peers;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.tls.CertificateMaker;
import dev.baton.spi.tls.CertifiedKey;
import dev.baton.testkit.BatonProcess;
import dev.baton.testkit.TestCertificates;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Servers of HTTP/2, by prior knowledge and over TLS, behind one Baton: nginx and Apache, which restart gracefully
 * while they are asked, and nghttpd.
 */
@Tag("long")
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class Http2RestartIT {
    private static final int MIB = 1 << 20;
    private static final int RESTARTS = 3;
    private static final int REQUESTS = 8_000;

    /** Each location is a folder of www; /count reads a body whole before it hands it on. */
    private static final String NGINX = """
            user root;
            worker_processes 1;
            daemon off;
            pid nginx.pid;
            error_log stderr notice;
            events { worker_connections 256; }
            http {
                access_log off;
                client_body_temp_path bodies;
                proxy_temp_path temp;
                fastcgi_temp_path temp;
                uwsgi_temp_path temp;
                scgi_temp_path temp;
                client_max_body_size 2m;
                ssl_certificate shop.crt;
                ssl_certificate_key shop.key;
                server {
                    listen 127.0.0.1:PLAIN http2;
                    listen 127.0.0.1:TLS ssl http2;
                    root www;
                    location ~ /count$ { proxy_pass http://unix:FOLDER/inner.socket:; }
                }
                server {
                    listen unix:FOLDER/inner.socket;
                    location / { return 200 "$content_length"; }
                }
            }
            """;

    /** Bodies become files, by WebDAV. */
    private static final String APACHE = """
            ServerRoot "FOLDER"
            ServerName shop.test
            PidFile apache.pid
            ErrorLog /dev/stderr
            LoadModule mpm_event_module MODULES/mod_mpm_event.so
            LoadModule authz_core_module MODULES/mod_authz_core.so
            LoadModule http2_module MODULES/mod_http2.so
            LoadModule ssl_module MODULES/mod_ssl.so
            LoadModule dav_module MODULES/mod_dav.so
            LoadModule dav_fs_module MODULES/mod_dav_fs.so
            User nobody
            Group nogroup
            StartServers 1
            Listen 127.0.0.1:PLAIN
            Listen 127.0.0.1:TLS
            DocumentRoot "FOLDER/www"
            DavLockDB FOLDER/www/locks
            <Location "/">
                Dav on
            </Location>
            Protocols h2c http/1.1
            <VirtualHost 127.0.0.1:TLS>
                Protocols h2 http/1.1
                SSLEngine on
                SSLCertificateFile shop.crt
                SSLCertificateKeyFile shop.key
            </VirtualHost>
            """;

    private static final String MODULES = "/usr/lib/apache2/modules";
    private static final String TRUST = "tls: { ca: ../ca.crt, server-name: shop.test }, ";

    @TempDir
    static Path folder;

    private static final List<PeerProcess> RUNNING = new ArrayList<>();
    private static final byte[] LARGE = new byte[MIB];
    private static PeerProcess nginx;
    private static PeerProcess apache;
    private static BatonProcess baton;
    private static String web;

    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    @BeforeAll
    static void start() throws Exception {
        for (String program : List.of("nginx", "apache2", "nghttpd", "h2load")) {
            PeerProcess.assumeInstalled(program);
        }
        List<String> names = List.of(
                "nginx", "nginx-tls", "apache", "apache-tls", "nghttpd", "nghttpd-tls"); // in the order of ports
        makeFiles(names);
        List<Integer> ports = freePorts(names.size());
        nginx = serve(NGINX, "nginx.conf", ports.get(0), ports.get(1), "nginx", "-p", folder + "/", "-c");
        apache = serve(APACHE, "apache.conf", ports.get(2), ports.get(3), "/usr/sbin/apache2", "-DFOREGROUND", "-f");
        nghttpd(ports.get(4), "--no-tls");
        nghttpd(
                ports.get(5),
                folder.resolve("shop.key").toString(),
                folder.resolve("shop.crt").toString());
        ports.forEach(Http2RestartIT::awaitListening);
        StringBuilder routes = new StringBuilder();
        StringBuilder upstreams = new StringBuilder();
        for (int i = 0; i < names.size(); i++) {
            String name = names.get(i);
            routes.append("      - { match: { path: \"/" + name + "/*\" }, upstream: " + name + " }\n");
            upstreams.append("  " + name + ": { protocol: http/2, " + (name.endsWith("-tls") ? TRUST : "")
                    + "servers: [\"127.0.0.1:" + ports.get(i) + "\"] }\n");
        }
        baton = BatonProcess.serve(
                Files.createDirectory(folder.resolve("baton")), """
                version: 1
                loops: 2
                admin: { listen: "127.0.0.1:0" }
                listeners:
                  web: { bind: "127.0.0.1:0", service: shop }
                services:
                  shop:
                    type: http
                    routes:
                """ + routes + "upstreams:\n" + upstreams);
        web = baton.listener("web");
    }

    /** Apache reads and writes them as another user. */
    private static void makeFiles(List<String> names) throws IOException {
        new SplittableRandom(1).nextBytes(LARGE);
        Path www = Files.createDirectory(folder.resolve("www"));
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        Files.setPosixFilePermissions(www, PosixFilePermissions.fromString("rwxrwxrwx"));
        Files.createDirectory(folder.resolve("bodies"));
        for (String name : names) {
            Path own = Files.createDirectory(www.resolve(name));
            Files.setPosixFilePermissions(own, PosixFilePermissions.fromString("rwxrwxrwx"));
            Files.writeString(own.resolve("small"), "small");
            Files.write(own.resolve("large"), LARGE);
        }
        CertifiedKey authority = TestCertificates.write(
                folder, "ca", CertificateMaker.of("ca").authority().make());
        TestCertificates.write(
                folder,
                "shop",
                CertificateMaker.of("shop.test").issuedBy(authority).make());
    }

    private static PeerProcess serve(String text, String file, int plain, int tls, String... command)
            throws IOException {
        Path configuration = Files.writeString(
                folder.resolve(file),
                text.replace("FOLDER", folder.toString())
                        .replace("MODULES", MODULES)
                        .replace("PLAIN", Integer.toString(plain))
                        .replace(":TLS", ":" + tls));
        List<String> all = new ArrayList<>(List.of(command));
        all.add(configuration.toString());
        PeerProcess process = PeerProcess.start(folder, all.toArray(String[]::new));
        RUNNING.add(process);
        return process;
    }

    private static void nghttpd(int port, String... more) throws IOException {
        List<String> command = new ArrayList<>(
                List.of("nghttpd", "--address=127.0.0.1", "--htdocs=" + folder.resolve("www"), "--echo-upload"));
        if (more[0].startsWith("--")) {
            command.add(more[0]);
        }
        command.add(Integer.toString(port));
        if (more.length > 1) {
            command.addAll(List.of(more));
        }
        RUNNING.add(PeerProcess.start(folder, command.toArray(String[]::new)));
    }

    private static List<Integer> freePorts(int count) throws IOException {
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
    static void stop() {
        if (baton != null) {
            System.out.println(baton.text());
            baton.close();
        }
        for (PeerProcess each : RUNNING) {
            System.out.println(each.text());
            each.close();
        }
    }

    private HttpResponse<byte[]> send(String path, HttpRequest.Builder request) throws Exception {
        return client.send(
                request.uri(URI.create("http://" + web + path))
                        .timeout(Duration.ofSeconds(20))
                        .build(),
                BodyHandlers.ofByteArray());
    }

    private static Process load(int requests, int clients, int streams, String path) throws IOException {
        return new ProcessBuilder(
                        "h2load",
                        "--requests=" + requests,
                        "--clients=" + clients,
                        "--max-concurrent-streams=" + streams,
                        "http://" + web + path)
                .redirectErrorStream(true)
                .start();
    }

    private static void succeeded(Process load, int requests) throws Exception {
        try {
            String said = new String(load.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            load.waitFor();
            assertThat(said)
                    .contains(requests + " succeeded, 0 failed, 0 errored, 0 timeout")
                    .contains("status codes: " + requests + " 2xx");
        } finally {
            load.destroyForcibly();
        }
    }

    /** What becomes of a body differs: it comes back, is counted, or is in a file. */
    private void shouldTakeABody(String name) throws Exception {
        HttpRequest.BodyPublisher body = BodyPublishers.ofByteArray(LARGE);
        HttpRequest.Builder request = HttpRequest.newBuilder();
        if (name.startsWith("nghttpd")) {
            assertThat(send("/" + name + "/echo", request.POST(body)).body()).isEqualTo(LARGE);
        } else if (name.startsWith("nginx")) {
            assertThat(send("/" + name + "/count", request.POST(body)).body())
                    .asString()
                    .isEqualTo(Integer.toString(MIB));
        } else {
            assertThat(send("/" + name + "/put", request.PUT(body)).statusCode())
                    .isEqualTo(201);
            assertThat(folder.resolve("www/" + name + "/put")).hasBinaryContent(LARGE);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"nginx", "nginx-tls", "apache", "apache-tls", "nghttpd", "nghttpd-tls"})
    void shouldAskEachServer(String name) throws Exception {
        HttpResponse<byte[]> small = send("/" + name + "/small", HttpRequest.newBuilder());
        assertThat(small.statusCode()).isEqualTo(200);
        assertThat(small.body()).asString().isEqualTo("small");
        assertThat(small.headers().firstValue("server").orElse("").toLowerCase(Locale.ROOT))
                .startsWith(name.startsWith("nghttpd") ? "nghttpd" : name.replace("-tls", ""));
        assertThat(send("/" + name + "/large", HttpRequest.newBuilder()).body()).isEqualTo(LARGE);
        shouldTakeABody(name);
        assertThat(send("/" + name + "/none", HttpRequest.newBuilder()).statusCode())
                .isEqualTo(404);
        succeeded(load(500, 1, 100, "/" + name + "/small"), 500);
    }

    /** The server sends GOAWAY on each connection, and another process of it takes those that come. */
    @ParameterizedTest
    @ValueSource(strings = {"nginx", "nginx-tls", "apache", "apache-tls"})
    void shouldLoseNothingWhenTheServerRestarts(String name) throws Exception {
        boolean isNginx = name.startsWith("nginx");
        PeerProcess server = isNginx ? nginx : apache;
        String done = isNginx ? "exited with code 0" : "resuming normal operations";
        Process load = load(REQUESTS, 4, 10, "/" + name + "/small");
        int before = count(server, done);
        int restarts = 0;
        while (restarts < RESTARTS && load.isAlive()) {
            server.signal(isNginx ? "HUP" : "USR1");
            restarts++;
            int wanted = before + restarts;
            Awaitility.await().until(() -> !load.isAlive() || count(server, done) >= wanted);
        }
        assertThat(load.isAlive()).as("the load outlasts the restarts").isTrue();
        succeeded(load, REQUESTS);
    }

    private static int count(PeerProcess server, String mark) {
        return server.text().split(mark, -1).length - 1;
    }
}
