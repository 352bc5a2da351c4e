package dev.baton.it.peers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.testkit.BatonProcess;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.UpgradeRejectedException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** WebSockets through the service {@code http}: clients and servers of Vert.x and of Java-WebSocket. */
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class WebSocketIT {
    private static final int MIB = 1 << 20;

    private enum Library {
        VERTX,
        JAVA_WEBSOCKET
    }

    @TempDir
    static Path folder;

    private static BatonProcess baton;
    private static VertxSockets vertx;
    private static JavaSockets java;

    @BeforeAll
    static void start() throws Exception {
        vertx = new VertxSockets();
        java = new JavaSockets();
        baton = BatonProcess.serve(folder, """
                version: 1
                loops: 2
                admin: { listen: "127.0.0.1:0" }
                listeners:
                  vertx: { bind: "127.0.0.1:0", service: vertx }
                  java: { bind: "127.0.0.1:0", service: java }
                  hasty: { bind: "127.0.0.1:0", service: hasty }
                services:
                  vertx: { type: http, upstream: vertx }
                  java: { type: http, upstream: java }
                  hasty: { type: http, upstream: vertx, tunnel-timeout: 300ms }
                upstreams:
                  vertx: { servers: ["127.0.0.1:VERTX"] }
                  java: { servers: ["127.0.0.1:JAVA"] }
                """.replace("VERTX", Integer.toString(vertx.port()))
                .replace("JAVA", Integer.toString(java.port())));
    }

    @AfterAll
    static void stop() throws Exception {
        if (baton != null) {
            System.out.println(baton.text());
            baton.close();
        }
        java.close();
        vertx.close();
    }

    private static int port(String listener) throws InterruptedException {
        String address = baton.listener(listener);
        return Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
    }

    private static Talk connect(Library client, String listener, String path) throws Exception {
        return client == Library.VERTX ? vertx.connect(port(listener), path) : java.connect(port(listener), path);
    }

    private static Talk connect(Library client, Library server) throws Exception {
        return connect(client, server == Library.VERTX ? "vertx" : "java", "/");
    }

    /** The server's end of what has just been connected. */
    private static Talk accepted(Library server) throws InterruptedException {
        BlockingQueue<? extends Talk> ends = server == Library.VERTX ? vertx.accepted : java.accepted;
        Talk end = ends.poll(20, TimeUnit.SECONDS);
        assertThat(end).as("the server has accepted").isNotNull();
        return end;
    }

    static Stream<Arguments> pairs() {
        return Arrays.stream(Library.values())
                .flatMap(client -> Arrays.stream(Library.values()).map(server -> Arguments.of(client, server)));
    }

    private static byte[] random(int bytes) {
        byte[] made = new byte[bytes];
        new SplittableRandom(bytes).nextBytes(made);
        return made;
    }

    @ParameterizedTest
    @MethodSource("pairs")
    void shouldCarryEveryKindOfMessage(Library client, Library server) throws Exception {
        try (Talk near = connect(client, server);
                Talk far = accepted(server)) {
            for (Talk[] way : new Talk[][] {{near, far}, {far, near}}) {
                way[0].text("h\u00e4llo");
                assertThat(way[1].next()).isEqualTo("text h\u00e4llo");
                way[0].fragments("in two ", "parts");
                assertThat(way[1].next()).isEqualTo("text in two parts");
                for (int length : new int[] {0, 1, 125, 126, 65_535, 65_536, 2 * MIB}) {
                    byte[] bytes = random(length);
                    way[0].binary(bytes);
                    assertThat(way[1].next()).isEqualTo(Talk.binaryWords(bytes));
                }
                way[0].ping("are you there");
                assertThat(way[0].next()).isEqualTo("pong are you there");
            }
        }
    }

    /**
     * Without Java-WebSocket at both ends: with nothing between them, too, one of the two sometimes closes before it
     * has read the other's last frame.
     */
    static Stream<Arguments> pairsThatCloseInOrder() {
        return pairs().filter(pair -> List.of(pair.get()).contains(Library.VERTX));
    }

    @ParameterizedTest
    @MethodSource("pairsThatCloseInOrder")
    void shouldCarryCloseCodesBothWays(Library client, Library server) throws Exception {
        for (int code : new int[] {1000, 1001, 4321}) {
            try (Talk near = connect(client, server);
                    Talk far = accepted(server)) {
                near.close(code, "it is late");
                assertThat(far.next()).isEqualTo("close " + code + " it is late");
                assertThat(near.next()).startsWith("close " + code);
            }
            try (Talk near = connect(client, server);
                    Talk far = accepted(server)) {
                far.close(code, "no more");
                assertThat(near.next()).isEqualTo("close " + code + " no more");
                assertThat(far.next()).startsWith("close " + code);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("libraries")
    void shouldEndBothSidesWhenOneIsCut(Library other) throws Exception {
        try (JavaSockets.Talker near = java.connect(port(other == Library.VERTX ? "vertx" : "java"), "/");
                Talk far = accepted(other)) {
            near.text("hello");
            assertThat(far.next()).isEqualTo("text hello");
            near.cut();
            assertThat(far.next()).startsWith("close 1006");
        }
        try (Talk near = connect(other, Library.JAVA_WEBSOCKET);
                JavaSockets.Talker far = (JavaSockets.Talker) accepted(Library.JAVA_WEBSOCKET)) {
            far.cut();
            assertThat(near.next()).startsWith("close 1006");
        }
    }

    /**
     * What a client does not read is not collected on the way: its server has to wait. This way round, because frames
     * of a client are masked, and a leak detector that looks at each access makes reading those slow.
     */
    @Test
    void shouldHoldBackAServerWhoseClientDoesNotRead() throws Exception {
        int messages = 64;
        VertxSockets.Talker near = vertx.connect(port("vertx"), "/");
        VertxSockets.Talker far = (VertxSockets.Talker) accepted(Library.VERTX);
        near.socket.pause();
        AtomicInteger written = new AtomicInteger();
        byte[] bytes = random(MIB);
        Buffer message = Buffer.buffer(bytes);
        for (int i = 0; i < messages; i++) {
            Future<Void> write = far.socket.writeBinaryMessage(message.copy());
            write.onSuccess(done -> written.incrementAndGet());
        }
        AtomicInteger before = new AtomicInteger(-1);
        Awaitility.await()
                .pollInterval(Duration.ofMillis(100))
                .during(Duration.ofMillis(500))
                .until(() -> written.get() == before.getAndSet(written.get()));
        assertThat(written.get()).as("what sockets hold, and no more").isLessThan(messages);
        near.socket.resume();
        for (int i = 0; i < messages; i++) {
            assertThat(near.next()).isEqualTo(Talk.binaryWords(bytes));
        }
        near.close(1000, "");
        assertThat(far.next()).startsWith("close 1000");
    }

    @ParameterizedTest
    @MethodSource("libraries")
    void shouldEndATunnelThatIsSilentForTooLong(Library client) throws Exception {
        try (Talk near = connect(client, "hasty", "/");
                Talk far = accepted(Library.VERTX)) {
            near.text("hello");
            assertThat(far.next()).isEqualTo("text hello");
            assertThat(near.next()).startsWith("close 1006");
            assertThat(far.next()).startsWith("close 1006");
        }
    }

    static List<Library> libraries() {
        return List.of(Library.values());
    }

    @Test
    void shouldForwardAnAnswerThatIsNoUpgrade() throws Exception {
        assertThatThrownBy(() -> vertx.connect(port("vertx"), "/refused"))
                .isInstanceOf(UpgradeRejectedException.class)
                .hasMessageContaining("403");
        try (Talk near = java.connect(port("vertx"), "/refused")) {
            assertThat(near.next()).startsWith("close 1002").contains("403");
        }
        try (Talk near = connect(Library.VERTX, Library.VERTX);
                Talk far = accepted(Library.VERTX)) {
            near.text("the next one is upgraded");
            assertThat(far.next()).isEqualTo("text the next one is upgraded");
        }
    }
}
