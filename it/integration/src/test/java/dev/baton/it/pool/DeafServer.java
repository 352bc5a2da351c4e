package dev.baton.it.pool;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.util.ArrayList;
import java.util.List;

/** A server whose backlog is full: the kernel drops further SYNs, and a connect hears nothing. */
public final class DeafServer implements AutoCloseable {
    private static final int FILLERS_MAX = 10;
    private static final int PATIENCE_MILLIS = 300;

    private final ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
    private final List<Socket> fillers = new ArrayList<>();

    /** Fills the backlog. */
    public DeafServer() throws IOException {
        for (int i = 0; i < FILLERS_MAX; i++) {
            Socket filler = new Socket();
            fillers.add(filler);
            try {
                filler.connect(server.getLocalSocketAddress(), PATIENCE_MILLIS);
            } catch (SocketTimeoutException full) {
                return;
            }
        }
        close();
        throw new AssertionError("the backlog of 1 has room for " + FILLERS_MAX);
    }

    /** As it is written in a configuration. */
    public String address() {
        return "127.0.0.1:" + server.getLocalPort();
    }

    @Override
    public void close() throws IOException {
        server.close();
        for (Socket filler : fillers) {
            filler.close();
        }
    }
}
