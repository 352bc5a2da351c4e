package dev.baton.runtime.upgrade;

import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** When a step must be over. */
final class Deadline {
    private final long endNanos;
    private final Duration limit;

    private Deadline(Duration limit) {
        this.limit = limit;
        this.endNanos = System.nanoTime() + limit.toNanos();
    }

    static Deadline in(Duration limit) {
        return new Deadline(limit);
    }

    /** Milliseconds that are left, rounded up; 0 when it is over. */
    int leftMillis() {
        long left = endNanos - System.nanoTime();
        return left <= 0 ? 0 : (int) Math.min(Integer.MAX_VALUE, TimeUnit.NANOSECONDS.toMillis(left) + 1);
    }

    boolean isOver() {
        return leftMillis() == 0;
    }

    HandoffException missed(String what) {
        return new HandoffException(what + " within " + limit.toMillis() + " ms");
    }
}
