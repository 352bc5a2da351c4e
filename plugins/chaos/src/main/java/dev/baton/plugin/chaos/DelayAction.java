package dev.baton.plugin.chaos;

import dev.baton.spi.admin.AdminAction;
import jakarta.inject.Inject;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** {@code POST /v1/chaos/delay?point=fd-closed&ms=5&every=10}: sets a delay, or takes it away with {@code ms=0}. */
final class DelayAction implements AdminAction {
    private final Delays delays;

    @Inject
    DelayAction(Delays delays) {
        this.delays = delays;
    }

    @Override
    public String name() {
        return "chaos/delay";
    }

    @Override
    public CompletionStage<DelayView.Row> act(Map<String, String> given) {
        Parameters parameters = new Parameters(given, "point", "ms", "every");
        Point point = Point.of(parameters.text("point"));
        long ms = parameters.number("ms", 0, Parameters.TIME_MAX_MILLIS);
        delays.set(point, ms, parameters.number("every", 1, Long.MAX_VALUE, 1));
        return CompletableFuture.completedStage(DelayView.row(delays, point));
    }
}
