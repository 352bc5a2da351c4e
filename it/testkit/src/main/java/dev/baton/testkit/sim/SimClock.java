package dev.baton.testkit.sim;

import io.netty.util.concurrent.Ticker;
import java.util.concurrent.TimeUnit;

/**
 * The time of a simulation: stands still until the scheduler moves it, but for a nanosecond with each look at it. That
 * much Netty needs to see that time has passed since its last task; otherwise it would sleep for real at each end of a
 * loop.
 */
final class SimClock implements Ticker {
    private static final long NANOS_PER_MICRO = 1_000;
    private static final long MICROS_PER_MILLI = 1_000;

    private long nanos;

    @Override
    public long initialNanoTime() {
        return 0;
    }

    @Override
    public long nanoTime() {
        return nanos++;
    }

    /** The time, for those who must not change it. */
    long now() {
        return nanos;
    }

    @Override
    public void sleep(long delay, TimeUnit unit) {
        throw new AssertionError("nothing under test sleeps");
    }

    void moveTo(long time) {
        nanos = Math.max(nanos, time);
    }

    /** A time for the trace. */
    static String text(long nanos) {
        long micros = nanos / NANOS_PER_MICRO;
        String fraction =
                String.valueOf(MICROS_PER_MILLI + micros % MICROS_PER_MILLI).substring(1);
        return micros / MICROS_PER_MILLI + "." + fraction + "ms";
    }
}
