package dev.baton.testkit.sim;

import io.netty.util.concurrent.FastThreadLocalThread;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A thread of a simulation: runs only while it is its turn. All fields but {@link #turn} belong to the thread that
 * runs.
 */
final class SimThread extends FastThreadLocalThread {
    /** No deadline. */
    static final long NEVER = Long.MAX_VALUE;

    private final Simulation simulation;
    private final Runnable body;
    /** Serves others and need not end: a loop, an executor, a timer. */
    final boolean serving;

    /** Where it stands, with the argument. */
    String at = "start";
    /** What it waits for; null if it can go on. */
    @Nullable
    BooleanSupplier ready;

    long deadline = NEVER;
    /** A deadline that others may change while it waits; null if there is none. */
    @Nullable
    LongSupplier dueAt;

    boolean ended;
    /** Points until it gets no turn any more; negative if there is none. */
    int pointsLeft = -1;
    /** It gets no turn, whatever it could do. */
    boolean heldUp;

    private volatile boolean turn;

    SimThread(Simulation simulation, String name, boolean serving, Runnable body) {
        super(name);
        this.simulation = simulation;
        this.serving = serving;
        this.body = body;
        setDaemon(true);
    }

    /** True if it could go on at a time. */
    boolean canRun(long now) {
        BooleanSupplier condition = ready;
        return !ended && !heldUp && (condition == null || deadline <= now || condition.getAsBoolean());
    }

    /** When it continues by itself. */
    long due() {
        if (heldUp) {
            return NEVER;
        }
        LongSupplier moving = dueAt;
        return moving == null ? deadline : moving.getAsLong();
    }

    @Override
    public synchronized void start() {
        simulation.started(this);
        super.start();
    }

    @Override
    public void run() {
        awaitTurn();
        simulation.trace().line(getName(), "starts");
        Throwable thrown = null;
        try {
            body.run();
        } catch (Throwable t) { // the simulation reports it
            thrown = t;
        }
        simulation.ended(this, thrown);
    }

    void giveTurn() {
        turn = true;
        LockSupport.unpark(this);
    }

    /** Waits for the turn and takes it; for ever, if the simulation has failed. */
    void awaitTurn() {
        boolean interrupted = false;
        while (!turn) {
            LockSupport.park(simulation);
            interrupted |= Thread.interrupted(); // else the next park would return at once
        }
        turn = false;
        if (interrupted) {
            interrupt();
        }
    }

    /** True if it stands at a point, written {@code name} or {@code name(argument)}. */
    boolean standsAt(String point) {
        if (at.equals(point)) {
            return true;
        }
        int argument = at.indexOf('(');
        return argument > 0 && at.substring(0, argument).equals(point);
    }

    /** For a person: where it is, and why it does not go on. */
    String describe(long now) {
        if (ended) {
            return getName() + " has ended";
        }
        if (heldUp) {
            return getName() + " is held up at " + at;
        }
        String waits = canRun(now) ? "can go on" : "waits";
        String until = due() == NEVER ? "" : ", until " + SimClock.text(due());
        return getName() + " stands at " + at + " and " + waits + until;
    }
}
