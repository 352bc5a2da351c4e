package dev.baton.runtime.takeover;

import dev.baton.runtime.channel.ChannelEnv;
import dev.baton.runtime.listener.BoundListeners;
import dev.baton.runtime.loop.LoopRegistry;
import dev.baton.runtime.loop.Timer;
import dev.baton.spi.loop.BoundConnections;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.IntFunction;
import java.util.function.LongSupplier;

/**
 * What a loop has to do with that comes or goes.
 *
 * @param timer has a loop looked at again and again, where that may block
 * @param clockNanos what time is measured by
 * @param bound the connections of a loop, by its id, that cannot move
 * @param stopping whether the process drains
 */
public record LoopSurroundings(
        ChannelEnv channels,
        LoopRegistry loops,
        BoundListeners listeners,
        Timer timer,
        LongSupplier clockNanos,
        IntFunction<List<BoundConnections>> bound,
        BooleanSupplier stopping) {

    boolean isStopping() {
        return stopping.getAsBoolean();
    }

    /** Every listener is brought in line with the loops that there are. */
    void settleListeners() {
        listeners.all().forEach(listener -> listener.loopsChanged(loops.batonLoops()));
    }
}
