package dev.baton.runtime.output;

import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.function.Supplier;

/**
 * Makes whole lines of what is printed, so that a line is queued or dropped as one. What is written at once and ends
 * with a line, such as a log event with its stack trace, stays together.
 *
 * <p>Threading: guarded by the {@link java.io.PrintStream} in front of it.
 */
final class LineStream extends OutputStream {
    /** A line that is longer is cut: bounds what is kept of one that never ends. */
    private static final int LINE_BYTES_MAX = 64 * 1024;

    private final Supplier<LineQueue> queue;
    private final OutputStream to;
    private final ByteArrayOutputStream begun = new ByteArrayOutputStream();

    LineStream(Supplier<LineQueue> queue, OutputStream to) {
        this.queue = queue;
        this.to = to;
    }

    @Override
    public void write(int one) {
        write(new byte[] {(byte) one}, 0, 1);
    }

    @Override
    public void write(byte[] text, int from, int length) {
        int end = from + length;
        int lines = end;
        while (lines > from && text[lines - 1] != '\n') {
            lines--;
        }
        if (lines > from) {
            if (begun.size() == 0) {
                queue.get().offer(to, Arrays.copyOfRange(text, from, lines));
            } else {
                begun.write(text, from, lines - from);
                flush();
            }
        }
        begun.write(text, lines, end - lines);
        if (begun.size() > LINE_BYTES_MAX) {
            flush();
        }
    }

    @Override
    public void flush() {
        if (begun.size() > 0) {
            queue.get().offer(to, begun.toByteArray());
            begun.reset();
        }
    }
}
