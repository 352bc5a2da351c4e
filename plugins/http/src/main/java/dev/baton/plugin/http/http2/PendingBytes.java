package dev.baton.plugin.http.http2;

import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.StreamByteDistributor;

/** Tells each stream how much of its response waits for the client's window. Everything else is another's work. */
final class PendingBytes implements StreamByteDistributor {
    /** Hears of each change. */
    interface Listener {
        void pending(StreamState state);
    }

    private final StreamByteDistributor distributor;
    private final Listener listener;

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
        return distributor.distribute(maxBytes, writer);
    }
}
