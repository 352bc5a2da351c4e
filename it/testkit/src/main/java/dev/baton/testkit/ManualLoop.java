package dev.baton.testkit;

import dev.baton.spi.loop.Loop;
import dev.baton.spi.loop.Loops;
import io.netty.channel.EventLoop;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A loop whose thread is whichever says so and whose time stands still until a test moves it.
 *
 * <p>A test acts as the loop in {@link #call} or {@link #run}; tasks wait for {@link #runTasks}, timers for
 * {@link #advance}. One thread at a time may be a given loop; which one a thread is, {@link #current} says. As with
 * every loop, any thread may give it tasks, set timers and cancel them: what does not come from the loop itself is a
 * task, and takes effect when tasks run.
 */
public final class ManualLoop implements Loop {
    private static final ThreadLocal<@Nullable ManualLoop> CURRENT = new ThreadLocal<>();

    private final int id;
    private final ManualEventLoop events = new ManualEventLoop(this);

    /** A loop with this id. */
    public ManualLoop(int id) {
        this.id = id;
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
        run(events::runTasks);
    }

    /** Moves the clock, timer by timer, and runs what is due and the tasks. */
    public void advance(long time, TimeUnit unit) {
        run(() -> events.advance(unit.toNanos(time)));
    }

    /** True if no timer is set; a cancellation by another thread that still waits as a task has not happened yet. */
    public boolean timersIdle() {
        return !events.hasTimers();
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
        events.execute(task);
    }

    @Override
    public EventLoop eventLoop() {
        return events;
    }

    @Override
    public String toString() {
        return "loop " + id;
    }
}
