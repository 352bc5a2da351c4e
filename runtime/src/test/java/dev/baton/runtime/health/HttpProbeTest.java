package dev.baton.runtime.health;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.runtime.config.CheckConfig;
import dev.baton.spi.upstream.UpstreamProtocol;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What an HTTP check asks, and what it makes of the bytes that come back. */
@SuppressWarnings("StringConcatToTextBlock") // the line ends are what matters
class HttpProbeTest {
    private static final CheckConfig PLAIN =
            CheckConfig.of(CheckConfig.Type.HTTP, Duration.ofSeconds(2), Duration.ofSeconds(1), 2, 3);

    private final List<String> verdicts = new ArrayList<>();
    private final EmbeddedChannel connection = new EmbeddedChannel();
    private final HttpProbe probe =
            new HttpProbe(PLAIN.passing(), UpstreamProtocol.HTTP_1_1, failure -> verdicts.add(String.valueOf(failure)));

    private ByteBuf receive(String text) {
        ByteBuf bytes = Unpooled.copiedBuffer(text, StandardCharsets.ISO_8859_1);
        connection.pipeline().fireChannelRead(bytes);
        connection.pipeline().fireChannelReadComplete();
        connection.runPendingTasks();
        return bytes;
    }

    @ParameterizedTest
    @CsvSource({
        "200, null",
        "399, null",
        "304, null",
        "101, 'answered 101, expected 200-399'",
        "400, 'answered 400, expected 200-399'",
        "503, 'answered 503, expected 200-399'",
    })
    void theStatusDecides(String status, String verdict) {
        probe.addTo(connection);
        ByteBuf bytes = receive("HTTP/1.1 " + status + " X\r\nContent-Length: 1000\r\n\r\nbody");
        if (status.equals("101")) {
            assertThat(verdicts).as("a head before the answer").isEmpty();
            return;
        }
        assertThat(verdicts).containsExactly(verdict);
        assertThat(connection.isOpen()).as("the body is of no interest").isFalse();
        assertThat(bytes.refCnt()).isZero();
    }

    @Test
    void headsBeforeTheAnswerArePassedOver() {
        probe.addTo(connection);
        receive("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 20");
        assertThat(verdicts).isEmpty();
        receive("4 No Content\r\n\r\n");
        assertThat(verdicts).containsExactly("null");
    }

    @Test
    void anAnswerThatNeverEndsIsNone() {
        probe.addTo(connection);
        ByteBuf last = Unpooled.EMPTY_BUFFER;
        for (int i = 0; i < 40 && verdicts.isEmpty(); i++) {
            last = receive("HTTP/1.1 100 Continue\r\nX-A: " + "a".repeat(1000) + "\r\n\r\n");
        }
        assertThat(verdicts).containsExactly("no answer in the first 16384 bytes");
        assertThat(connection.isOpen()).isFalse();
        assertThat(last.refCnt()).isZero();
    }

    @Test
    void whatIsNoHttpFails() {
        probe.addTo(connection);
        receive("SSH-2.0-OpenSSH_9.2p1\r\n\r\n");
        assertThat(verdicts).singleElement().asString().startsWith("malformed answer: ");
    }

    @Test
    void aConnectionThatEndsFails() {
        probe.addTo(connection);
        receive("HTTP/1.1 200");
        connection.close();
        connection.runPendingTasks();
        assertThat(verdicts).containsExactly("the connection was closed without an answer");
    }

    @Test
    void anErrorOfTheConnectionFails() {
        probe.addTo(connection);
        connection.pipeline().fireExceptionCaught(new IOException("reset"));
        connection.runPendingTasks();
        assertThat(verdicts).containsExactly("reset");
    }

    @Test
    void asksWhatTheConfigurationSays() {
        assertThat(new String(HttpProbe.request(PLAIN, "a.test:80"), StandardCharsets.US_ASCII))
                .isEqualTo("GET / HTTP/1.1\r\nHost: a.test:80\r\nUser-Agent: baton-check\r\nAccept: */*\r\n"
                        + "Connection: close\r\n\r\n");
        CheckConfig other = new CheckConfig(
                CheckConfig.Type.HTTP,
                PLAIN.interval(),
                PLAIN.timeout(),
                2,
                3,
                Optional.empty(),
                Optional.of("HEAD"),
                Optional.of("/healthz?deep"),
                Optional.of("shop.test"),
                Optional.empty());
        assertThat(new String(HttpProbe.request(other, "a.test:80"), StandardCharsets.US_ASCII))
                .startsWith("HEAD /healthz?deep HTTP/1.1\r\nHost: shop.test\r\n");
    }
}
