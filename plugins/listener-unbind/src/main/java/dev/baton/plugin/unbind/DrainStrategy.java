package dev.baton.plugin.unbind;

import dev.baton.spi.listener.ListenerResult;
import dev.baton.spi.listener.UnbindStrategy;
import dev.baton.spi.listener.Unbinding;
import java.time.Duration;
import java.util.concurrent.CompletionStage;

/**
 * Stops accepting at once, lets connections finish within the grace time, and closes those that have not by then.
 *
 * <p>The listening fd goes first: a connection that came in after the request to drain would not have heard of it. The
 * connections drain while the port becomes free, so that the two times do not add up. A grace of zero asks no client
 * and closes.
 */
public final class DrainStrategy implements UnbindStrategy {

    @Override
    public CompletionStage<ListenerResult> unbind(Unbinding unbinding) {
        return drain(unbinding, unbinding.grace());
    }

    /** Unbinds so, with a time of the caller's. */
    static CompletionStage<ListenerResult> drain(Unbinding unbinding, Duration grace) {
        CompletionStage<Void> portFree = unbinding.deleteFd();
        int open = grace.isZero() ? 0 : unbinding.drainConnections();
        CompletionStage<String> connections = unbinding
                .connectionsEnded(grace)
                .thenApply(left -> left == 0
                        ? Outcomes.ended(open)
                        : Outcomes.cut(open, unbinding.closeConnections(), "after " + Outcomes.text(grace)));
        return Outcomes.join(unbinding, portFree, connections);
    }
}
