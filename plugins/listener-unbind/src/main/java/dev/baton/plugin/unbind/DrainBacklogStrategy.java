package dev.baton.plugin.unbind;

import dev.baton.spi.listener.ListenerResult;
import dev.baton.spi.listener.UnbindStrategy;
import dev.baton.spi.listener.Unbinding;
import java.time.Duration;
import java.util.concurrent.CompletionStage;

/**
 * Drains, but cuts no connection that waits in the kernel: new connections are stopped first, those that the kernel
 * holds are accepted and served, and only then the listening fd goes. The result tells how many it could not accept in
 * time.
 *
 * <p>The backlog may take up to the grace time, and at most {@link #BACKLOG_MAX}: a listener that is full has to wait
 * until connections end. The connections then have what is left of the grace time. A grace of zero accepts none, and
 * closes.
 */
public final class DrainBacklogStrategy implements UnbindStrategy {
    /** A backlog that is not empty after that is one that the service does not keep up with. */
    static final Duration BACKLOG_MAX = Duration.ofSeconds(5);

    @Override
    public CompletionStage<ListenerResult> unbind(Unbinding unbinding) {
        Duration grace = unbinding.grace();
        return unbinding
                .acceptBacklog(grace.compareTo(BACKLOG_MAX) > 0 ? BACKLOG_MAX : grace)
                .thenCompose(nothing -> DrainStrategy.drain(unbinding, unbinding.graceLeft()));
    }
}
