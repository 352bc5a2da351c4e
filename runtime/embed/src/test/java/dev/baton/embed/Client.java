package dev.baton.embed;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/** A client on a plain socket, which waits ten seconds at most for each answer. */
final class Client implements AutoCloseable {
    private static final int PATIENCE_MS = 10_000;

    private final Socket socket = new Socket();

    Client(int port) throws IOException {
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), PATIENCE_MS);
        socket.setSoTimeout(PATIENCE_MS);
    }

    void send(String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
    }

    /** As many characters as were asked for; fewer if the connection ended before. */
    String read(int length) throws IOException {
        return new String(socket.getInputStream().readNBytes(length), StandardCharsets.US_ASCII);
    }

    String echo(String text) throws IOException {
        send(text);
        return read(text.length());
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
