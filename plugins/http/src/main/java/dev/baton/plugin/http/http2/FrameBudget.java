package dev.baton.plugin.http.http2;

import java.util.concurrent.TimeUnit;

/**
 * Counts what a client makes this process do for nothing, in windows of time. One for a connection, under the claim on
 * it.
 */
final class FrameBudget {
    private static final long IDLE_WINDOW_NANOS = TimeUnit.SECONDS.toNanos(10);
    private static final long RESET_WINDOW_NANOS = TimeUnit.SECONDS.toNanos(30);
    /** Sending so many bytes allows the client one more frame: an update of a window, above all. */
    private static final int BYTES_OF_A_FRAME = 1024;

    private final int maxIdleFrames;
    private final int maxResets;

    private long idleSince;
    private long resetsSince;
    private int idleFrames;
    private int resets;
    private long sentBytes;

    FrameBudget(int maxIdleFrames, int maxResets, long nowNanos) {
        this.maxIdleFrames = maxIdleFrames;
        this.maxResets = maxResets;
        idleSince = nowNanos;
        resetsSince = nowNanos;
    }

    /** Bytes of bodies go to the client. */
    void sent(int bytes) {
        sentBytes += bytes;
    }

    /** A frame came that brings nothing; false: that is one too many. */
    boolean idleFrame(long nowNanos) {
        if (nowNanos - idleSince > IDLE_WINDOW_NANOS) {
            idleSince = nowNanos;
            idleFrames = 0;
            sentBytes = 0;
        }
        return ++idleFrames <= maxIdleFrames + sentBytes / BYTES_OF_A_FRAME;
    }

    /** A stream was reset, by the client or because of what it sent; false: that is one too many. */
    boolean reset(long nowNanos) {
        if (nowNanos - resetsSince > RESET_WINDOW_NANOS) {
            resetsSince = nowNanos;
            resets = 0;
        }
        return ++resets <= maxResets;
    }
}
