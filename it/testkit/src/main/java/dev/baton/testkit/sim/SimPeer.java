package dev.baton.testkit.sim;

import dev.baton.spi.posix.Sockets;
import java.nio.charset.StandardCharsets;
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
        network.await("peer.receive", () -> (socket.events() & dev.baton.spi.posix.EpollEvent.EPOLLIN) != 0);
        return received();
    }

    /** True once the process under test has ended its side, in order or by a reset. */
    public boolean sawEnd() {
        return (socket.events() & dev.baton.spi.posix.EpollEvent.EPOLLRDHUP) != 0;
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
