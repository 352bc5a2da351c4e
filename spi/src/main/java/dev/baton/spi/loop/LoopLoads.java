package dev.baton.spi.loop;

import dev.baton.spi.ByBaton;
import dev.baton.spi.threading.AnyThread;
import dev.baton.spi.threading.OffLoop;
import java.time.Duration;
import java.util.Collection;
import java.util.List;

/**
 * The loops and their loads, for code that shares work out among them. Can be injected. Everything is read without
 * stopping a loop: what is read one after the other need not belong together.
 */
@ByBaton
public interface LoopLoads {

    /** How many threads of this process can run at the same time, at least 1. */
    @AnyThread
    int processors();

    /**
     * Looks at all loops again and again, from now on until it is told to end. The looks come one after the other, on a
     * thread that belongs to no loop and may block, each a period after the one before has ended; so they are late
     * where the process stands still, and never made up for. What the sampler throws is logged, and the next look
     * comes.
     *
     * @param period more than 0. Cost of a look: a system call a loop
     */
    @AnyThread
    Sampling sample(Duration period, LoadSampler sampler);

    /**
     * The connections that a loop owns now and that can move, in no order. They are live: what they count continues
     * counting, and they may end or go to another loop at any time. Cost: O(highest number).
     */
    @OffLoop
    List<LoadedConnection> connections(Loop loop);

    /**
     * Has one loop take connections over from another, as with a rescue: each with what waits for it, tasks and timers.
     * It does so a few in each turn. What cannot be had is left where it is: something runs in it now, it has ended, or
     * it belongs to neither loop now. Nothing more is taken once {@code to} is blocked or either of them is to go.
     *
     * @param connections of {@link #connections}
     * @return how it gets on
     */
    @AnyThread
    Takeovers move(Loop from, Loop to, Collection<LoadedConnection> connections);
}
