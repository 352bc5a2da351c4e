package dev.baton.testkit.world;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A server that is not the process under test, for its upstreams: it listens, and the test plays what it says. */
public final class Origin {
    private final String address;
    private final Door door;
    private final List<Peer> peers = new ArrayList<>();

    /** Where connections come in, in one of the worlds. */
    interface Door {
        /** The next one, or null if none comes in time. */
        @Nullable
        Wire accept(Duration limit);

        /** Listens no more. A second time does nothing. */
        void close();
    }

    Origin(String address, Door door) {
        this.address = address;
        this.door = door;
    }

    /** Where it listens, as {@code servers:} of an upstream has it. */
    public String address() {
        return address;
    }

    /** Waits for the next connection. */
    public Peer accept() {
        Wire wire = door.accept(PluginWorld.PATIENCE);
        if (wire == null) {
            throw new AssertionError(
                    "nobody has connected to " + address + " in " + PluginWorld.PATIENCE.toSeconds() + " s");
        }
        Peer peer = new Peer(wire);
        peers.add(peer);
        return peer;
    }

    /** Listens no more; what it has accepted stays open, what it has not is reset. */
    public void close() {
        door.close();
    }

    void end() {
        door.close();
        peers.forEach(Peer::close);
    }
}
