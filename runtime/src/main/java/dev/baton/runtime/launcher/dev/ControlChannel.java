package dev.baton.runtime.launcher.dev;

import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lines between the supervising process and one that serves, over a unix socket in a folder that only their user can
 * reach. The end of either process is the end of its lines, however it ends.
 *
 * <p>Threading: one thread reads, any thread writes. Not by the streams of the JDK, of which one that reads keeps the
 * other from writing.
 */
final class ControlChannel implements Closeable {
    private static final Logger LOG = LoggerFactory.getLogger(ControlChannel.class);

    private static final int PIECE_BYTES = 512;

    private final SocketChannel socket;
    private final ByteBuffer piece = ByteBuffer.allocate(PIECE_BYTES).flip();

    /** What is said; what follows it in its line stands in parentheses. */
    enum Word {
        /** Of a serving process, first of all (its pid). */
        HELLO,
        /** It serves, perhaps again. */
        READY,
        /** What it was asked for is done: another process serves. */
        UPGRADED,
        /** It could not be done: this process serves as before. */
        KEPT,
        /** It ends (its exit code). */
        ENDED,
        /** Of the supervisor: upgrade. */
        UPGRADE,
        /** Reload plugins (their ids, with commas between them), or upgrade where that is not possible. */
        RELOAD,
        /** Stop as at the first signal (its name). */
        STOP,
        /** As at the second one (its name). */
        CUT
    }

    /**
     * One line.
     *
     * @param argument empty for none
     */
    record Line(Word word, String argument) {}

    ControlChannel(SocketChannel socket) {
        this.socket = socket;
    }

    /** Waits for the next line; null if there is none any more. */
    @Nullable
    Line read() {
        try {
            ByteArrayOutputStream line = new ByteArrayOutputStream();
            while (true) {
                while (piece.hasRemaining()) {
                    byte octet = piece.get();
                    if (octet == '\n') {
                        return parsed(line.toString(StandardCharsets.US_ASCII));
                    }
                    line.write(octet);
                }
                piece.clear();
                int count = socket.read(piece);
                piece.flip();
                if (count < 0) {
                    return null;
                }
            }
        } catch (IOException | IllegalArgumentException e) {
            LOG.debug("the other process is gone", e);
            return null;
        }
    }

    private static Line parsed(String line) {
        int space = line.indexOf(' ');
        return space < 0
                ? new Line(Word.valueOf(line), "")
                : new Line(Word.valueOf(line.substring(0, space)), line.substring(space + 1));
    }

    /** Says something; to a process that is gone it says nothing. */
    synchronized void write(Word word, String argument) {
        String line = argument.isEmpty() ? word + "\n" : word + " " + argument + "\n";
        ByteBuffer bytes = ByteBuffer.wrap(line.getBytes(StandardCharsets.US_ASCII));
        try {
            while (bytes.hasRemaining()) {
                socket.write(bytes);
            }
        } catch (IOException e) {
            LOG.debug("the other process is gone", e); // which the reader sees, too
        }
    }

    void write(Word word) {
        write(word, "");
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
