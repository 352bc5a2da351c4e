package dev.baton.plugin.tls;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.runtime.metrics.Meters;
import dev.baton.runtime.tls.LiveTls;
import dev.baton.spi.channel.ConnectionFacts;
import dev.baton.spi.channel.Eviction;
import dev.baton.spi.filter.Next;
import dev.baton.spi.tls.CertificateFiles;
import dev.baton.spi.tls.CertificateMaker;
import dev.baton.spi.tls.CertifiedKey;
import dev.baton.spi.tls.Pem;
import dev.baton.spi.tls.ServerTlsConfig;
import dev.baton.spi.tls.UnknownName;
import dev.baton.testkit.EmbeddedConnection;
import dev.baton.testkit.ManualLoop;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A ClientHello that comes in pieces counts as held for as long as it waits. */
class ClientHelloMemoryTest {
    private static final int PIECE = 60;

    @TempDir
    Path folder;

    private final Meters metrics = new Meters();
    private final List<String> refused = new ArrayList<>();
    private final EmbeddedConnection connection = new EmbeddedConnection(new ManualLoop(1));
    private byte[] hello = {};

    /** Tells why it refuses; the listener would reset the connection. */
    private final Next next = new Next() {
        @Override
        public void proceed() {
            throw new AssertionError("proceeds");
        }

        @Override
        public void proceed(ConnectionFacts facts) {
            throw new AssertionError("proceeds");
        }

        @Override
        public void refuse(String reason) {
            refused.add(reason);
        }
    };

    @BeforeEach
    void accept() throws Exception {
        CertifiedKey made = CertificateMaker.of("web.test").make();
        Path certificate = Files.writeString(folder.resolve("web.crt"), Pem.write(made.chain()));
        Path key = Files.writeString(folder.resolve("web.key"), Pem.write(made.key()));
        new LiveTls(metrics)
                .server(new ServerTlsConfig(
                        List.of(new CertificateFiles(certificate, key, Optional.empty())),
                        Optional.empty(),
                        List.of(),
                        List.of(),
                        Optional.empty(),
                        Optional.empty(),
                        List.of(),
                        UnknownName.DEFAULT,
                        false))
                .accepted(connection, next);
        SSLEngine client = SSLContext.getDefault().createSSLEngine("web.test", 443);
        client.setUseClientMode(true);
        ByteBuffer out = ByteBuffer.allocate(client.getSession().getPacketBufferSize());
        client.wrap(ByteBuffer.allocate(0), out);
        hello = Arrays.copyOf(out.array(), out.position());
    }

    private void comes(int from, int to) {
        connection.writeInbound(Unpooled.copiedBuffer(hello, from, to - from));
    }

    private boolean isCountedAsCut() {
        return metrics.scrape()
                .lines()
                .anyMatch(line -> line.startsWith("baton_tls_failures_total")
                        && line.contains("reason=\"cut\"")
                        && line.endsWith(" 1.0"));
    }

    @Test
    void shouldCountWhatWaitsUntilTheHandshakeBegins() {
        comes(0, PIECE);
        assertThat(connection.heldDirect()).isGreaterThanOrEqualTo(PIECE);
        comes(PIECE, 3 * PIECE);
        assertThat(connection.heldDirect()).isGreaterThanOrEqualTo(3 * PIECE);
        comes(3 * PIECE, hello.length);
        assertThat(connection.heldDirect()).isZero();
        assertThat(refused).isEmpty();
    }

    @Test
    void shouldGiveBackWhatCannotBecomeOne() {
        comes(0, 3);
        assertThat(connection.heldDirect()).isPositive();
        connection.writeInbound(Unpooled.wrappedBuffer(new byte[] {0, 0}));
        assertThat(connection.heldDirect()).isZero();
        assertThat(refused).hasSize(1);
    }

    @Test
    void shouldGiveBackWhatWaitsWhenTheConnectionCloses() {
        comes(0, PIECE);
        assertThat(connection.heldDirect()).isPositive();
        connection.close();
        assertThat(connection.heldDirect()).isZero();
    }

    @Test
    void shouldRefuseAClientForWhichThereIsNoRoom() {
        connection.noRoom(true);
        comes(0, PIECE);
        assertThat(refused).containsExactly("there is no memory for its ClientHello");
        assertThat(connection.heldDirect()).isZero();
        assertThat(isCountedAsCut()).isTrue();
        comes(PIECE, hello.length);
        assertThat(connection.<Object>readOutbound()).as("to what comes later").isNull();
    }

    @Test
    void shouldEndWhenTheMemoryIsUsedUp() {
        comes(0, PIECE);
        Eviction eviction = new Eviction();
        connection.pipeline().fireUserEventTriggered(eviction);
        assertThat(eviction.isTaken()).isTrue();
        assertThat(refused).hasSize(1);
        assertThat(connection.heldDirect()).isZero();
        assertThat(isCountedAsCut()).isTrue();
    }
}
