package dev.baton.testkit.sim;

import org.jspecify.annotations.Nullable;

/** A lock of the simulation: threads wait for it where the scheduler sees them. Not reentrant. */
public final class SimLock implements AutoCloseable {
    private final Simulation simulation;
    private final String name;
    private @Nullable Thread owner;

    SimLock(Simulation simulation, String name) {
        this.simulation = simulation;
        this.name = name;
    }

    /** Takes it, waiting for as long as it takes; {@link #close} gives it back. */
    public SimLock lock() {
        if (owner == Thread.currentThread()) {
            throw new AssertionError("lock " + name + " is held already");
        }
        simulation.await("lock(" + name + ")", () -> owner == null, SimThread.NEVER);
        owner = Thread.currentThread();
        return this;
    }

    /** True if somebody holds it. */
    public boolean isHeld() {
        return owner != null;
    }

    /** Gives it back. */
    @Override
    public void close() {
        if (owner != Thread.currentThread()) {
            throw new AssertionError("lock " + name + " is not held by who gives it back");
        }
        owner = null;
    }
}
