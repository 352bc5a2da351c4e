package dev.baton.runtime.server;

import dev.baton.runtime.listener.SharedListener;
import dev.baton.spi.admin.StopReport;
import dev.baton.spi.threading.AnyThread;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How the listeners of a process end: all are unbound by their strategies within the grace time, in waves, because a
 * listener that another one's upstream refers to has to serve until that one's connections are done.
 *
 * <p>A stop that is asked for again with less time cuts the first one short. Nothing here waits, and nothing that a
 * plugin does can hold it up: some seconds after the grace time it is over whatever is left.
 *
 * <p>The drain after an upgrade can be revoked: the process serves again, with new listeners, because the one that
 * followed it has died. What drains continues to drain. Whether the process ends or serves again is one CAS:
 *
 * <pre>
 * OPEN -> ENDS     {@link #end}: the drain is over, and so is the process
 * OPEN -> REVOKED  {@link #revoke}: the process continues
 * </pre>
 */
@AnyThread
final class Shutdown {
    private static final Logger LOG = LoggerFactory.getLogger(Shutdown.class);

    /**
     * What connections that were cut may take to be gone, and ports to be free; a loop that is blocked takes longer.
     */
    private static final Duration SLACK = Duration.ofSeconds(5);

    private enum Fate {
        OPEN,
        ENDS,
        REVOKED
    }

    private final AtomicReference<Fate> fate = new AtomicReference<>(Fate.OPEN);
    private final Supplier<List<List<SharedListener>>> listeners;
    /** One that was revoked, whose listeners may still drain. */
    private final @Nullable Shutdown earlier;

    private final Machine machine;
    private final long origin;
    /** When the grace time is over, in nanoseconds after {@link #origin}; it only ever comes closer. */
    private final AtomicLong deadline = new AtomicLong(Long.MAX_VALUE);

    private final AtomicBoolean asked = new AtomicBoolean();
    private final CompletableFuture<Void> begun = new CompletableFuture<>();
    private final CompletableFuture<StopReport> ended = new CompletableFuture<>();
    private volatile int openAtFirst;
    /** The listeners that are stopped; null before that. */
    private volatile @Nullable List<List<SharedListener>> stopped;

    /**
     * Nothing is stopped yet.
     *
     * @param waves the listeners that there are, those of a wave are unbound when those of the waves before have ended
     * @param machine measures the time
     * @param earlier one that was revoked: what it has not ended ends with this one
     */
    Shutdown(Supplier<List<List<SharedListener>>> waves, Machine machine, @Nullable Shutdown earlier) {
        this.listeners = waves;
        this.earlier = earlier;
        this.machine = machine;
        this.origin = machine.nanoTime();
    }

    /** Those that are there now, until the stop begins; then those that were there. */
    private List<List<SharedListener>> waves() {
        List<List<SharedListener>> begun = stopped;
        return begun == null ? listeners.get() : begun;
    }

    /** Completes when a stop is first asked for. */
    CompletableFuture<Void> begun() {
        return begun;
    }

    /** Completes when the listeners have ended or time is up. */
    CompletableFuture<StopReport> ended() {
        return ended;
    }

    /** Open connections of all listeners. */
    int connections() {
        return (earlier == null ? 0 : earlier.connections())
                + waves().stream()
                        .flatMap(Collection::stream)
                        .mapToInt(SharedListener::openConnections)
                        .sum();
    }

    /** The process ends, unless this was revoked: false then. */
    boolean end() {
        return fate.compareAndSet(Fate.OPEN, Fate.ENDS) || fate.get() == Fate.ENDS;
    }

    /** The process serves again, unless it ends: false then. */
    boolean revoke() {
        return fate.compareAndSet(Fate.OPEN, Fate.REVOKED);
    }

    /** What is left of the grace time; zero when it is over. */
    Duration left() {
        return Duration.ofNanos(Math.max(0, deadline.get() - (machine.nanoTime() - origin)));
    }

    /** Begins, or shortens the grace time. */
    CompletionStage<StopReport> stop(Duration grace) {
        if (earlier != null) {
            earlier.stop(grace);
        }
        long end = machine.nanoTime() - origin + grace.toNanos();
        long before = deadline.getAndAccumulate(end, Math::min);
        if (asked.compareAndSet(false, true)) {
            // In this order: a listener that is added now is either among those that are there, or sees the stop.
            begun.complete(null);
            stopped = listeners.get();
            openAtFirst = connections();
            wave(0);
        } else if (end < before) {
            waves().forEach(wave -> wave.forEach(listener -> listener.unbind(grace)));
        }
        machine.timer().after(grace.plus(SLACK), this::giveUp);
        return ended.minimalCompletionStage();
    }

    private void wave(int number) {
        if (number == waves().size()) {
            if (earlier == null) {
                ended.complete(report());
            } else {
                earlier.ended().thenRun(() -> ended.complete(report()));
            }
            return;
        }
        CompletableFuture<?>[] unbinding = waves().get(number).stream()
                .map(listener -> listener.unbind(left()).toCompletableFuture())
                .toArray(CompletableFuture<?>[]::new);
        CompletableFuture.allOf(unbinding).whenComplete((nothing, failure) -> wave(number + 1));
    }

    /** Only if a plugin or a blocked loop holds the orderly end up, and not before the last word on the grace time. */
    private void giveUp() {
        boolean late = machine.nanoTime() - origin >= deadline.get();
        if (late && !ended.isDone() && fate.get() != Fate.REVOKED) {
            LOG.warn(
                    "{} connections are still open {} s after the grace time; stopping all the same",
                    connections(),
                    SLACK.toSeconds());
            ended.complete(report());
        }
    }

    private long cut() {
        return (earlier == null ? 0 : earlier.cut())
                + waves().stream()
                        .flatMap(Collection::stream)
                        .mapToLong(SharedListener::cut)
                        .sum();
    }

    private StopReport report() {
        long cut = cut();
        return new StopReport((int) Math.max(0, openAtFirst - cut), (int) cut);
    }
}
