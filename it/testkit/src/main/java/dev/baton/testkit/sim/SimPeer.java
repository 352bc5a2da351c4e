package dev.baton.testkit.sim;

import dev.baton.spi.posix.EpollEvent;
import dev.baton.spi.posix.Sockets;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;

/** The other end of a connection of the process under test. Each thing that it does is a point. */
public final class SimPeer {
    private static final int CHUNK = 4_096;

    private final SimNetwork network;
    private final StreamSocket socket;
    private boolean closed;

    SimPeer(SimNetwork network, StreamSocket socket) {
        this.network = network;
        this.socket = socket;
    }

    /** Sends text; it must fit. */
    public void send(String text) {
        network.point("peer.send");
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        int sent = socket.send(bytes, List.of());
        if (sent != bytes.length && sent >= 0) {
            throw new AssertionError("only " + sent + " bytes fitted of " + text);
        }
    }

    /** Receives all there is now. */
    public String received() {
        network.point("peer.receive");
        StringBuilder text = new StringBuilder();
        byte[] chunk = new byte[CHUNK];
        int count = socket.receive(chunk, CHUNK, false);
        while (count > 0) {
            text.append(new String(chunk, 0, count, StandardCharsets.UTF_8));
            count = socket.receive(chunk, CHUNK, false);
        }
        return text.toString();
    }

    /** Waits until something, or the end, can be received, and receives it. */
    public String receive() {
        network.await("peer.receive", () -> (socket.events() & EpollEvent.EPOLLIN) != 0);
        return received();
    }

    /**
     * Sends as much as fits.
     *
     * @return how many bytes, or {@code -errno}
     */
    public int trySend(byte[] bytes) {
        network.point("peer.send");
        return socket.send(bytes, List.of());
    }

    /**
     * Receives what there is.
     *
     * @return how many bytes, 0 at the end, or {@code -errno}
     */
    public int tryReceive(byte[] target) {
        network.point("peer.receive");
        return socket.receive(target, target.length, false);
    }

    /**
     * Waits until there is something to receive, be it the end.
     *
     * @param room whether room to send will do, too
     * @return whether there is, within the time
     */
    public boolean await(boolean room, Duration limit) {
        int wanted = EpollEvent.EPOLLIN | (room ? EpollEvent.EPOLLOUT : 0);
        return network.await("peer.await", () -> (socket.events() & wanted) != 0, limit);
    }

    /** True once the process under test has ended its side, in order or by a reset. */
    public boolean sawEnd() {
        return (socket.events() & EpollEvent.EPOLLRDHUP) != 0;
    }

    /** True once the process under test has taken the connection, or has lost it. */
    public boolean isConnected() {
        return socket.state == StreamSocket.State.CONNECTED;
    }

    /** Ends its sending side. */
    public void shutdownOutput() {
        network.point("peer.shutdown");
        socket.shutdown(Sockets.SHUT_WR);
    }

    /** Closes, in order where everything was received. A second call does nothing. */
    public void close() {
        network.point("peer.close");
        end();
    }

    /** Closes with a reset. */
    public void reset() {
        network.point("peer.reset");
        socket.lingerSeconds = 0;
        end();
    }

    private void end() {
        if (!closed) {
            closed = true;
            socket.release();
        }
    }
}
