package dev.baton.plugin.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.testkit.EmbeddedConnection;
import dev.baton.testkit.ManualLoop;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ChaosServiceTest {
    private static final String GET = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";

    private final EmbeddedConnection connection = new EmbeddedConnection(new ManualLoop(0));

    @BeforeEach
    void serve() {
        connection.freezeTime();
        new ChaosService(new ChaosConfig(Duration.ofSeconds(1)), new Delays()).initialize(connection, "web");
        connection.pipeline().fireChannelActive();
    }

    private void send(String text) {
        connection.offer(() -> {
            connection.pipeline().fireChannelRead(Unpooled.copiedBuffer(text, StandardCharsets.US_ASCII));
            connection.pipeline().fireChannelReadComplete();
        });
        connection.runPosted();
    }

    private String received() {
        StringBuilder text = new StringBuilder();
        ByteBuf piece;
        while ((piece = connection.readOutbound()) != null) {
            text.append(piece.toString(StandardCharsets.US_ASCII));
            piece.release();
        }
        return text.toString();
    }

    @Test
    void answersAreDatedAndWithoutContentWhereAHeadAsked() {
        for (String path : new String[] {"/", "/nope", "/block/x"}) {
            send("HEAD " + path + " HTTP/1.1\r\nhost: a\r\n\r\n");
            assertThat(received()).containsPattern("\r\ndate: .* GMT\r\n").endsWith("\r\n\r\n");
            send("HEAD " + path + " HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 1\r\n\r\nx");
            assertThat(received()).endsWith("\r\n\r\n");
        }
        send("PUT / HTTP/1.1\r\nhost: a\r\ncontent-length: 100000\r\nexpect: 100-continue\r\n\r\n");
        assertThat(received()).startsWith("HTTP/1.1 413 ").containsPattern("\r\ndate: .* GMT\r\n");
        send("PUT / HTTP/1.1\r\nhost: a\r\nexpect: wonders\r\n\r\n");
        assertThat(received()).startsWith("HTTP/1.1 417 ").containsPattern("\r\ndate: .* GMT\r\n");
    }

    /** Once each of them was answered: what waited for a client that asked and did not read had no limit. */
    @Test
    void pipelinedRequestsWaitForASlowReader() {
        connection.stalled(true);
        send(GET.repeat(2_000));
        assertThat(connection.config().isAutoRead()).isFalse();
        assertThat(connection.unsafe().outboundBuffer().totalPendingWriteBytes())
                .isBetween(1L, 70_000L);
        connection.stalled(false);
        assertThat(received().split("HTTP/1.1 200 ", -1)).hasSize(2_001);
        assertThat(connection.config().isAutoRead()).isTrue();
        send(GET);
        assertThat(received()).startsWith("HTTP/1.1 200 ");
    }

    @Test
    void aClientThatDoesNotReadIsClosed() {
        connection.stalled(true);
        send(GET.repeat(2_000));
        connection.advanceTimeBy(61, TimeUnit.SECONDS);
        connection.runScheduledPendingTasks();
        assertThat(connection.isOpen()).isFalse();
    }
}
