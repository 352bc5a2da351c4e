package dev.baton.plugin.http.http2;

import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Stream;
import io.netty.handler.codec.http2.StreamByteDistributor;
import org.jspecify.annotations.Nullable;

/**
 * Tells each stream how much of its response waits for the client's window, and writes nothing on streams that are
 * reset. Everything else is another's work.
 */
final class PendingBytes implements StreamByteDistributor {
    /** Hears of each change. */
    interface Listener {
        void pending(StreamState state);
    }

    /** A stream on which nothing more is written. */
    private record Dropped(Http2Stream stream) implements StreamState {
        @Override
        public long pendingBytes() {
            return 0;
        }

        @Override
        public boolean hasFrame() {
            return false;
        }

        @Override
        public int windowSize() {
            return 0;
        }
    }

    private final StreamByteDistributor distributor;
    private final Listener listener;

    /** That of the flow controller, and what is put in front of it. */
    private @Nullable Writer known;

    private Writer unlessReset = (stream, bytes) -> {};

    PendingBytes(StreamByteDistributor distributor, Listener listener) {
        this.distributor = distributor;
        this.listener = listener;
    }

    @Override
    public void updateStreamableBytes(StreamState state) {
        listener.pending(state);
        distributor.updateStreamableBytes(state);
    }

    @Override
    public void updateDependencyTree(int child, int parent, short weight, boolean exclusive) {
        distributor.updateDependencyTree(child, parent, weight, exclusive);
    }

    @Override
    public boolean distribute(int maxBytes, Writer writer) throws Http2Exception {
        if (writer != known) {
            known = writer;
            // What is queued of a stream is dropped only when its RST_STREAM is written, which goes out after the
            // bodies.
            unlessReset = (stream, bytes) -> {
                if (stream.isResetSent()) {
                    distributor.updateStreamableBytes(new Dropped(stream)); // else it would be asked for for ever
                } else {
                    writer.write(stream, bytes);
                }
            };
        }
        return distributor.distribute(maxBytes, unlessReset);
    }
}
