package dev.baton.plugin.http.exchange;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * Reads the state of a packed connection, which another process has written: nothing in it is taken on trust. Every
 * method throws an {@link IllegalArgumentException} if what it reads is not there or not allowed.
 */
public final class StateReader {
    /**
     * Most of what is counted: 32 PiB, or 416 days in nanoseconds. Some of them can be added to one another, to a clock
     * reading or to a counter of the metrics.
     */
    static final long COUNT_MAX = 1L << 55;

    private final ByteBuffer in;

    /** From the first byte on. */
    public StateReader(byte[] state) {
        in = ByteBuffer.wrap(state);
    }

    public boolean flag() {
        need(1);
        byte value = in.get();
        check(value == 0 || value == 1, "a flag");
        return value == 1;
    }

    /** A number from 0 to {@link #COUNT_MAX}. */
    public long count() {
        need(Long.BYTES);
        long value = in.getLong();
        check(value >= 0 && value <= COUNT_MAX, "a count");
        return value;
    }

    /** Text as it may stand in a request line: no blanks and no control characters. */
    public String text() {
        String value = new String(bytes(), StandardCharsets.UTF_8);
        for (int i = 0; i < value.length(); i++) {
            check(value.charAt(i) > ' ' && value.charAt(i) != 0x7f, "text");
        }
        return value;
    }

    /** A name of the configuration, which may be any text. */
    public String name() {
        return new String(bytes(), StandardCharsets.UTF_8);
    }

    public byte[] bytes() {
        need(Integer.BYTES);
        int length = in.getInt();
        check(length >= 0 && length <= in.remaining(), "a length");
        byte[] value = new byte[length];
        in.get(value);
        return value;
    }

    /** Nothing may follow. */
    public void end() {
        check(!in.hasRemaining(), "the end");
    }

    private void need(int bytes) {
        check(in.remaining() >= bytes, "whole");
    }

    private void check(boolean good, String what) {
        if (!good) {
            throw new IllegalArgumentException("the state of a packed connection is wrong at byte " + in.position()
                    + " of " + in.limit() + ": not " + what);
        }
    }
}
