package dev.baton.testkit.world;

import dev.baton.runtime.blocking.WorkerThreads;
import dev.baton.runtime.channel.ChannelEnv;
import dev.baton.runtime.fd.FdObservers;
import dev.baton.runtime.loop.BatonLoop;
import dev.baton.runtime.loop.LoopGroup;
import dev.baton.runtime.loop.LoopRole;
import dev.baton.runtime.loop.Timer;
import dev.baton.runtime.server.Machine;
import dev.baton.spi.poller.PollerProvider;
import dev.baton.testkit.sim.PointPollers;
import dev.baton.testkit.sim.SimulatedWorkers;
import dev.baton.testkit.sim.Simulation;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** The threads and the time of a simulation, for a server: loops are called {@code L0}, {@code L1} and so on. */
final class SimulatedMachine implements Machine {
    /** What Netty is given to end a loop. */
    private static final Duration LOOPS_END = Duration.ofMinutes(5);

    /** The processor time of an event: much, for no test can send as many as real clients do. */
    private static final long EVENT_NANOS = 1_000_000;

    private final Simulation simulation;
    private final Executor worker;
    private final Timer timer;
    private final WorkerThreads blocking;
    private final List<String> threads = new ArrayList<>();
    private @Nullable LoopGroup group;
    private int loops;
    private int another;

    SimulatedMachine(Simulation simulation) {
        this.simulation = simulation;
        this.worker = simulation.executor("worker");
        this.timer = simulation.timer("timer", worker);
        this.blocking = new SimulatedWorkers(simulation);
    }

    @Override
    public void startLoops(int count, PollerProvider provider, FdObservers observers, ChannelEnv channels) {
        loops = count;
        group = new LoopGroup(
                count,
                simulation.threads("L"),
                new PointPollers(simulation, provider),
                channels.posix(),
                channels.table(),
                observers,
                channels.loops(),
                simulation.ticker());
        for (int id = 0; id < count; id++) {
            threads.add("L" + id);
            channels.loops().byId(id).execute(() -> {});
        }
    }

    @Override
    public BatonLoop anotherLoop(PollerProvider provider, FdObservers observers, ChannelEnv channels, LoopRole role) {
        return LoopGroup.another(
                simulation.threads("added" + another++ + "L"),
                new PointPollers(simulation, provider),
                channels.posix(),
                channels.table(),
                observers,
                channels.loops(),
                simulation.ticker(),
                role);
    }

    /** Waits here: Netty tells of a loop's end on a thread that is none of the simulation's. */
    @Override
    public CompletionStage<Void> endLoops() {
        if (group != null) {
            group.shutdownGracefully(0, LOOPS_END.toSeconds(), TimeUnit.SECONDS);
        }
        if (!simulation.await("loops", this::loopsHaveEnded, LOOPS_END)) {
            throw new AssertionError("a loop has not ended after " + LOOPS_END.toMinutes() + " minutes");
        }
        return CompletableFuture.completedStage(null);
    }

    private boolean loopsHaveEnded() {
        return threads.stream().allMatch(simulation::hasEnded);
    }

    @Override
    public Executor worker() {
        return worker;
    }

    @Override
    public WorkerThreads blocking() {
        return blocking;
    }

    @Override
    public Timer timer() {
        return timer;
    }

    @Override
    public long nanoTime() {
        return simulation.ticker().nanoTime();
    }

    /** As many as there are loops: which of them runs is the schedule's matter, and none lacks a processor. */
    @Override
    public int processors() {
        return loops;
    }

    /** A loop's events cost what they cost here, so that a load depends on the schedule and not on the computer. */
    @Override
    public long cpuNanos(BatonLoop loop) {
        return loop.events() * EVENT_NANOS;
    }

    @Override
    public <T> T await(CompletionStage<T> stage, Duration limit) throws ExecutionException, TimeoutException {
        CompletableFuture<T> future = stage.toCompletableFuture();
        if (!simulation.await("await", future::isDone, limit)) {
            throw new TimeoutException("not within " + limit);
        }
        try {
            return future.get();
        } catch (InterruptedException e) {
            throw new AssertionError("it was done", e);
        }
    }

    @Override
    public void close() {}
}
