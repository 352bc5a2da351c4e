package dev.baton.plugin.chaos;

import dev.baton.spi.admin.AdminAction;
import dev.baton.spi.config.Default;
import dev.baton.spi.config.Range;
import jakarta.inject.Inject;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** {@code POST /v1/chaos/delay?point=fd-closed&ms=5&every=10}: sets a delay, or takes it away with {@code ms=0}. */
final class DelayAction implements AdminAction<DelayAction.Wanted> {
    private final Delays delays;

    @Inject
    DelayAction(Delays delays) {
        this.delays = delays;
    }

    /**
     * What is to be set.
     *
     * @param point where
     * @param ms how long, in milliseconds; 0 takes the delay away
     * @param every every how many passes
     */
    record Wanted(
            Point point,
            @Range(min = "0", max = "3600000") long ms,

            @Default("1") @Range(min = "1", max = "1000000000")
            long every) {}

    @Override
    public CompletionStage<DelayView.Row> act(Wanted wanted) {
        delays.set(wanted.point(), wanted.ms(), wanted.every());
        return CompletableFuture.completedStage(DelayView.row(delays, wanted.point()));
    }
}
