package dev.baton.runtime.channel;

import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Something that pauses again and again for the same reason, such as a listener without fds: one line when it begins,
 * and one when it is over, with how long it took.
 *
 * <p>It is over when nothing was missing for {@link #QUIET}: at the limit single fds come and go, and each would be a
 * line.
 *
 * <p>Threading: any thread; does not wait.
 */
public final class Shortage {
    private static final Logger LOG = LoggerFactory.getLogger(Shortage.class);

    /** How long nothing must have been missing before it is said to be over. */
    public static final Duration QUIET = Duration.ofSeconds(1);

    private static final long NONE = 0;

    private final String who;
    private final Later later;
    private final LongSupplier clockNanos;
    private final BooleanSupplier lasts;
    /** When it began, odd so that it is never {@link #NONE}. */
    private final AtomicLong began = new AtomicLong(NONE);

    private final AtomicInteger pauses = new AtomicInteger();
    private volatile long last;

    /** Runs something after a time. */
    @FunctionalInterface
    public interface Later {
        /** Runs a task once, after a time; may throw if it is too late for that. */
        void after(Duration delay, Runnable task);
    }

    /**
     * Nothing is missing.
     *
     * @param who what pauses, the beginning of both lines
     * @param later when to look whether it is over
     * @param clockNanos {@link System#nanoTime} or a test's
     * @param lasts whether it pauses at this moment
     */
    public Shortage(String who, Later later, LongSupplier clockNanos, BooleanSupplier lasts) {
        this.who = who;
        this.later = later;
        this.clockNanos = clockNanos;
        this.lasts = lasts;
    }

    /** It pauses. */
    public void met(String why) {
        long now = clockNanos.getAsLong();
        last = now;
        pauses.incrementAndGet();
        if (began.compareAndSet(NONE, now | 1)) {
            LOG.warn("{} pauses: {}", who, why);
            lookLater();
        }
    }

    private void lookLater() {
        later.after(QUIET, this::look);
    }

    private void look() {
        if (lasts.getAsBoolean()) {
            last = clockNanos.getAsLong();
        }
        if (clockNanos.getAsLong() - last < QUIET.toNanos()) {
            lookLater();
            return;
        }
        long millis = Math.max(0, TimeUnit.NANOSECONDS.toMillis(last - began.get()));
        int times = pauses.getAndSet(0);
        // Last: from here on the next one begins, with a line and a look of its own.
        began.set(NONE);
        LOG.info(
                "{} continues: it paused {} in {}",
                who,
                times == 1 ? "once" : times + " times",
                millis < 1_000 ? millis + " ms" : String.format(Locale.ROOT, "%.1f s", millis / 1e3));
    }
}
