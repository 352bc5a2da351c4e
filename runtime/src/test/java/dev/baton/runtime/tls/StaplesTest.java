package dev.baton.runtime.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

import dev.baton.runtime.metrics.Meters;
import dev.baton.spi.tls.Pem;
import dev.baton.spi.tls.ServerTlsConfig;
import dev.baton.spi.tls.UnknownName;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What becomes of a responder's answers. */
@Timeout(60)
class StaplesTest {
    private static final CertificateSource SOURCE = new CertificateSource("web.crt", null);

    @TempDir
    Path folder;

    private Instant now = Instant.now();
    private final Meters metrics = new Meters();
    private final Staples staples = new Staples(metrics, () -> now);
    private final ExecutorService worker = Executors.newSingleThreadExecutor();
    private FakeResponder fake;
    private ServerCertificate certificate;
    private Staple staple;

    @BeforeEach
    void begin() throws Exception {
        fake = new FakeResponder();
        ServerTlsConfig config = new ServerTlsConfig(
                List.of(),
                Optional.empty(),
                List.of(),
                List.of(),
                Optional.empty(),
                Optional.empty(),
                List.of(),
                UnknownName.DEFAULT,
                true);
        certificate = new ServerContexts(config, new TicketKeys(() -> now), staples)
                .make(SOURCE, fake.certificate, List.of());
        staple = staples.of(fake.certificate);
        assumeThat(TlsLibrary.isBoringSsl()).isTrue();
    }

    @AfterEach
    void end() {
        fake.close();
        worker.shutdownNow();
    }

    private long counted(String result) {
        return metrics.counter("baton_tls_ocsp_fetches_total", "", "result", result)
                .count();
    }

    /** Asks what is due, and waits for what comes of it. */
    private void ask() {
        long before = counted("fetched") + counted("failed");
        staples.look(List.of(certificate), worker);
        await().until(() -> counted("fetched") + counted("failed") > before);
    }

    @Test
    void shouldShowWhatTheResponderSaysAndAskAgainHalfWay() throws Exception {
        assertThat(certificate.staple()).isSameAs(staple);
        assertThat(staple.response(now)).isNull();
        ask();
        assertThat(fake.asksForTheCertificate(fake.questions.get(0))).isTrue();
        byte[] shown = Objects.requireNonNull(staple.response(now));
        assertThat(staple.words(now)).startsWith("until 20").doesNotContain(";");
        staples.look(List.of(certificate), worker);
        assertThat(fake.questions).as("not due").hasSize(1);

        fake.answer = question -> null;
        now = now.plus(Duration.ofMinutes(2));
        ask();
        assertThat(staple.response(now)).as("the old one is still true").isEqualTo(shown);
        assertThat(staple.words(now)).endsWith("; " + fake.address() + ": status 500");
        now = now.plus(Duration.ofSeconds(59));
        staples.look(List.of(certificate), worker);
        assertThat(fake.questions).as("it backs off").hasSize(2);
        now = now.plus(Duration.ofHours(1));
        assertThat(staple.response(now)).as("no longer").isNull();
        assertThat(staple.words(now)).isEqualTo(fake.address() + ": status 500");
    }

    @Test
    void shouldSurviveAResponderThatIsWrong() {
        fake.answer = question -> new byte[100_000];
        ask();
        assertThat(staple.words(now)).contains("its answer has more than 64 KiB");
        now = now.plus(Duration.ofHours(2));
        fake.answer = question -> "Hello!".getBytes(StandardCharsets.US_ASCII);
        ask();
        assertThat(staple.words(now)).contains("the responder's answer is refused: ");
        fake.close();
        now = now.plus(Duration.ofHours(2));
        ask();
        assertThat(staple.words(now)).contains("Exception");
        assertThat(staple.response(now)).isNull();
        assertThat(counted("failed")).isEqualTo(3);
    }

    /** As a client sees it. */
    @Test
    void shouldStapleForClientsThatAskForIt() throws Exception {
        Files.writeString(folder.resolve("ca.crt"), Pem.write(fake.issuer.chain()));
        EventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
        try {
            Channel server = new ServerBootstrap()
                    .group(loops)
                    .channel(NioServerSocketChannel.class)
                    .childHandler(new ChannelInitializer<Channel>() {
                        @Override
                        protected void initChannel(Channel channel) {
                            channel.pipeline().addLast(certificate.handler(channel.alloc(), now));
                        }
                    })
                    .bind("127.0.0.1", 0)
                    .sync()
                    .channel();
            int port = ((InetSocketAddress) server.localAddress()).getPort();
            for (String version : List.of("-tls1_2", "-tls1_3")) {
                now = now.plus(Duration.ofHours(2)); // the one before is over
                assertThat(client(port, version)).contains("OCSP response: no response sent");
                now = Instant.now();
                if (staple.response(now) == null) {
                    ask();
                }
                assertThat(client(port, version))
                        .contains(
                                "OCSP Response Status: successful", "Cert Status: good", "Verify return code: 0 (ok)");
            }
        } finally {
            loops.shutdownGracefully(0, 0, TimeUnit.SECONDS);
        }
    }

    private String client(int port, String version) throws Exception {
        Process process = new ProcessBuilder(
                        "openssl",
                        "s_client",
                        "-connect",
                        "127.0.0.1:" + port,
                        "-servername",
                        "shop.test",
                        "-CAfile",
                        "ca.crt",
                        "-status",
                        version)
                .directory(folder.toFile())
                .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                .redirectErrorStream(true)
                .start();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        return text;
    }
}
