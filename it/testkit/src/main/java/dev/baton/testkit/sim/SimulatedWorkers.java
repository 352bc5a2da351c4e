package dev.baton.testkit.sim;

import dev.baton.runtime.blocking.WorkerThreads;
import java.time.Duration;
import java.util.concurrent.ThreadFactory;

/**
 * Workers of a simulation, called {@code W0}, {@code W1} and so on. Each piece of work takes some of the simulated time
 * before its code runs, which takes none: how much is the schedule's choice, and with it which work is done first.
 */
public final class SimulatedWorkers implements WorkerThreads {
    /** Few enough that work waits in tests. */
    private static final int USUAL = 4;
    /** Longer than most of what loops do meanwhile, or not. */
    private static final int[] MILLIS = {0, 1, 10, 200};

    private final Simulation simulation;
    private final ThreadFactory threads;

    /** None yet. */
    public SimulatedWorkers(Simulation simulation) {
        this.simulation = simulation;
        this.threads = simulation.threads("W");
    }

    @Override
    public void start(String name, Runnable task) {
        threads.newThread(task).start();
    }

    @Override
    public int usual() {
        return USUAL;
    }

    @Override
    public void beforeWork() {
        simulation.sleep(Duration.ofMillis(MILLIS[simulation.pick(MILLIS.length)]));
    }
}
