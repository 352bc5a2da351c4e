package dev.baton.testkit.world;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The other end of a connection of the process under test: a client of one of its listeners, or what an {@link Origin}
 * has accepted. Text is UTF-8. Every wait is bounded, by {@link PluginWorld#PATIENCE} of the world's time, and then
 * fails saying what has come instead.
 *
 * <p>For one thread, the test's. What is left open ends with the test.
 */
public final class Peer implements AutoCloseable {
    private static final int CHUNK = 8_192;
    /** How much of what came is shown when something else was expected. */
    private static final int SHOWN_MAX = 2_000;

    private final Wire wire;
    private final byte[] chunk = new byte[CHUNK];
    private byte[] unread = {};
    /** {@link Wire#END} or {@link Wire#RESET} once the other side has ended, else 0. */
    private int ended;

    private boolean closed;

    Peer(Wire wire) {
        this.wire = wire;
    }

    /** Sends text, whole. */
    public void send(String text) {
        send(text.getBytes(StandardCharsets.UTF_8));
    }

    /**
     * Sends bytes, all of them; what comes in meanwhile is taken in, so that an echo of any size does not stand still.
     */
    public void send(byte[] bytes) {
        int at = 0;
        while (at < bytes.length) {
            int sent;
            try {
                sent = wire.write(bytes, at);
            } catch (IOException e) {
                throw new AssertionError(
                        "cannot send: " + e.getMessage() + ", after " + at + " of " + bytes.length + " bytes", e);
            }
            at += sent;
            if (sent == 0 && !wire.await(true, PluginWorld.PATIENCE)) {
                throw new AssertionError("nobody takes more than " + at + " of " + bytes.length + " bytes");
            }
            takeIn();
        }
    }

    /** The next bytes are this text; waits for them and takes them. */
    public void expect(String text) {
        expect(text.getBytes(StandardCharsets.UTF_8));
    }

    /** The next bytes are these; waits for them and takes them. */
    public void expect(byte[] bytes) {
        while (true) {
            int same = Math.min(unread.length, bytes.length);
            if (!Arrays.equals(unread, 0, same, bytes, 0, same)) {
                throw new AssertionError("expected " + shown(bytes) + " and there is " + state());
            }
            if (same == bytes.length) {
                taken(same);
                return;
            }
            more("expected " + shown(bytes));
        }
    }

    /** Waits for so many bytes and takes them. */
    public byte[] read(int count) {
        while (unread.length < count) {
            more("expected " + count + " bytes");
        }
        byte[] bytes = Arrays.copyOf(unread, count);
        taken(count);
        return bytes;
    }

    /** Waits for text that ends with a mark, and takes it with the mark. */
    public String readUntil(String mark) {
        byte[] wanted = mark.getBytes(StandardCharsets.UTF_8);
        int at = find(wanted);
        while (at < 0) {
            more("expected text up to " + shown(wanted));
            at = find(wanted);
        }
        return new String(read(at + wanted.length), StandardCharsets.UTF_8);
    }

    /** Waits for the other side's end, be it a reset, and takes all that came before. */
    public String readAll() {
        while (ended == 0) {
            more("expected an end");
        }
        return new String(read(unread.length), StandardCharsets.UTF_8);
    }

    /** Waits for the other side's end, which must be in order, and takes all that came before. */
    byte[] readToEnd() {
        while (ended == 0) {
            more("expected an end");
        }
        if (ended != Wire.END) {
            throw new AssertionError("expected the end and there is " + state());
        }
        return read(unread.length);
    }

    /** Nothing more comes: waits until the other side ends its sending in order. */
    public void expectEnd() {
        expectEnd(Wire.END);
    }

    /** Nothing more comes: waits until the connection is reset. */
    public void expectReset() {
        expectEnd(Wire.RESET);
    }

    private void expectEnd(int how) {
        String wanted = how == Wire.END ? "expected the end" : "expected a reset";
        while (ended == 0 && unread.length == 0) {
            more(wanted);
        }
        if (unread.length > 0 || ended != how) {
            throw new AssertionError(wanted + " and there is " + state());
        }
    }

    /** Nothing has come so far that was not taken, and no end. */
    public void expectNothing() {
        takeIn();
        if (unread.length > 0 || ended != 0) {
            throw new AssertionError("expected nothing and there is " + state());
        }
    }

    /** Ends the sending side; the peer still receives. */
    public void shutdownOutput() {
        wire.shutdownOutput();
    }

    /** Ends with a reset. */
    public void reset() {
        closed = true;
        wire.reset();
    }

    /** Ends. In order, if everything that came was read. A second time does nothing. */
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            wire.close();
        }
    }

    private void more(String wanted) {
        if (ended != 0) {
            throw new AssertionError(wanted + " and there is " + state());
        }
        if (!takeIn() && (!wire.await(false, PluginWorld.PATIENCE) || !takeIn())) {
            throw new AssertionError(
                    wanted + " and after " + PluginWorld.PATIENCE.toSeconds() + " s there is " + state());
        }
    }

    /** All that there is now; false if there is nothing. */
    private boolean takeIn() {
        if (ended != 0) {
            return false;
        }
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        all.writeBytes(unread);
        int count = wire.read(chunk);
        while (count > 0) {
            all.write(chunk, 0, count);
            count = wire.read(chunk);
        }
        boolean news = count < 0 || all.size() > unread.length;
        ended = Math.min(count, 0);
        unread = all.toByteArray();
        return news;
    }

    private void taken(int count) {
        unread = Arrays.copyOfRange(unread, count, unread.length);
    }

    private int find(byte[] wanted) {
        for (int at = 0; at + wanted.length <= unread.length; at++) {
            if (Arrays.equals(unread, at, at + wanted.length, wanted, 0, wanted.length)) {
                return at;
            }
        }
        return -1;
    }

    private String state() {
        String end = ended == Wire.END ? ", then the end" : ended == Wire.RESET ? ", then a reset" : "";
        return (unread.length == 0 ? "nothing" : shown(unread)) + end;
    }

    private static String shown(byte[] bytes) {
        String text = new String(bytes, 0, Math.min(bytes.length, SHOWN_MAX), StandardCharsets.UTF_8);
        return "\"" + text.replace("\r", "\\r").replace("\n", "\\n") + "\""
                + (bytes.length > SHOWN_MAX ? " and so on, " + bytes.length + " bytes" : "");
    }
}
