package dev.baton.plugin.unbind;

import dev.baton.spi.listener.ListenerResult;
import dev.baton.spi.listener.UnbindStrategy;
import dev.baton.spi.listener.Unbinding;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Stops accepting and closes every connection at once, whatever the grace time. */
public final class AtOnceStrategy implements UnbindStrategy {

    @Override
    public CompletionStage<ListenerResult> unbind(Unbinding unbinding) {
        CompletionStage<Void> portFree = unbinding.deleteFd();
        int closed = unbinding.closeConnections();
        return Outcomes.join(
                unbinding,
                portFree,
                CompletableFuture.completedFuture(
                        closed == 0 ? Outcomes.ended(0) : Outcomes.cut(closed, closed, "at once")));
    }
}
