package dev.baton.it.rescue;

import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/** A connection to the HTTP handler {@code chaos}, whose callback blocks its loop. */
final class Guilty implements AutoCloseable {
    private final Socket socket;
    private int loop;

    Guilty(String address) throws IOException {
        int colon = address.lastIndexOf(':');
        socket = new Socket(address.substring(0, colon), Integer.parseInt(address.substring(colon + 1)));
        socket.setSoTimeout(120_000);
        block(0);
        answer();
    }

    /** The loop on which it was last. */
    int loop() {
        return loop;
    }

    /** Asks to be blocked and does not wait. */
    void block(long millis) throws IOException {
        socket.getOutputStream()
                .write(("GET /block/" + millis + " HTTP/1.1\r\nhost: x\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
    }

    boolean isAnswered() {
        try {
            return socket.getInputStream().available() > 0;
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** Waits for the answer's body. */
    String answer() throws IOException {
        StringBuilder answer = new StringBuilder();
        while (!answer.toString().endsWith("ms\n")) {
            int read = socket.getInputStream().read();
            if (read < 0) {
                throw new IOException("closed after " + answer);
            }
            answer.append((char) read);
        }
        String body = answer.substring(answer.indexOf("\r\n\r\n") + 4);
        loop = Integer.parseInt(body.split(" ", 4)[2]);
        return body;
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
