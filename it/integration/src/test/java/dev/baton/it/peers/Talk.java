package dev.baton.it.peers;

import java.nio.ByteBuffer;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** One end of a WebSocket, of either library: what it says, and in words what it hears. */
abstract class Talk implements AutoCloseable {
    private static final int PATIENCE_SECONDS = 20;

    private final BlockingQueue<String> heard = new LinkedBlockingQueue<>();

    abstract void text(String text);

    /** A text in two frames. */
    abstract void fragments(String first, String second);

    abstract void binary(byte[] bytes);

    abstract void ping(String data);

    abstract void close(int code, String reason);

    @Override
    public abstract void close();

    final void heardText(String text) {
        heard.add("text " + text);
    }

    final void heardBinary(ByteBuffer bytes) {
        heard.add("binary " + bytes.remaining() + " " + bytes.hashCode());
    }

    final void heardPong(String data) {
        heard.add("pong " + data);
    }

    final void heardClose(int code, String reason) {
        heard.add("close " + code + (reason.isEmpty() ? "" : " " + reason));
    }

    static String binaryWords(byte[] bytes) {
        return "binary " + bytes.length + " " + ByteBuffer.wrap(bytes).hashCode();
    }

    /** The next thing that it hears. */
    final String next() throws InterruptedException {
        String next = heard.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
        if (next == null) {
            throw new AssertionError("nothing was heard for " + PATIENCE_SECONDS + " s");
        }
        return next;
    }
}
