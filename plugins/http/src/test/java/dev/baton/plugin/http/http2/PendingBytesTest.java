package dev.baton.plugin.http.http2;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.handler.codec.http2.DefaultHttp2Connection;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Stream;
import io.netty.handler.codec.http2.StreamByteDistributor.StreamState;
import io.netty.handler.codec.http2.UniformStreamByteDistributor;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What is written of the bodies that wait. */
class PendingBytesTest {
    private record Waiting(Http2Stream stream, long pendingBytes) implements StreamState {
        @Override
        public boolean hasFrame() {
            return true;
        }

        @Override
        public int windowSize() {
            return 65_535;
        }
    }

    /** RFC 9113, section 6.4: nothing follows RST_STREAM. */
    @Test
    void shouldWriteNothingOnAStreamThatIsReset() throws Http2Exception {
        DefaultHttp2Connection connection = new DefaultHttp2Connection(true);
        PendingBytes pending = new PendingBytes(new UniformStreamByteDistributor(connection), state -> {});
        Http2Stream reset = connection.remote().createStream(1, false);
        Http2Stream open = connection.remote().createStream(3, false);
        pending.updateStreamableBytes(new Waiting(reset, 10));
        reset.resetSent();
        List<String> written = new ArrayList<>();
        assertThat(pending.distribute(1000, (stream, bytes) -> written.add(stream.id() + " " + bytes)))
                .as("there is more to write")
                .isFalse();
        assertThat(written).isEmpty();
        pending.updateStreamableBytes(new Waiting(open, 20));
        pending.distribute(1000, (stream, bytes) -> written.add(stream.id() + " " + bytes));
        assertThat(written).containsExactly("3 20");
    }
}
