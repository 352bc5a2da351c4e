package dev.baton.runtime.upstream;

import dev.baton.runtime.loop.Timer;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * {@code slow-start} of one server: its share of the requests grows in {@value #STEPS} equal steps, because each of
 * them makes all balancers prepare anew. Any thread.
 */
final class SlowStart {
    static final int STEPS = 16;

    /** Null: it has all of its share at once. */
    private final @Nullable Duration step;

    private final Timer timer;
    private final Runnable changed;
    private final AtomicInteger starts = new AtomicInteger();
    private final AtomicInteger steps = new AtomicInteger(STEPS);

    /**
     * Of a server that has all of its share.
     *
     * @param time how long it takes; null for no time
     * @param changed called after each step, not on a loop
     */
    SlowStart(@Nullable Duration time, Timer timer, Runnable changed) {
        this.step = time == null ? null : time.dividedBy(STEPS);
        this.timer = timer;
        this.changed = changed;
    }

    /** How much of its share it has, of {@value #STEPS}. */
    int steps() {
        return Math.min(STEPS, steps.get());
    }

    /** The server comes back; {@link LiveServers#changed} must follow. */
    void begin() {
        if (step != null) {
            int start = starts.incrementAndGet(); // ends the one before
            steps.set(1);
            later(start, step);
        }
    }

    private void later(int start, Duration time) {
        timer.after(time, () -> {
            if (starts.get() == start) {
                int now = steps.incrementAndGet();
                changed.run();
                if (now < STEPS) {
                    later(start, time);
                }
            }
        });
    }
}
