package dev.baton.it.vertx;

import static dev.baton.it.vertx.VertxRig.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.baton.spi.poller.PollerProvider;
import io.vertx.core.AbstractVerticle;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.WebSocket;
import io.vertx.core.net.PfxOptions;
import io.vertx.core.net.SocketAddress;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Unmodified HTTP servers and clients of Vert.x on Baton's loops and channels. */
@Timeout(60)
class VertxHttpIT {
    private static final String PASSWORD = "secret";
    private static final int CHUNK_SIZE = 64 * 1024;

    @TempDir
    private Path folder;

    static Stream<Arguments> pollersAndHosts() {
        return dev.baton.it.Pollers.all()
                .flatMap(poller -> Stream.of("127.0.0.1", "[::1]").map(host -> Arguments.of(poller, host)));
    }

    private static int listen(VertxRig rig, HttpServerOptions options, String host) throws Exception {
        HttpServer server = rig.vertx().createHttpServer(options);
        server.requestHandler(VertxHttpIT::echo);
        return get(server.listen(0, host)).actualPort();
    }

    /** Answers with the body and the name of the thread. */
    private static void echo(HttpServerRequest request) {
        request.body()
                .onSuccess(body -> request.response()
                        .putHeader("thread", Thread.currentThread().getName())
                        .end(body));
    }

    /** Everything that follows an answer is said before it can come: what comes unasked for is lost. */
    private static Buffer post(HttpClient client, int port, String host, Buffer body) throws Exception {
        return get(client.request(HttpMethod.POST, port, host, "/")
                .compose(request -> request.send(body).compose(response -> {
                    assertThat(response.getHeader("thread")).startsWith("baton-loop-");
                    return response.body();
                })));
    }

