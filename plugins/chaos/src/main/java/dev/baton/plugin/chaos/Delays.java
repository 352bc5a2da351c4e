package dev.baton.plugin.chaos;

import jakarta.inject.Singleton;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** The delays that are set now, one at most for each point. Cost where none is: one look-up. Any thread. */
@Singleton
final class Delays {
    private final Map<Point, Delay> set = new ConcurrentHashMap<>();

    /** One delay: every {@code every}-th thread that passes sleeps. */
    static final class Delay {
        final long ms;
        final long every;
        final AtomicLong passed = new AtomicLong();

        Delay(long ms, long every) {
            this.ms = ms;
            this.every = every;
        }
    }

    /** Sets one; 0 ms takes it away. */
    void set(Point point, long ms, long every) {
        if (ms == 0) {
            set.remove(point);
        } else {
            set.put(point, new Delay(ms, every));
        }
    }

    @Nullable
    Delay at(Point point) {
        return set.get(point);
    }

    /** Called at the point. */
    void pass(Point point) {
        Delay delay = set.get(point);
        if (delay != null && delay.passed.incrementAndGet() % delay.every == 0) {
            Fault.block(delay.ms);
        }
    }
}
