package dev.baton.suites;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.util.ArrayList;
import java.util.List;

/**
 * A port of the loopback interface on which nothing answers a connect, for tests that otherwise need a host which does
 * not exist and a network that says nothing about it: the queue of a socket that accepts nothing is full.
 */
public final class Silence {
    private static final int QUEUE = 1;
    /** The kernel lets in a few more than it was told. */
    private static final int FILLERS_MAX = 16;

    private static final int ANSWER_MILLIS = 200;
    private static final Silence ONLY = new Silence();

    private final ServerSocket listening;
    /** Kept open. */
    private final List<Socket> fillers = new ArrayList<>();

    private Silence() {
        try {
            listening = new ServerSocket(0, QUEUE, InetAddress.getByName(host()));
            while (fill()) {
                if (fillers.size() > FILLERS_MAX) {
                    throw new IllegalStateException("a full queue still takes connections");
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private boolean fill() throws IOException {
        Socket next = new Socket();
        fillers.add(next);
        try {
            next.connect(new InetSocketAddress(host(), listening.getLocalPort()), ANSWER_MILLIS);
            return true;
        } catch (SocketTimeoutException full) {
            return false;
        }
    }

    /** Its address. */
    public static String host() {
        return "127.0.0.1";
    }

    /** Its port. */
    public static int port() {
        return ONLY.listening.getLocalPort();
    }
}
