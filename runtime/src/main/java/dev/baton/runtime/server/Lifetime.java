package dev.baton.runtime.server;

import dev.baton.runtime.config.RootConfig;
import dev.baton.runtime.listener.BoundListeners;
import dev.baton.runtime.listener.SharedListener;
import dev.baton.runtime.systemd.Notifier;
import dev.baton.spi.admin.StopReport;
import dev.baton.spi.threading.AnyThread;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What a server is at: starting, ready, draining; and ready again if the process that has followed it dies while it
 * drains.
 */
@AnyThread
final class Lifetime {
    private final Supplier<RootConfig> config;
    private final BoundListeners listeners;
    private final Machine machine;
    private final Notifier notifier;
    /** Held while it is decided whether a drain ends the process. */
    private final Object fate = new Object();
    /** That of now: a new one begins when the drain after an upgrade is revoked. */
    private volatile Shutdown shutdown;
    /** The grace time of a stop that was asked for; null if none was. */
    private volatile @Nullable Duration stopAsked;

    private volatile boolean ready;

    Lifetime(Supplier<RootConfig> config, BoundListeners listeners, Machine machine, Notifier notifier) {
        this.config = config;
        this.listeners = listeners;
        this.machine = machine;
        this.notifier = notifier;
        this.shutdown = new Shutdown(this::waves, machine, null);
        announce(shutdown);
    }

    /** First the listeners that clients outside meet, then those that upstreams of this process refer to. */
    private List<List<SharedListener>> waves() {
        Set<String> inner = ClientCosts.inner(config.get());
        Map<Boolean, List<SharedListener>> parts = listeners.all().stream()
                .collect(Collectors.partitioningBy(listener -> inner.contains(listener.name())));
        return List.of(parts.getOrDefault(false, List.of()), parts.getOrDefault(true, List.of()));
    }

    private void announce(Shutdown of) {
        of.begun().thenRun(() -> notifier.stopping("draining"));
    }

    /** The listeners accept. */
    void ready() {
        ready = true;
    }

    /** True once the listeners accept. */
    boolean isReady() {
        return ready;
    }

    /** A word for it, as {@code /v1/status} has it. */
    String state() {
        if (isStopping()) {
            return "draining";
        }
        return ready ? "ready" : "starting";
    }

    /** True from the moment a stop is asked for, before the server is ready too. */
    boolean isStopping() {
        return shutdown.begun().isDone();
    }

    /** True if the end was asked for, which is more than a successor that serves. */
    boolean isToEnd() {
        return stopAsked != null;
    }

    /** Ends for good; null takes the grace time of the configuration. */
    CompletionStage<StopReport> stop(@Nullable Duration grace) {
        Duration within = grace == null ? config.get().grace() : grace;
        stopAsked = within; // first: who serves again looks at it last
        return shutdown.stop(within);
    }

    /** Ends because another process serves, unless that one dies before this one has ended. */
    void drain() {
        shutdown.stop(config.get().grace());
    }

    /**
     * Serves again instead of ending.
     *
     * @param replace puts other listeners in the place of those that drain; not called if it ends all the same
     * @return false if the end was asked for, or the drain is over
     */
    boolean revoke(Runnable replace) {
        Shutdown next = new Shutdown(this::waves, machine, shutdown);
        announce(next);
        synchronized (fate) {
            if (isToEnd() || !shutdown.revoke()) {
                return false;
            }
            replace.run(); // first: a stop that comes now finds the listeners that it is to end
            shutdown = next;
            return true;
        }
    }

    /**
     * After {@link #revoke}, when everything is in place: a stop that came meanwhile may have met the shutdown before.
     */
    void stopIfAsked() {
        Duration asked = stopAsked;
        if (asked != null) {
            shutdown.stop(asked);
        }
    }

    /** The drain is over: the process is to end, unless it serves again by now (false then). */
    boolean mayEnd() {
        synchronized (fate) {
            return isStopping() && shutdown.end();
        }
    }

    /** Completes when a stop is asked for. */
    CompletionStage<Void> stopping() {
        return shutdown.begun().minimalCompletionStage();
    }

    /** Completes when the listeners have ended. */
    CompletableFuture<StopReport> stopped() {
        return shutdown.ended().copy();
    }

    /** True once the listeners have ended. */
    boolean isDrained() {
        return shutdown.ended().isDone();
    }

    /** Open connections of all listeners. */
    int connections() {
        return shutdown.connections();
    }

    /** What is left of the grace time; zero when it is over. */
    Duration left() {
        return shutdown.left();
    }
}
