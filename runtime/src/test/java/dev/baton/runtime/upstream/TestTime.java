package dev.baton.runtime.upstream;

import dev.baton.runtime.loop.Timer;
import java.time.Duration;
import java.util.PriorityQueue;

/** A clock and a timer: time passes when a test says so, and what is due by then runs in its order. */
public final class TestTime implements Timer {
    private final PriorityQueue<Due> tasks = new PriorityQueue<>();
    private long now = Long.MAX_VALUE - 1; // a clock may begin anywhere

    /** A clock without tasks. */
    public TestTime() {}

    private record Due(long nanos, Runnable task) implements Comparable<Due> {
        @Override
        public int compareTo(Due other) {
            return Long.signum(nanos - other.nanos);
        }
    }

    /** The time, in nanoseconds. */
    public long nanoTime() {
        return now;
    }

    @Override
    public void after(Duration delay, Runnable task) {
        tasks.add(new Due(now + delay.toNanos(), task));
    }

    /** Lets time pass. */
    public void pass(Duration time) {
        long end = now + time.toNanos();
        for (Due next = tasks.peek(); next != null && next.nanos - end <= 0; next = tasks.peek()) {
            tasks.remove();
            now = next.nanos;
            next.task.run();
        }
        now = end;
    }

    /** Whether nothing is due at any time. */
    public boolean isIdle() {
        return tasks.isEmpty();
    }
}
