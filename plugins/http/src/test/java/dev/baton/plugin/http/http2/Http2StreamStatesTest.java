package dev.baton.plugin.http.http2;

import static dev.baton.plugin.http.http2.Http2Client.reset;
import static dev.baton.plugin.http.http2.Http2Client.settings;
import static dev.baton.plugin.http.http2.Http2Client.window;
import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.http.Bench;
import dev.baton.plugin.http.Bench.Ends;
import dev.baton.plugin.http.exchange.Refusal;
import io.netty.handler.codec.http2.Http2Error;
import org.junit.jupiter.api.Test;

/** What a client may not send because of the state that a stream is in (RFC 9113, sections 5.1 and 6.9.2). */
class Http2StreamStatesTest {
    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

    @Test
    void endsAConnectionThatBeginsAStreamItHasLeftOut() {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            Http2Client client = Http2Client.begun(bench);
            client.send(client.get(5, "/"), client.get(3, "/"));
            assertThat(client.frames()).last().asString().endsWith(" PROTOCOL_ERROR");
            assertThat(bench.client.isOpen()).isFalse();
            assertThat(bench.opened).hasSize(1);
            assertThat(bench.refusals(Refusal.BAD_FRAME)).isOne();
        }
    }

    @Test
    void endsAConnectionThatBeginsAStreamTwice() {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            Http2Client client = Http2Client.begun(bench);
            client.send(client.get(1, "/"), reset(1, Http2Error.CANCEL), client.get(1, "/"));
            assertThat(client.frames()).last().asString().endsWith(" PROTOCOL_ERROR");
            assertThat(bench.client.isOpen()).isFalse();
        }
    }

    /** They were under way when the stream was reset. */
    @Test
    void forgivesTrailersOfAStreamThatWasReset() {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            Http2Client client = Http2Client.begun(bench);
            client.send(client.post(1, "/"));
            bench.answer(0, OK);
            assertThat(client.frames()).last().isEqualTo("RESET 1 NO_ERROR");
            client.send(client.head(1, true, "x", "y"), client.get(3, "/"));
            bench.answer(1, OK);
            assertThat(client.frames()).containsExactly("HEADERS 3 :status=200 content-length=0 END");
        }
    }

    @Test
    void resetsAStreamWithAHeadBehindItsEnd() {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            Http2Client client = Http2Client.begun(bench);
            client.send(client.get(1, "/"), client.head(1, true, "x", "y"), client.get(3, "/"));
            assertThat(client.frames()).containsExactly("RESET 1 STREAM_CLOSED");
            assertThat(bench.opened.get(0).isOpen()).isFalse();
            bench.answer(1, OK);
            assertThat(client.frames()).containsExactly("HEADERS 3 :status=200 content-length=0 END");
        }
    }

    @Test
    void endsAConnectionWhoseSettingsMakeAWindowTooLarge() {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            Http2Client client = Http2Client.begun(bench);
            client.send(client.get(1, "/"), window(1, Integer.MAX_VALUE - 65_535), settings(4, 65_536));
            assertThat(client.frames()).last().asString().endsWith(" FLOW_CONTROL_ERROR");
            assertThat(bench.client.isOpen()).isFalse();
        }
    }
}
