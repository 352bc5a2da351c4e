package dev.baton.testkit.world;

import dev.baton.spi.posix.Errno;
import dev.baton.testkit.sim.SimPeer;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;

/** A connection of the simulated network. */
record SimulatedWire(SimPeer peer) implements Wire {

    @Override
    public int write(byte[] bytes, int offset) throws IOException {
        int sent = peer.trySend(offset == 0 ? bytes : Arrays.copyOfRange(bytes, offset, bytes.length));
        if (sent == -Errno.EAGAIN || sent == -Errno.ENOTCONN) { // not accepted yet, or full
            return 0;
        }
        if (sent < 0) {
            throw new IOException(Errno.explain(-sent));
        }
        return sent;
    }

    @Override
    public int read(byte[] target) {
        int count = peer.tryReceive(target);
        if (count > 0) {
            return count;
        }
        return count == 0 ? END : count == -Errno.EAGAIN || count == -Errno.ENOTCONN ? 0 : RESET;
    }

    @Override
    public boolean await(boolean room, Duration limit) {
        return peer.await(room, limit);
    }

    @Override
    public void shutdownOutput() {
        peer.shutdownOutput();
    }

    @Override
    public void reset() {
        peer.reset();
    }

    @Override
    public void close() {
        peer.close();
    }
}
