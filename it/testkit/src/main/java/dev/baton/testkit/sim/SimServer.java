package dev.baton.testkit.sim;

import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A server on the network that is not the process under test. */
public final class SimServer {
    private final SimNetwork network;
    private final StreamSocket socket;

    SimServer(SimNetwork network, StreamSocket socket) {
        this.network = network;
        this.socket = socket;
    }

    /** Takes the next connection, or null if there is none. */
    public @Nullable SimPeer tryAccept() {
        network.point("peer.accept");
        StreamSocket accepted = socket.accept();
        return accepted == null ? null : new SimPeer(network, accepted);
    }

    /** Takes the next connection, waiting for it; the test itself cannot wait, so for it there must be one. */
    public SimPeer accept() {
        network.await("peer.accept", () -> !socket.backlog.isEmpty());
        return new SimPeer(network, Objects.requireNonNull(socket.accept()));
    }

    /** Takes the next connection, or null if none comes in time. */
    public @Nullable SimPeer accept(Duration limit) {
        if (!network.await("peer.accept", () -> !socket.backlog.isEmpty(), limit)) {
            return null;
        }
        return new SimPeer(network, Objects.requireNonNull(socket.accept()));
    }

    /** Listens no more. */
    public void close() {
        network.point("peer.close");
        socket.release();
    }
}
