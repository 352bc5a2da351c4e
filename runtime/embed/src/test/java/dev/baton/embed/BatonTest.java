package dev.baton.embed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.baton.spi.Plugin;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URL;
import java.net.URLClassLoader;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class BatonTest {

    @Test
    void shouldServeConnectionsUntilItIsClosed() throws Exception {
        Baton baton = Baton.builder().loops(2).start();
        Listening listening;
        try (baton) {
            listening =
                    baton.listen("127.0.0.1:0", channel -> channel.pipeline().addLast(new Echo()));
            assertThat(baton.addressOf(listening.name())).isEqualTo(listening.address());
            try (Client client = new Client(listening.port());
                    Client other = new Client(listening.port())) {
                assertThat(client.echo("one")).isEqualTo("one");
                assertThat(other.echo("two")).isEqualTo("two");
                listening.close();
                assertThat(client.read(1)).isEmpty();
            }
            assertThat(baton.addressOf(listening.name())).isNull();
            listening =
                    baton.listen("127.0.0.1:0", channel -> channel.pipeline().addLast(new Echo()));
        }
        int port = listening.port();
        assertThatExceptionOfType(IOException.class).isThrownBy(() -> new Client(port));
        baton.close(); // once more does nothing
    }

    @Test
    void shouldServeUnixSockets(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("echo.sock");
        try (Baton baton = Baton.builder().loops(1).start()) {
            Listening listening =
                    baton.listen("unix:" + file, channel -> channel.pipeline().addLast(new Echo()));
            assertThat(listening.address()).isEqualTo(UnixDomainSocketAddress.of(file));
            assertThatIllegalStateException().isThrownBy(listening::port).withMessageContaining("has no port");
            try (SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(file))) {
                client.write(StandardCharsets.US_ASCII.encode("unix"));
                ByteBuffer answer = ByteBuffer.allocate(4);
                while (answer.hasRemaining() && client.read(answer) >= 0) {}
                assertThat(StandardCharsets.US_ASCII.decode(answer.flip()).toString())
                        .isEqualTo("unix");
            }
        }
    }

    @Test
    void shouldAnswerEverybodyElseWhileOneLoopIsBlocked() throws Exception {
        CountDownLatch gate = new CountDownLatch(1);
        try (Baton baton =
                        Baton.builder().loops(2).rescue(Duration.ofMillis(20)).start();
                Client blocking = block(baton.listen(
                        "127.0.0.1:0", channel -> channel.pipeline().addLast(new Echo(gate))))) {
            assertThat(blocking).isNotNull();
            gate.countDown();
            assertThat(blocking.read(Echo.BLOCK.length())).isEqualTo(Echo.BLOCK);
        }
    }

    /** Blocks a loop by one of twelve connections, each loop having some; the others go on, and new ones come. */
    private static Client block(Listening listening) throws IOException {
        List<Client> others = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            Client client = new Client(listening.port());
            assertThat(client.echo("hello")).isEqualTo("hello");
            others.add(client);
        }
        Client blocking = others.remove(0);
        blocking.send(Echo.BLOCK);
        for (int i = 0; i < 12; i++) {
            others.add(new Client(listening.port()));
        }
        for (Client each : others) {
            assertThat(each.echo("on")).isEqualTo("on");
            each.close();
        }
        return blocking;
    }

    @Test
    void shouldLetConnectionsFinish() throws Exception {
        Baton baton = Baton.builder().loops(1).grace(Duration.ofSeconds(10)).start();
        Listening listening =
                baton.listen("127.0.0.1:0", channel -> channel.pipeline().addLast(new Echo()));
        Client client = new Client(listening.port());
        assertThat(client.echo("hello")).isEqualTo("hello");
        Thread end = new Thread(baton::close);
        end.start();
        baton.stop(Duration.ofSeconds(10));
        assertThat(client.echo("still here")).isEqualTo("still here");
        client.close();
        end.join();
        baton.awaitStop();
    }

    @Test
    void shouldLiveTwiceInOneJvm() throws Exception {
        try (Baton one = Baton.builder().loops(1).start();
                Baton two = Baton.builder().loops(1).poller("poll").start()) {
            int first = one.listen(
                            "same", "127.0.0.1:0", channel -> channel.pipeline().addLast(new Echo()))
                    .port();
            int second = two.listen(
                            "same", "127.0.0.1:0", channel -> channel.pipeline().addLast(new Echo()))
                    .port();
            try (Client client = new Client(second)) {
                assertThat(client.echo("two")).isEqualTo("two");
                one.close();
                assertThat(client.echo("still two")).isEqualTo("still two");
            }
            assertThatExceptionOfType(IOException.class).isThrownBy(() -> new Client(first));
        }
    }

    @Test
    void shouldKeepTwoListenersOfOneNameApart() throws Exception {
        try (Baton baton = Baton.builder().loops(1).start()) {
            ChannelSetup echo = channel -> channel.pipeline().addLast(new Echo());
            Listening first = baton.listen("echo", "127.0.0.1:0", echo);
            first.close();
            Listening second = baton.listen("echo", "127.0.0.1:0", echo);
            first.close(); // the old one, once more
            try (Client client = new Client(second.port())) {
                assertThat(client.echo("second")).isEqualTo("second");
            }
        }
    }

    @Test
    void shouldRefuseToWaitOnALoop() throws Exception {
        try (Baton baton = Baton.builder().loops(1).start()) {
            for (Runnable waits : List.<Runnable>of(baton::close, () -> baton.listen("127.0.0.1:0", channel -> {}))) {
                assertThat(baton.loops().submit(waits).await().cause())
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageContaining("call it from a thread that is no loop's");
            }
        }
    }

    @Test
    void shouldLetTheConfigurationSayHowLongConnectionsMayTake() throws Exception {
        Baton baton = Baton.builder()
                .configuration(Map.of("version", 1, "loops", 1, "grace", Duration.ofMinutes(1)))
                .start();
        Listening listening =
                baton.listen("127.0.0.1:0", channel -> channel.pipeline().addLast(new Echo()));
        Client client = new Client(listening.port());
        assertThat(client.echo("hello")).isEqualTo("hello");
        Thread end = new Thread(baton::close);
        end.start();
        assertThat(client.echo("still here")).isEqualTo("still here");
        client.close();
        end.join();
    }

    @Test
    void shouldLeaveNoThreadBehindAFailedStart() {
        assertThatExceptionOfType(BatonException.class)
                .isThrownBy(Baton.builder()
                        .configuration(Map.of(
                                "version",
                                1,
                                "listeners",
                                Map.of("web", Map.of("bind", "203.0.113.1:1", "service", "embedder"))))::start)
                .withMessageContaining("203.0.113.1");
        assertThat(Thread.getAllStackTraces().keySet())
                .noneMatch(thread -> thread.getName().startsWith("baton-loop"));
        assertThatExceptionOfType(BatonException.class)
                .isThrownBy(Baton.builder().configuration(Map.of("version", 1, "user", "nobody"))::start)
                .withMessageContaining("remove the key");
    }

    // ---- a whole server -----------------------------------------------------------------------------------------

    private static final Map<String, Object> HELLO = Map.of(
            "version",
            1,
            "grace",
            Duration.ofSeconds(3),
            "listeners",
            Map.of("web", Map.of("bind", "127.0.0.1:0", "service", "site")),
            "services",
            Map.of("site", Map.of("type", "greeting", "words", List.of("good", "day"))));

    @Test
    void shouldServeAConfigurationThatIsAnObject() throws Exception {
        try (Baton baton = Baton.builder()
                .configuration(HELLO)
                .plugin("greeting", new GreetingPlugin())
                .loops(1)
                .start()) {
            assertThat(greeting(baton)).isEqualTo("good day");
        }
    }

    @Test
    void shouldServeAConfigurationThatIsText() throws Exception {
        try (Baton baton = Baton.builder()
                .configuration("""
                        version: 1
                        listeners: { web: { bind: "127.0.0.1:0", service: site } }
                        services: { site: { type: greeting, words: [ good, evening ] } }
                        """)
                .plugin("greeting", new GreetingPlugin())
                .start()) {
            assertThat(greeting(baton)).isEqualTo("good evening");
            try (Client echo = new Client(
                    baton.listen("127.0.0.1:0", channel -> channel.pipeline().addLast(new Echo()))
                            .port())) {
                assertThat(echo.echo("beside it")).isEqualTo("beside it");
            }
        }
    }

    private static String greeting(Baton baton) throws IOException {
        InetSocketAddress address = (InetSocketAddress) baton.addressOf("web");
        assertThat(address).isNotNull();
        try (Client client = new Client(address.getPort())) {
            return client.read(100);
        }
    }

    @Test
    void shouldFindPluginsOnTheClassPathByTheirManifests(@TempDir Path folder) throws Exception {
        Path manifest = Files.createDirectory(folder.resolve("META-INF")).resolve("MANIFEST.MF");
        Files.writeString(manifest, """
                Manifest-Version: 1.0
                Baton-Plugin-Id: greeting
                Baton-Plugin-Version: 7
                Baton-Spi-Version: 2.0
                Baton-Plugin-Class: %s
                """.formatted(GreetingPlugin.class.getName()));
        try (URLClassLoader loader =
                new URLClassLoader(new URL[] {folder.toUri().toURL()}, BatonTest.class.getClassLoader())) {
            Thread.currentThread().setContextClassLoader(loader);
            try (Baton baton = Baton.builder().configuration(HELLO).start()) {
                assertThat(greeting(baton)).isEqualTo("good day");
            }
            Files.writeString(manifest, Files.readString(manifest).replace("Spi-Version: 2.0", "Spi-Version: 1.0"));
            assertThatExceptionOfType(BatonException.class)
                    .isThrownBy(Baton.builder().configuration(HELLO)::start)
                    .withMessageContaining("plugin greeting cannot be loaded: ")
                    .withMessageContaining("was compiled against SPI 1.0, this Baton has SPI 2.0");
        } finally {
            Thread.currentThread().setContextClassLoader(BatonTest.class.getClassLoader());
        }
    }

    // ---- what is wrong ------------------------------------------------------------------------------------------

    @Test
    void shouldSayEverythingThatIsWrong() {
        Plugin greeting = new GreetingPlugin();
        assertThatExceptionOfType(BatonException.class)
                .isThrownBy(Baton.builder().loops(0).poller("eboll")::start)
                .withMessageContaining("Baton.builder(): loops: ")
                .withMessageContaining("did you mean 'epoll'");
        assertThatExceptionOfType(BatonException.class)
                .isThrownBy(Baton.builder()
                        .configuration(Map.of("version", 1, "loops", 2))
                        .loops(3)::start)
                .withMessage("loops is set twice: in the configuration and by the program");
        assertThatExceptionOfType(BatonException.class)
                .isThrownBy(() -> Baton.builder().configuration("version: [1"))
                .withMessageContaining("configuration:1:");
        assertThatExceptionOfType(BatonException.class)
                .isThrownBy(Baton.builder().plugin("one", greeting).plugin("two", greeting)::start)
                .withMessageContaining("plugin two cannot be loaded: ");
        assertThatExceptionOfType(BatonException.class)
                .isThrownBy(
                        Baton.builder().withoutRescue().configuration(Map.of("version", 1, "rescue", Map.of()))::start)
                .withMessageContaining("rescue");
    }

    @Test
    void shouldSayWhyItCannotListen() throws Exception {
        try (Baton baton = Baton.builder().loops(1).start();
                ServerSocket taken = new ServerSocket(0)) {
            ChannelSetup nothing = channel -> {};
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> baton.listen("somewhere", nothing))
                    .withMessageContaining("bind: ");
            assertThatExceptionOfType(BatonException.class)
                    .isThrownBy(() -> baton.listen("0.0.0.0:" + taken.getLocalPort(), nothing))
                    .withMessageContaining("cannot listen on 0.0.0.0:" + taken.getLocalPort())
                    .withMessageContaining("EADDRINUSE");
            baton.listen("echo", "127.0.0.1:0", nothing);
            assertThatExceptionOfType(BatonException.class)
                    .isThrownBy(() -> baton.listen("echo", "127.0.0.1:0", nothing))
                    .withMessage("there is a listener echo already");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> baton.listen("9 lives", "127.0.0.1:0", nothing))
                    .withMessageContaining("is no name");
        }
    }

    @Test
    void shouldCloseAConnectionWhoseSetupThrowsAndNoOther() throws Exception {
        CountDownLatch first = new CountDownLatch(1);
        try (Baton baton = Baton.builder().loops(1).start()) {
            int port = baton.listen("127.0.0.1:0", channel -> {
                        if (first.getCount() > 0) {
                            first.countDown();
                            throw new IOException("planned");
                        }
                        channel.pipeline().addLast(new Echo());
                    })
                    .port();
            try (Client broken = new Client(port)) {
                assertThatExceptionOfType(IOException.class)
                        .isThrownBy(() -> broken.read(1))
                        .withMessageContaining("reset");
            }
            try (Client client = new Client(port)) {
                assertThat(client.echo("fine")).isEqualTo("fine");
            }
        }
    }

    @Test
    void shouldNeedNoLoggingParserOrMetricsLibrary() {
        for (String unwanted : List.of(
                "ch.qos.logback.classic.Logger",
                "picocli.CommandLine",
                "io.prometheus.metrics.model.snapshots.Labels",
                "io.micrometer.core.instrument.Tag")) {
            assertThatExceptionOfType(ClassNotFoundException.class).isThrownBy(() -> Class.forName(unwanted));
        }
        try (Baton baton = Baton.builder().loops(1).start()) {
            assertThatIllegalStateException()
                    .isThrownBy(baton::metrics)
                    .withMessageContaining("io.prometheus:prometheus-metrics-exposition-textformats");
        }
    }
}
