package dev.baton.plugin.http.http1;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.http.Bench;
import dev.baton.plugin.http.Bench.Ends;
import dev.baton.plugin.http.exchange.Exchange;
import dev.baton.testkit.EmbeddedConnection;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http.HttpDecoderConfig;
import java.lang.ref.WeakReference;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Connections that share their loop's decoders: what one has left in a decoder must not reach another. */
class SpareDecodersTest {
    private static final String POST = "POST /body HTTP/1.1\r\nHost: shop\r\nContent-Length: 2\r\n\r\n";

    @Test
    void headsThatComeInPiecesAtTheSameTimeStayApart() {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            EmbeddedConnection second = bench.anotherClient();
            EmbeddedConnection third = bench.anotherClient();
            bench.send("GET /first HTTP/1.1\r\nHost: one\r\nX-Fi");
            bench.receive(second, "GET /second HTTP/1.1\r\nHost: two\r\nX-Sec");
            bench.receive(third, "GET /third HTTP/1.1\r\nHost: three\r\n\r\n");
            bench.receive(second, "ond: 2\r\n\r\n");
            bench.send("rst: 1\r\n\r\n");
            assertThat(bench.toServer(0))
                    .startsWith("GET /third HTTP/1.1\r\nHost: three\r\n")
                    .doesNotContain("X-Fi", "X-Sec");
            assertThat(bench.toServer(1)).startsWith("GET /second HTTP/1.1\r\nHost: two\r\nX-Second: 2\r\n");
            assertThat(bench.toServer(2)).startsWith("GET /first HTTP/1.1\r\nHost: one\r\nX-First: 1\r\n");
        }
    }

    @Test
    void aDecoderThatRefusedAHeadDecodesNoOther() {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            EmbeddedConnection second = bench.anotherClient();
            bench.send("GET / HTTP/1.1\r\nHost: shop\r\n folded\r\n\r\n");
            assertThat(bench.toClient()).startsWith("HTTP/1.1 400 ");
            bench.receive(second, "GET /good HTTP/1.1\r\nHost: shop\r\n\r\n");
            assertThat(bench.toServer(0)).startsWith("GET /good HTTP/1.1\r\n");
        }
    }

    @Test
    void oneThatWasGivenBackIsTakenAgainAndOnlySomeAreKept() {
        SpareDecoders decoders = new SpareDecoders(new HttpDecoderConfig());
        List<RequestDecoder> taken = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            taken.add(decoders.take());
        }
        assertThat(taken).doesNotHaveDuplicates();
        taken.forEach(decoders::giveBack);
        List<RequestDecoder> again = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            again.add(decoders.take());
        }
        assertThat(again).doesNotHaveDuplicates();
        assertThat(again.stream().filter(taken::contains).count()).isEqualTo(16);
    }

    @Test
    void aSpareDecoderKeepsNoRequest() throws Exception {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            RequestReader reader = bench.client.pipeline().get(RequestReader.class);
            ChannelHandlerContext ctx = bench.client.pipeline().firstContext();
            RequestDecoder decoder = reader.downstream().settings().decoders().take();
            WeakReference<Exchange> decoded = new WeakReference<>(decoder.decodeHead(
                    reader.downstream(), ctx, Unpooled.copiedBuffer(POST, StandardCharsets.US_ASCII)));
            for (int i = 0; i < 100 && decoded.get() != null; i++) {
                System.gc();
            }
            assertThat(decoded.get()).isNull();
            reader.downstream().settings().decoders().giveBack(decoder);
        }
    }
}
