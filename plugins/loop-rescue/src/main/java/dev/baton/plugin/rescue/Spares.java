package dev.baton.plugin.rescue;

import dev.baton.plugin.rescue.SparePolicy.Seen;
import dev.baton.spi.loop.SpareLoops;
import dev.baton.spi.loop.WatchedLoop;
import dev.baton.spi.metrics.Metrics;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Calls and dismisses spare loops. Threading: one thread, but for what is told of a call. */
final class Spares {
    private static final Logger LOG = LoggerFactory.getLogger(Spares.class);

    /** Between two calls that fail. */
    private static final long FAILED_PAUSE_NANOS = TimeUnit.SECONDS.toNanos(1);

    /** Of loops that work. */
    private enum Supply {
        ENOUGH,
        /** Fewer than configured, and no more spare ones may serve. */
        TOO_FEW,
        NONE
    }

    private final SpareLoops loops;
    private final OptionalInt configuredMost;
    private final long patienceNanos;
    private final long begun;
    private final Metrics.Counter calls;
    private final AtomicInteger coming = new AtomicInteger();
    /** Set by a call that failed. */
    private volatile @Nullable Throwable failure;

    private boolean failing;
    private long pausedUntil;
    private @Nullable SparePolicy policy;
    private int most;
    private Supply supply = Supply.ENOUGH;
    private volatile int serving;

    /**
     * None serves yet.
     *
     * @param most how many may serve; by default as many as there are loops at the first look
     * @param detectNanos after how long a loop counts as blocked
     */
    Spares(SpareLoops loops, OptionalInt most, long detectNanos, Metrics metrics, long now) {
        this.loops = loops;
        this.configuredMost = most;
        this.patienceNanos = SparePolicy.PATIENCE * detectNanos;
        this.begun = now;
        this.calls = metrics.counter(
                "baton_spare_loop_calls_total", "How often a spare loop was called because loops were blocked.");
        metrics.gauge("baton_spare_loops", "Spare loops that serve.", () -> serving);
    }

    /** One look at all loops that serve. */
    void round(long now, List<WatchedLoop> all, List<Suspect> blocked) {
        int spares = (int) all.stream().filter(WatchedLoop::isSpare).count();
        int configured = all.size() - spares;
        serving = spares;
        SparePolicy decides = policy;
        if (decides == null) {
            most = configuredMost.orElse(configured);
            decides = new SparePolicy(most, begun);
            policy = decides;
        }
        if (isPaused(now)) {
            return;
        }
        int blockedLong = (int) blocked.stream()
                .filter(suspect -> suspect.stuckNanos >= patienceNanos)
                .count();
        int change =
                decides.round(now, new Seen(configured, all.size(), blocked.size(), blockedLong, spares, coming.get()));
        if (change > 0) {
            if (!failing) {
                LOG.warn(
                        "{} of {} loops blocked: {} called; at most {} may serve",
                        blocked.size(),
                        all.size(),
                        change == 1 ? "a spare loop is" : change + " spare loops are",
                        most);
            }
            for (int i = 0; i < change; i++) {
                call();
            }
        } else if (change < 0) {
            dismiss(all, decides);
        }
        boolean lacking = decides.lacking() > 0;
        tell(supply(lacking, blocked.size() == all.size()), all.size());
    }

    private void call() {
        coming.incrementAndGet();
        loops.call().whenComplete((loop, problem) -> {
            if (problem == null) {
                calls.increment();
            } else {
                failure = problem;
            }
            coming.decrementAndGet();
        });
    }

    /** While calls fail, there is one a second, and the first failure is said. */
    private boolean isPaused(long now) {
        Throwable last = failure;
        if (last != null) {
            failure = null;
            pausedUntil = now + FAILED_PAUSE_NANOS;
            if (!failing) {
                LOG.error("{}; it is tried again once a second for as long as loops are blocked", rootMessage(last));
            }
            failing = true;
        } else if (failing && now - pausedUntil >= FAILED_PAUSE_NANOS) {
            failing = false;
        }
        return failing && now - pausedUntil < 0;
    }

    private static String rootMessage(Throwable failure) {
        Throwable cause = failure;
        while (cause.getCause() != null && !(cause instanceof IllegalStateException)) {
            cause = cause.getCause();
        }
        return String.valueOf(cause.getMessage());
    }

    private void dismiss(List<WatchedLoop> all, SparePolicy decides) {
        // The last one called: the first has more to give back.
        for (int i = all.size() - 1; i >= 0; i--) {
            WatchedLoop spare = all.get(i);
            if (spare.isSpare()) {
                LOG.info(
                        "no loop has been blocked for {} s: loop {}, a spare one, is dismissed",
                        TimeUnit.NANOSECONDS.toSeconds(decides.restNanos()),
                        spare.loop().id());
                loops.dismiss(spare).exceptionally(problem -> {
                    LOG.debug("{} was not emptied", spare, problem);
                    return 0;
                });
                return;
            }
        }
    }

    private Supply supply(boolean lacking, boolean allBlocked) {
        if (!lacking) {
            return Supply.ENOUGH;
        }
        // One that comes is as good as one that works.
        return allBlocked && coming.get() == 0 ? Supply.NONE : most == 0 ? Supply.ENOUGH : Supply.TOO_FEW;
    }

    private void tell(Supply now, int all) {
        if (now == supply) {
            return;
        }
        Supply before = supply;
        supply = now;
        switch (now) {
            case NONE ->
                LOG.error(
                        "{} blocked: no loop is left to take over connections{}",
                        all == 1 ? "the only loop is" : "all " + all + " loops are",
                        most == 0 ? "" : "; spare loops: " + serving + " of at most " + most + " (rescue: spares)");
            case TOO_FEW ->
                LOG.warn(
                        "fewer loops work than are configured: no more than {} may serve (rescue: spares)",
                        most == 1 ? "1 spare loop" : most + " spare loops");
            case ENOUGH ->
                LOG.info(
                        before == Supply.NONE
                                ? "a loop works again: not all are blocked"
                                : "as many loops work as are configured");
        }
    }
}
