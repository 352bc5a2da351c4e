package dev.baton.plugin.http.http1;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpConstants;
import io.netty.util.concurrent.FastThreadLocal;
import java.util.Arrays;

/**
 * The bytes that may be a head, in an array of the thread's: reading an array is one instruction for the JVM, and
 * reading a direct buffer is not. Most heads fit into the first look at what is there; who needs more looks again.
 */
final class HeadWindow {
    private static final int FIRST_BYTES = 1024;
    private static final int GROWTH = 4;

    private static final FastThreadLocal<HeadWindow> OF_THREAD = new FastThreadLocal<>() {
        @Override
        protected HeadWindow initialValue() {
            return new HeadWindow();
        }
    };

    private byte[] bytes = new byte[FIRST_BYTES];
    private int length;
    private int end;

    private HeadWindow() {}

    /** This thread's, with the first bytes of a buffer. Only the caller uses it until it has what it wants. */
    static HeadWindow of(ByteBuf in) {
        HeadWindow window = OF_THREAD.get();
        window.length = 0;
        window.more(in);
        return window;
    }

    /**
     * Takes more bytes in.
     *
     * @return false: these are all
     */
    boolean more(ByteBuf in) {
        int before = length;
        int there = in.readableBytes();
        if (there == before) {
            return false;
        }
        length = Math.min(there, before == 0 ? FIRST_BYTES : GROWTH * before);
        if (length > bytes.length) {
            bytes = Arrays.copyOf(bytes, length);
        }
        in.getBytes(in.readerIndex() + before, bytes, before, length - before);
        return true;
    }

    byte[] bytes() {
        return bytes;
    }

    int length() {
        return length;
    }

    /** Where the head ends that was found. */
    int end() {
        return end;
    }

    void end(int index) {
        end = index;
    }

    /**
     * Whether what has come of an unfinished head can say more than what was looked at before: the end of a line, or a
     * line that may be too long. So a head that comes byte by byte is looked at once a line.
     */
    static boolean isWorthALook(ByteBuf in, int seen, int limit) {
        int from = in.readerIndex() + seen;
        return in.readableBytes() > limit
                || (from < in.writerIndex() && in.indexOf(from, in.writerIndex(), HttpConstants.LF) >= 0);
    }
}
