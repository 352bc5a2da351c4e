package dev.baton.runtime.server;

import dev.baton.runtime.blocking.WorkerThreads;
import dev.baton.runtime.channel.ChannelEnv;
import dev.baton.runtime.fd.FdObservers;
import dev.baton.runtime.loop.BatonLoop;
import dev.baton.runtime.loop.LoopRole;
import dev.baton.runtime.loop.Timer;
import dev.baton.runtime.takeover.LiveLoads;
import dev.baton.spi.poller.PollerProvider;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeoutException;

/**
 * What a {@link Server} runs on: loops, time, and threads that may block. A process has the one of
 * {@link VertxMachine}; a simulation brings its own, so that what it runs is this server and not a copy of its wiring.
 */
public interface Machine extends LiveLoads.Gauges {

    /**
     * Starts the loops; once.
     *
     * @param count how many, at least 1
     * @param provider opens a poller for each
     * @param observers counts what happens to their fds
     * @param channels where they are registered and their channels live
     * @throws IOException if they cannot be started; a RuntimeException says the same
     */
    void startLoops(int count, PollerProvider provider, FdObservers observers, ChannelEnv channels) throws IOException;

    /**
     * Makes one loop more, for the listeners' connections, in the registry of the channels. Its thread starts with its
     * first task; who asked for the loop ends it.
     *
     * @param role what it is there for
     * @throws RuntimeException if its poller cannot be opened
     */
    BatonLoop anotherLoop(PollerProvider provider, FdObservers observers, ChannelEnv channels, LoopRole role);

    /** Ends the loops that were started; completes when their threads have ended. */
    CompletionStage<Void> endLoops();

    /** Where code may block: binding, looking names up. */
    Executor worker();

    /** Where code of plugins may block. */
    WorkerThreads blocking();

    /** Runs something later, on no loop. */
    Timer timer();

    @Override
    long nanoTime();

    @Override
    int processors();

    @Override
    long cpuNanos(BatonLoop loop);

    /**
     * Waits for a stage, on the thread that starts and ends the server.
     *
     * @param limit how long at most
     * @throws ExecutionException if the stage failed
     * @throws TimeoutException if it took longer
     */
    <T> T await(CompletionStage<T> stage, Duration limit)
            throws ExecutionException, TimeoutException, InterruptedException;

    /** Gives the threads back; after the loops have ended. */
    void close();
}
