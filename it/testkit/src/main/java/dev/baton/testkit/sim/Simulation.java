package dev.baton.testkit.sim;

import dev.baton.runtime.loop.Timer;
import io.netty.util.concurrent.Ticker;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Runs real threads one at a time and chooses the next at each <em>point</em>: before each call of an SPI.
 *
 * <p>A test builds its world, makes threads by {@link #thread} and {@link #threads}, and lets them run by
 * {@link #run()}, {@link #run(String)} and {@link #pass}. In between nothing runs but the test itself, which may look
 * at and change everything; its own calls are no points. Time stands still while anybody can go on.
 *
 * <p>Threading: the turn goes from hand to hand by park and unpark over a volatile, so what one thread wrote the next
 * one reads, and nothing here needs a lock.
 */
public final class Simulation {
    /** Steps of one run: ten times of what the longest needs; beyond it nothing ends any more. */
    private static final int STEPS_MAX = 200_000;
    /** Real time without a step: a thread waits for something that is no point. */
    private static final long STALL_NANOS = TimeUnit.SECONDS.toNanos(30);

    private final Schedule schedule;
    private final Trace trace = new Trace();
    private final SimClock clock = new SimClock();
    private final List<SimThread> threads = new ArrayList<>();
    private final Thread test = Thread.currentThread();
    private @Nullable Script script;
    private @Nullable Throwable failure;
    private boolean ending;
    /** Until when time may pass in this phase though no thread of the test needs it. */
    private long horizon;

    private volatile int steps;
    private volatile boolean testTurn = true;

    Simulation(Schedule schedule) {
        this.schedule = schedule;
    }

    /** For tests that choose the threads by {@link #run(String)}. */
    public static Simulation scripted() {
        return new Simulation(new InOrder());
    }

    /** The run of a seed. Which kind of schedule it is follows from the seed. */
    public static Simulation ofSeed(long seed) {
        return new Simulation(
                switch ((int) Math.floorMod(seed, 4L)) {
                    case 0 -> new RandomWalk(seed, 0);
                    case 1 -> new RandomWalk(seed, 0.8);
                    case 2 -> new Priorities(seed, 3);
                    default -> new RandomWalk(seed, 0.5);
                });
    }

    // ---- the test's side ------------------------------------------------------------------------------------------

    /** A thread of the test: {@link #run()} is done when it has ended. Starts at the next run. */
    public void thread(String name, Runnable body) {
        new SimThread(this, name, false, body).start();
    }

    /** Makes threads that serve others, such as loops, named after a prefix and a number from 0. */
    public ThreadFactory threads(String prefix) {
        int[] count = {0};
        return body -> new SimThread(this, prefix + count[0]++, true, body);
    }

    /** Runs tasks in order on a thread of its own, until {@link #endServers}. */
    public Executor executor(String name) {
        Queue<Runnable> tasks = new ArrayDeque<>();
        SimThread thread = new SimThread(this, name, true, () -> {
            while (!ending) {
                await("task", () -> ending || !tasks.isEmpty(), SimThread.NEVER);
                Runnable task = tasks.poll();
                if (task != null) {
                    task.run();
                }
            }
        });
        thread.start();
        return tasks::add;
    }

    /** Hands tasks to an executor when their time has come, until {@link #endServers}. */
    public Timer timer(String name, Executor executor) {
        record Due(long time, int order, Runnable task) implements Comparable<Due> {
            @Override
            public int compareTo(Due other) {
                int byTime = Long.compare(time, other.time);
                return byTime != 0 ? byTime : Integer.compare(order, other.order);
            }
        }
        PriorityQueue<Due> dues = new PriorityQueue<>();
        int[] count = {0};
        SimThread thread = new SimThread(this, name, true, () -> {
            while (!ending) {
                awaitDue(
                        "due",
                        () -> ending
                                ? 0
                                : dues.isEmpty() ? SimThread.NEVER : dues.peek().time());
                Due due = ending ? null : dues.poll();
                if (due != null) {
                    executor.execute(due.task());
                }
            }
        });
        thread.start();
        return (delay, task) -> dues.add(new Due(now() + delay.toNanos(), count[0]++, task));
    }

    /** Ends the threads of executors and timers; what they still have to do is forgotten. */
    public void endServers() {
        ending = true;
        run();
    }

    /** The clock jumps ahead, wherever the threads stand: none has had a turn in between. By the test or a thread. */
    public void jump(Duration far) {
        point("jump");
        clock.moveTo(clock.now() + far.toNanos());
    }

    /**
     * A thread gets no turn from its nth point from here on, as one that the kernel does not run or that a debugger has
     * stopped: wherever it stands then, and whatever comes to pass. Others go on, and so does time; {@link #run()} does
     * not wait for it.
     *
     * @param nth 0 for where it stands now
     */
    public void holdUp(String name, int nth) {
        SimThread thread = named(name);
        thread.pointsLeft = nth;
        thread.heldUp = nth == 0;
    }

    /** True if a thread has come to the point at which it is held up. */
    public boolean isHeldUp(String name) {
        return named(name).heldUp;
    }

    /** Where a thread stands: the name of the point, with its argument. */
    public String where(String name) {
        return named(name).at;
    }

    /** A thread that was held up, or was to be, gets turns again. */
    public void letGo(String name) {
        SimThread thread = named(name);
        thread.pointsLeft = -1;
        thread.heldUp = false;
    }

    private SimThread named(String name) {
        for (SimThread each : threads) {
            if (each.getName().equals(name)) {
                return each;
            }
        }
        throw new AssertionError("there is no thread " + name);
    }

    /** A lock that its users may wait for. */
    public SimLock lock(String name) {
        return new SimLock(this, name);
    }

    /** The clock, for whatever measures time. */
    public Ticker ticker() {
        return clock;
    }

    /** Time since the start, in ns. */
    public long now() {
        return clock.now();
    }

    /** What happened so far. */
    public Trace trace() {
        return trace;
    }

    /** Steps so far. */
    public int steps() {
        return steps;
    }

    /** How the schedule can be had again. */
    public String schedule() {
        return schedule.describe();
    }

    /**
     * Runs until each thread of the test has ended and no other has anything to do now. Time passes only as long as a
     * thread of the test needs it.
     */
    public void run() {
        horizon = clock.now();
        phase();
    }

    /** Runs exactly what a script says. */
    public void run(String text) {
        script = new Script(text);
        horizon = clock.now();
        try {
            phase();
        } finally {
            script = null;
        }
    }

    /** Lets time pass, with everything that happens in it. */
    public void pass(Duration time) {
        horizon = clock.now() + time.toNanos();
        phase();
        clock.moveTo(horizon);
    }

    private void phase() {
        if (Thread.currentThread() != test) {
            throw new AssertionError("only the test lets its simulation run");
        }
        SimThread first = choose(null);
        if (first != null) {
            testTurn = false;
            first.giveTurn();
            awaitTestTurn();
        }
        Throwable failed = failure;
        if (failed != null) {
            throw failed instanceof SimFailure told ? told : failed(failed);
        }
    }

    private void awaitTestTurn() {
        int before = -1;
        long since = System.nanoTime();
        while (!testTurn) {
            LockSupport.parkNanos(this, STALL_NANOS);
            if (testTurn) {
                return;
            }
            int now = steps;
            if (now != before) {
                before = now;
                since = System.nanoTime();
            } else if (System.nanoTime() - since > STALL_NANOS) {
                throw failed(new AssertionError("a thread waits for something that is no point:\n" + stacks()));
            }
        }
    }

    private String stacks() {
        StringBuilder text = new StringBuilder();
        for (SimThread each : threads) {
            if (!each.ended) {
                text.append(each.describe(now())).append('\n');
                for (StackTraceElement frame : each.getStackTrace()) {
                    text.append("    at ").append(frame).append('\n');
                }
            }
        }
        return text.toString();
    }

    /** What a failure of the test's own becomes: with the schedule and the trace. */
    public SimFailure failed(Throwable cause) {
        StringBuilder text = new StringBuilder(String.valueOf(cause.getMessage()));
        text.append("\nschedule: ").append(schedule.describe()).append("\nthreads:\n");
        for (SimThread each : threads) {
            text.append("  ").append(each.describe(now())).append('\n');
        }
        return new SimFailure(text + "trace:\n" + trace, cause);
    }

    /** True if no thread of this simulation that is called so has something left to do. */
    public boolean hasEnded(String name) {
        for (SimThread each : threads) {
            if (each.getName().equals(name) && !each.ended) {
                return false;
            }
        }
        return true;
    }

    // ---- the threads' side ----------------------------------------------------------------------------------------

    /** A point: another thread may go on first. */
    public void point(String label) {
        SimThread me = me();
        if (me != null) {
            arrive(me, label);
        } else {
            trace.line("test", label);
        }
    }

    /** A point behind which a condition holds. */
    public void await(String label, BooleanSupplier condition) {
        await(label, condition, SimThread.NEVER);
    }

    /**
     * A point behind which a condition holds, or some time has passed.
     *
     * @return whether the condition holds
     */
    public boolean await(String label, BooleanSupplier condition, Duration limit) {
        return await(label, condition, now() + limit.toNanos());
    }

    /** A point behind which some time has passed. */
    public void sleep(Duration time) {
        await("sleep", () -> false, now() + time.toNanos());
    }

    /**
     * A point behind which a condition holds, or the time has come.
     *
     * @return whether the condition holds
     */
    boolean await(String label, BooleanSupplier condition, long deadline) {
        SimThread me = me();
        if (me == null) {
            if (!condition.getAsBoolean() && deadline > now()) {
                throw new AssertionError("the test itself would wait at " + label + " for ever");
            }
            return condition.getAsBoolean();
        }
        me.ready = condition;
        me.deadline = deadline;
        arrive(me, label);
        me.ready = null;
        me.deadline = SimThread.NEVER;
        return condition.getAsBoolean();
    }

    private void awaitDue(String label, LongSupplier due) {
        SimThread me = me();
        if (me == null) {
            throw new AssertionError(label + " is for a thread of the simulation");
        }
        me.dueAt = due;
        me.ready = () -> due.getAsLong() <= now();
        arrive(me, label);
        me.ready = null;
        me.dueAt = null;
    }

    /** Any other choice, which a real machine would make somehow: a number from 0 to below the bound. */
    public int pick(int bound) {
        return bound == 1 ? 0 : schedule.pick(bound);
    }

    /** Something that must not happen: the run is over, and no code that catches everything can hide it. */
    void fail(Throwable cause) {
        if (failure == null) {
            failure = failed(cause);
        }
        if (Thread.currentThread() == test) {
            throw failed(cause);
        }
        handOver(null);
        while (true) {
            LockSupport.park(this); // abandoned: a daemon
        }
    }

    private @Nullable SimThread me() {
        Thread current = Thread.currentThread();
        if (current == test) {
            return null;
        }
        if (current instanceof SimThread thread && threads.contains(thread)) {
            return thread;
        }
        throw new AssertionError(current + " is no thread of this simulation");
    }

    private void arrive(SimThread me, String label) {
        me.at = label;
        if (me.pointsLeft > 0) {
            me.heldUp = --me.pointsLeft == 0;
        }
        SimThread next = choose(me);
        if (next != me) {
            handOver(next);
            me.awaitTurn();
        }
        trace.line(me.getName(), label);
    }

    void started(SimThread thread) {
        threads.add(thread);
    }

    void ended(SimThread thread, @Nullable Throwable thrown) {
        thread.ended = true;
        trace.line(thread.getName(), "ends");
        if (thrown != null && failure == null) {
            failure = failed(thrown);
        }
        handOver(failure == null ? choose(thread) : null);
    }

    private void handOver(@Nullable SimThread next) {
        if (next == null) {
            testTurn = true;
            LockSupport.unpark(test);
        } else {
            next.giveTurn();
        }
    }

    // ---- choosing -------------------------------------------------------------------------------------------------

    /** The thread that runs next, or null: the test. */
    private @Nullable SimThread choose(@Nullable SimThread last) {
        if (failure != null) {
            return null;
        }
        int step = steps + 1;
        steps = step;
        if (step > STEPS_MAX) {
            failure = failed(new AssertionError("no end after " + STEPS_MAX + " steps"));
            return null;
        }
        Script now = script;
        try {
            return now != null ? byScript(now, last) : bySchedule(last);
        } catch (Throwable t) { // a condition may be wrong
            failure = failed(t);
            return null;
        }
    }

    private @Nullable SimThread bySchedule(@Nullable SimThread last) {
        while (true) {
            List<SimThread> candidates = new ArrayList<>(threads.size());
            for (SimThread each : threads) {
                if (each.canRun(clock.now())) {
                    candidates.add(each);
                }
            }
            if (!candidates.isEmpty()) {
                return schedule.next(candidates, last != null && candidates.contains(last) ? last : null);
            }
            if (!letTimePass()) {
                return null;
            }
        }
    }

    /** False if there is nothing to wait for, or no thread that needs it. */
    private boolean letTimePass() {
        long next = SimThread.NEVER;
        boolean needed = false;
        for (SimThread each : threads) {
            if (!each.ended) {
                next = Math.min(next, each.due());
                needed |= !each.serving && !each.heldUp;
            }
        }
        if (next == SimThread.NEVER && needed) {
            throw new AssertionError("deadlock: nobody can go on");
        }
        if (next == SimThread.NEVER || (!needed && next > horizon)) {
            return false;
        }
        clock.moveTo(next);
        trace.line("time", SimClock.text(next));
        return true;
    }

    private @Nullable SimThread byScript(Script now, @Nullable SimThread last) {
        SimThread arrived = last;
        while (!now.isDone()) {
            Script.Step step = now.step();
            if (step.isPause()) {
                clock.moveTo(clock.now() + step.pauseNanos());
                trace.line("time", SimClock.text(clock.now()));
                now.next();
                arrived = null;
                continue;
            }
            SimThread thread = find(now, step);
            boolean canRun = thread.canRun(clock.now());
            boolean there = step.isEnd() ? !canRun : thread.standsAt(step.point());
            if (arrived == thread && there && now.arrived()) {
                now.next();
                arrived = null;
                continue;
            }
            if (!canRun) {
                throw new AssertionError(now.doesNotFit(thread.describe(clock.now())));
            }
            return thread;
        }
        return null;
    }

    private SimThread find(Script now, Script.Step step) {
        for (SimThread each : threads) {
            if (each.getName().equals(step.thread())) {
                return each;
            }
        }
        throw new AssertionError(now.doesNotFit("there is no such thread"));
    }
}