    @ParameterizedTest
    @MethodSource("pollersAndHosts")
    void anExchangeOverBothFamilies(PollerProvider poller, String host) throws Exception {
        try (VertxRig rig = VertxRig.start(poller, 2)) {
            int port = listen(rig, new HttpServerOptions(), host.replaceAll("[\\[\\]]", ""));
            HttpClient client = rig.httpClient();
            assertThat(post(client, port, host, Buffer.buffer("small")).toString())
                    .isEqualTo("small");
            Buffer big = Buffer.buffer(new byte[1 << 20]);
            assertThat(post(client, port, host, big)).isEqualTo(big);
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void anUpgradeToHttp2WithoutTls(PollerProvider poller) throws Exception {
        try (VertxRig rig = VertxRig.start(poller, 2)) {
            int port = listen(rig, new HttpServerOptions(), "127.0.0.1");
            for (boolean upgrade : new boolean[] {true, false}) {
                HttpClient client = rig.httpClient(new HttpClientOptions()
                        .setProtocolVersion(HttpVersion.HTTP_2)
                        .setHttp2ClearTextUpgrade(upgrade));
                String answer = get(client.request(HttpMethod.POST, port, "127.0.0.1", "/")
                        .compose(request -> request.send("h2").compose(response -> {
                            assertThat(response.version()).isEqualTo(HttpVersion.HTTP_2);
                            return response.body();
                        }))
                        .map(Buffer::toString));
                assertThat(answer).isEqualTo("h2");
            }
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void anExchangeOverUnixSockets(PollerProvider poller) throws Exception {
        try (VertxRig rig = VertxRig.start(poller, 1)) {
            for (String path : new String[] {folder.resolve("socket").toString(), "\0" + folder}) {
                SocketAddress address = SocketAddress.domainSocketAddress(path);
                get(rig.vertx()
                        .createHttpServer()
                        .requestHandler(VertxHttpIT::echo)
                        .listen(address));
                String answer = get(rig.httpClient()
                                .request(new io.vertx.core.http.RequestOptions()
                                        .setServer(address)
                                        .setMethod(HttpMethod.POST))
                                .compose(request -> request.send("over unix").compose(response -> response.body())))
                        .toString();
                assertThat(answer).isEqualTo("over unix");
            }
        }
    }

    /** A server that starts once a loop, as Vert.x shares a port. */
    private static final class Instance extends AbstractVerticle {
        private final Set<Integer> ports;
        private final Set<String> threads;

        Instance(Set<Integer> ports, Set<String> threads) {
            this.ports = ports;
            this.threads = threads;
        }

        @Override
        public void start(Promise<Void> started) {
            // A negative port: a free one, the same for all instances.
            vertx.createHttpServer()
                    .requestHandler(request -> {
                        threads.add(Thread.currentThread().getName());
                        echo(request);
                    })
                    .listen(-1, "127.0.0.1")
                    .map(server -> {
                        ports.add(server.actualPort());
                        return (Void) null;
                    })
                    .onComplete(started);
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void severalInstancesServeOnePortOnSeveralLoops(PollerProvider poller) throws Exception {
        Set<Integer> ports = ConcurrentHashMap.newKeySet();
        Set<String> threads = ConcurrentHashMap.newKeySet();
        try (VertxRig rig = VertxRig.start(poller, 3)) {
            get(rig.vertx()
                    .deployVerticle(() -> new Instance(ports, threads), new DeploymentOptions().setInstances(3)));
            assertThat(ports).hasSize(1);
            int port = ports.iterator().next();
            HttpClient client = rig.httpClient(new HttpClientOptions().setKeepAlive(false));
            for (int i = 0; i < 6; i++) {
                post(client, port, "127.0.0.1", Buffer.buffer("x"));
            }
            assertThat(threads).containsExactlyInAnyOrder("baton-loop-0", "baton-loop-1", "baton-loop-2");
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aChunkedAnswerIsHeldBackWhileTheClientDoesNotRead(PollerProvider poller) throws Exception {
        int chunks = 512; // 32 MiB: more than the kernel buffers of both ends take
        try (VertxRig rig = VertxRig.start(poller, 2)) {
            Promise<Void> full = Promise.promise();
            HttpServer server = rig.vertx().createHttpServer().requestHandler(request -> {
                request.response().setChunked(true);
                send(request, chunks, full);
            });
            int port = get(server.listen(0, "127.0.0.1")).actualPort();
            Promise<Long> received = Promise.promise();
            long[] sum = new long[1];
            get(rig.httpClient()
                    .request(HttpMethod.GET, port, "127.0.0.1", "/")
                    .compose(request -> request.send()
                            .map(response -> response.pause()
                                    .handler(buffer -> sum[0] += buffer.length())
                                    .endHandler(end -> received.complete(sum[0]))))
                    // Nothing is read until the server says that it had to wait.
                    .compose(response -> full.future().map(response))
                    .map(response -> response.resume()));
            assertThat(get(received.future())).isEqualTo((long) chunks * CHUNK_SIZE);
        }
    }

    private static void send(HttpServerRequest request, int left, Promise<Void> full) {
        int rest = left;
        while (rest > 0) {
            if (request.response().writeQueueFull()) {
                int later = rest;
                full.tryComplete();
                request.response().drainHandler(room -> send(request, later, full));
                return;
            }
            request.response().write(Buffer.buffer(new byte[CHUNK_SIZE]));
            rest--;
        }
        request.response().drainHandler(null).end();
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void webSocketsGoBothWays(PollerProvider poller) throws Exception {
        try (VertxRig rig = VertxRig.start(poller, 2)) {
            HttpServer server = rig.vertx()
                    .createHttpServer()
                    .webSocketHandler(
                            socket -> socket.textMessageHandler(text -> socket.writeTextMessage("re: " + text)));
            int port = get(server.listen(0, "127.0.0.1")).actualPort();
            WebSocket socket = get(rig.kept(rig.vertx().createWebSocketClient()).connect(port, "127.0.0.1", "/"));
            CopyOnWriteArrayList<String> texts = new CopyOnWriteArrayList<>();
            Promise<Void> closed = Promise.promise();
            socket.textMessageHandler(text -> {
                texts.add(text);
                if (texts.size() == 2) {
                    socket.close();
                }
            });
            socket.closeHandler(closed::complete);
            get(socket.writeTextMessage("one"));
            get(socket.writeTextMessage("two"));
            get(closed.future());
            assertThat(texts).containsExactly("re: one", "re: two");
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void anExchangeOverTls(PollerProvider poller) throws Exception {
        Path keys = selfSigned();
        PfxOptions store = new PfxOptions().setPath(keys.toString()).setPassword(PASSWORD);
        try (VertxRig rig = VertxRig.start(poller, 2)) {
            int port = listen(rig, new HttpServerOptions().setSsl(true).setKeyCertOptions(store), "127.0.0.1");
            HttpClient client = rig.httpClient(
                    new HttpClientOptions().setSsl(true).setTrustOptions(store).setVerifyHost(false));
            Buffer big = Buffer.buffer(new byte[1 << 20]);
            assertThat(post(client, port, "127.0.0.1", big)).isEqualTo(big);
        }
    }

    /** A key of this test's own, made by the JDK's keytool. */
    private Path selfSigned() throws Exception {
        Path file = folder.resolve("keys.p12");
        Process keytool = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "keytool")
                                .toString(),
                        "-genkeypair",
                        "-alias",
                        "test",
                        "-keyalg",
                        "EC",
                        "-dname",
                        "CN=localhost",
                        "-storetype",
                        "PKCS12",
                        "-storepass",
                        PASSWORD,
                        "-keystore",
                        file.toString())
                .redirectErrorStream(true)
                .start();
        String output = new String(keytool.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        assertThat(keytool.waitFor()).as(output).isZero();
        return file;
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aRefusedConnectionFailsTheRequest(PollerProvider poller) throws Exception {
        try (VertxRig rig = VertxRig.start(poller, 1)) {
            int deaf;
            try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
                deaf = socket.getLocalPort();
            }
            Future<?> request = rig.httpClient().request(HttpMethod.GET, deaf, "127.0.0.1", "/");
            assertThat(catchThrowable(() -> get(request)))
                    .isInstanceOf(ExecutionException.class)
                    .cause()
                    .isInstanceOf(ConnectException.class)
                    .hasMessageContaining("127.0.0.1:" + deaf)
                    .hasMessageContaining("ECONNREFUSED");
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void closeEndsWhatIsUnderWay(PollerProvider poller) throws Exception {
        try (VertxRig rig = VertxRig.start(poller, 2)) {
            Promise<Void> asked = Promise.promise();
            HttpServer server = rig.vertx().createHttpServer().requestHandler(request -> asked.complete());
            int port = get(server.listen(0, "127.0.0.1")).actualPort();
            CompletableFuture<?> answer = rig.httpClient()
                    .request(HttpMethod.GET, port, "127.0.0.1", "/")
                    .compose(request -> request.send())
                    .toCompletionStage()
                    .toCompletableFuture();
            get(asked.future());
            get(rig.vertx().close());
            assertThat(answer).isCompletedExceptionally();
        }
    }
}
