package dev.baton.plugin.http.http1;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.plugin.http.Bench;
import dev.baton.plugin.http.Bench.Ends;
import dev.baton.plugin.http.exchange.BodyLength;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Random;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The small chunks of one read go on as one, with the same data, trailers and end, however they were cut. */
class SmallChunksTest {
    private static final String HEAD = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    private static final String PUT = "PUT / HTTP/1.1\r\nHost: shop\r\nTransfer-Encoding: chunked\r\n\r\n";
    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

    @ParameterizedTest
    @EnumSource
    void theChunksOfOneReadAreOneChunkAndOneWrite(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.send(PUT);
            bench.toServer(0);
            bench.send("1\r\na\r\n2;x=y\r\nbc\r\n00001\r\nd\r\n0\r\nA: b\r\n\r\n");
            assertThat(bench.opened.get(0).outboundMessages()).hasSize(1);
            assertThat(bench.toServer(0)).isEqualTo("4\r\nabcd\r\n0\r\nA: b\r\n\r\n");
            bench.answer(0, HEAD + "1\r\na\r\n2\r\nbc\r\n0\r\nC: d\r\nContent-Length: 4\r\n\r\n");
            assertThat(bench.client.outboundMessages()).hasSize(1);
            assertThat(bench.toClient()).isEqualTo(HEAD + "3\r\nabc\r\n0\r\nC: d\r\n\r\n");
            assertThat(bench.idle).hasSize(1);
        }
    }

    @Test
    void nothingWaitsForAChunkThatHasNotCome() {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            bench.send("GET / HTTP/1.1\r\nHost: shop\r\n\r\n");
            bench.answer(0, HEAD + "1\r\na\r\n5\r\nbc");
            assertThat(bench.toClient()).isEqualTo(HEAD + "3\r\nabc\r\n");
            bench.answer(0, "def\r");
            assertThat(bench.toClient()).isEqualTo("3\r\ndef\r\n");
            bench.answer(0, "\n0\r\n\r");
            assertThat(bench.toClient()).isEmpty();
            bench.answer(0, "\n");
            assertThat(bench.toClient()).isEqualTo("0\r\n\r\n");
        }
    }

    /** The next request stands right behind the last chunk: it is not part of the body. */
    @ParameterizedTest
    @EnumSource
    void whatFollowsTheLastChunkIsTheNextMessage(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.send(PUT + "1\r\na\r\n1\r\nb\r\n0\r\n\r\n" + PUT + "1\r\nc\r\n1\r\nd\r\n0\r\n\r\n");
            assertThat(bench.toServer(0)).endsWith("\r\n\r\n2\r\nab\r\n0\r\n\r\n");
            bench.answer(0, OK);
            assertThat(bench.toServer(0)).endsWith("\r\n\r\n2\r\ncd\r\n0\r\n\r\n");
            bench.answer(0, OK);
            assertThat(bench.toClient()).isEqualTo(OK + OK);
        }
    }

    /** Bytes behind the last chunk are no answer to anything: the connection must not be used again. */
    @Test
    void aServerThatSendsMoreThanItsAnswerIsNotReused() {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            bench.send("GET / HTTP/1.1\r\nHost: shop\r\n\r\n");
            bench.answer(0, HEAD + "1\r\na\r\n1\r\nb\r\n0\r\n\r\nHTTP/1.1");
            assertThat(bench.toClient()).isEqualTo(HEAD + "2\r\nab\r\n0\r\n\r\n");
            assertThat(bench.idle).isEmpty();
            assertThat(bench.opened.get(0).isOpen()).isFalse();
        }
    }

    @Test
    void anOldClientGetsTheDataAlone() {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            bench.send("GET / HTTP/1.0\r\nHost: shop\r\n\r\n");
            bench.answer(0, HEAD + "1\r\na\r\n1\r\nb\r\n");
            bench.answer(0, "1\r\nc\r\n1\r\nd\r\n0\r\n\r\n");
            assertThat(bench.toClient()).endsWith("\r\n\r\nabcd");
            assertThat(bench.client.isOpen()).isFalse();
        }
    }

    @Test
    void aBodyThatGoesWrongBehindSmallChunksIsRefused() {
        for (String wrong : new String[] {"x\r\n", "1\r\nabc", "1 1\r\na\r\n", "-1\r\n", "\r\n", "1\na\r\n"}) {
            BodyReader body = new BodyReader(1024, false);
            body.begin(BodyLength.CHUNKED);
            ByteBuf in = Unpooled.copiedBuffer("1\r\na\r\n1\r\nb\r\n" + wrong, StandardCharsets.ISO_8859_1);
            int count = body.next(in);
            assertThatThrownBy(() -> SmallChunks.join(body, in, count, UnpooledByteBufAllocator.DEFAULT))
                    .as(wrong)
                    .isInstanceOf(IllegalArgumentException.class);
            in.release();
        }
    }

    /**
     * Chunks of all sizes, with and without extensions and zeros in front, in reads of all sizes: the data is what was
     * sent.
     */
    @RepeatedTest(50)
    void joinedDataIsTheData(RepetitionInfo repetition) {
        Random random = new Random(repetition.getCurrentRepetition());
        StringBuilder data = new StringBuilder();
        StringBuilder wire = new StringBuilder();
        for (int chunk = 0; chunk < 400; chunk++) {
            int size = 1 + (random.nextInt(20) == 0 ? random.nextInt(3000) : random.nextInt(20));
            String text = Integer.toString(chunk, 36).repeat(size).substring(0, size);
            data.append(text);
            String hex = Integer.toHexString(size);
            wire.append(random.nextInt(5) == 0 ? "000" : "")
                    .append(random.nextBoolean() ? hex : hex.toUpperCase(Locale.ROOT))
                    .append(random.nextInt(5) == 0 ? ";a=b" : "")
                    .append("\r\n")
                    .append(text)
                    .append("\r\n");
        }
        wire.append("0\r\nT: u\r\n\r\nrest");
        assertThat(read(wire.toString(), random)).isEqualTo(data + "|rest");
    }

    private static String read(String wire, Random cuts) {
        BodyReader body = new BodyReader(1024, false);
        body.begin(BodyLength.CHUNKED);
        StringBuilder got = new StringBuilder();
        ByteBuf in = UnpooledByteBufAllocator.DEFAULT.directBuffer();
        int sent = 0;
        while (!body.done()) {
            if (sent < wire.length()) {
                int to = Math.min(wire.length(), sent + 1 + cuts.nextInt(4000));
                in.writeCharSequence(wire.substring(sent, to), StandardCharsets.ISO_8859_1);
                sent = to;
            }
            int count;
            while ((count = body.next(in)) > 0) {
                ByteBuf joined = SmallChunks.join(body, in, count, UnpooledByteBufAllocator.DEFAULT);
                if (joined == null) {
                    got.append(in.readCharSequence(count, StandardCharsets.ISO_8859_1));
                } else {
                    assertThat(joined.readableBytes()).isLessThanOrEqualTo(SmallChunks.JOINED_BYTES);
                    got.append(joined.toString(StandardCharsets.ISO_8859_1));
                    joined.release();
                }
                if (body.done()) {
                    break;
                }
            }
        }
        assertThat(body.trailers()).isNotNull();
        assertThat(sent).isEqualTo(wire.length());
        got.append('|').append(in.toString(StandardCharsets.ISO_8859_1));
        in.release();
        return got.toString();
    }
}
