package dev.baton.runtime.channel;

import dev.baton.runtime.posix.PeerAddress;
import io.netty.util.concurrent.FastThreadLocal;

/** Where each thread notes who a connection or a datagram is from; goes with the thread. */
final class Peers {
    private static final FastThreadLocal<PeerAddress> PEERS = new FastThreadLocal<>() {
        @Override
        protected PeerAddress initialValue() {
            return new PeerAddress();
        }

        @Override
        protected void onRemoval(PeerAddress peer) {
            peer.close();
        }
    };

    private Peers() {}

    /** The calling thread's: good until its next accept or receive. */
    static PeerAddress mine() {
        return PEERS.get();
    }
}
