package dev.baton.runtime.takeover;

import dev.baton.runtime.channel.ChannelEnv;
import dev.baton.runtime.listener.BoundListeners;
import dev.baton.runtime.listener.SharedListener;
import dev.baton.runtime.loop.BatonLoop;
import dev.baton.runtime.loop.LoopRegistry;
import dev.baton.runtime.loop.Timer;
import dev.baton.spi.loop.BoundConnections;
import java.util.List;
import java.util.concurrent.CompletionStage;
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
        listeners.all().forEach(this::settle);
    }

    /** A listener is brought in line with the loops that there are, also with those that come or go meanwhile. */
    CompletionStage<Void> settle(SharedListener listener) {
        List<BatonLoop> seen;
        CompletionStage<Void> settled;
        do {
            seen = loops.batonLoops();
            settled = listener.loopsChanged(seen);
        } while (loops.batonLoops() != seen); // another list for each change
        return settled;
    }
}
