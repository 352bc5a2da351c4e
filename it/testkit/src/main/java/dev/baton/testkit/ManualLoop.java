package dev.baton.testkit;

import dev.baton.spi.loop.Loop;
import dev.baton.spi.loop.Loops;
import io.netty.channel.EventLoop;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A loop whose thread is whichever says so and whose time stands still until a test moves it.
 *
 * <p>A test acts as the loop in {@link #call} or {@link #run}; tasks wait for {@link #runTasks}, timers for
 * {@link #advance}. One thread at a time may be a given loop; which one a thread is, {@link #current} says.
 */
public final class ManualLoop implements Loop {
    private static final ThreadLocal<@Nullable ManualLoop> CURRENT = new ThreadLocal<>();

    private final int id;
    private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();

    /** Only for its event loop, whose clock can be moved. */
    private final EmbeddedChannel timers = new EmbeddedChannel();

    /** A loop with this id. */
    public ManualLoop(int id) {
        this.id = id;
        timers.freezeTime();
    }

    /** The loop that the calling thread is now, or null. */
    public static @Nullable ManualLoop current() {
        return CURRENT.get();
    }

    /** These loops as the runtime would show them. */
    public static Loops loops(ManualLoop... loops) {
        return new Loops() {
            @Override
            public List<Loop> all() {
                return List.of(loops);
            }

            @Override
            public @Nullable Loop current() {
                return ManualLoop.current();
            }
        };
    }

    /** Runs as this loop. */
    public void run(Runnable action) {
        call(() -> {
            action.run();
            return true;
        });
    }

    /** Runs as this loop and returns what came out. */
    public <T extends @Nullable Object> T call(Supplier<T> action) {
        ManualLoop before = CURRENT.get();
        CURRENT.set(this);
        try {
            return action.get();
        } finally {
            CURRENT.set(before);
        }
    }

    /** Runs the tasks that wait, and those that they add. */
    public void runTasks() {
        run(() -> {
            Runnable task;
            while ((task = tasks.poll()) != null) {
                task.run();
            }
        });
    }

    /** Moves the clock, timer by timer, and runs what is due and the tasks. */
    public void advance(long time, TimeUnit unit) {
        long left = unit.toNanos(time);
        while (true) {
            long untilNext = call(timers::runScheduledPendingTasks);
            runTasks();
            long step = untilNext < 0 ? left : Math.min(left, untilNext);
            if (left == 0) {
                return;
            }
            timers.advanceTimeBy(step, TimeUnit.NANOSECONDS);
            left -= step;
        }
    }

    /** True if no timer is set. */
    public boolean timersIdle() {
        return !timers.hasPendingTasks();
    }

    @Override
    public int id() {
        return id;
    }

    @Override
    public boolean inLoop() {
        return CURRENT.get() == this;
    }

    @Override
    public void execute(Runnable task) {
        tasks.add(task);
    }

    @Override
    public EventLoop eventLoop() {
        return timers.eventLoop();
    }

    @Override
    public String toString() {
        return "loop " + id;
    }
}
