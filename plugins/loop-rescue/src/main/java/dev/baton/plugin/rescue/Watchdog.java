package dev.baton.plugin.rescue;

import dev.baton.spi.loop.BoundConnections;
import dev.baton.spi.loop.LoopWatch;
import dev.baton.spi.loop.WatchedLoop;
import dev.baton.spi.metrics.Metrics;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks at every loop every 10 ms and has the connections of one that is blocked taken over.
 *
 * <p>The loops only count what they begin; nothing on them reads a clock for this. A loop whose number stays while it
 * is not asleep is <em>stuck</em>, and after a time <em>blocked</em>:
 *
 * <pre>
 *   round in time, the number has changed or the loop sleeps   free: not stuck, not blocked
 *   round in time, the number has stayed                       stuck for one round more
 *   round late                                                 others may have been late, too: counts for nothing; but where
 *                                                              one late round follows another they count, or a machine that
 *                                                              is always short of processors would have no watchdog
 *   stuck for the detection time less a round                  descheduled, if its thread could run and is not let: nothing;
 *                                                              else blocked: say what it is in, rescue
 *   stuck as long while the process settles                    rescue, but say nothing and count it as blocked only after ten
 *                                                              times that: code runs for the first time, which is slow
 *   blocked                                                    rescue again as long as it lasts: what helpers had in their
 *                                                              hands, what has come since, connections to accept
 *   too few loops work                                         spare loops serve: see SparePolicy
 *   every loop blocked, spare ones too                         say so; no loop is left to help
 * </pre>
 *
 * <p>With {@code take-over: false} it says and counts the same, and rescues nothing.
 *
 * <p>A round that is late is what a pause of the JVM looks like from here: this thread stands still at a safepoint as
 * well. So a collection of garbage never looks like a blocked loop, and neither does a process that was stopped (R50).
 * A loop that is wrongly taken for blocked loses connections to other loops, and nothing else.
 *
 * <p>Threading: one thread.
 */
final class Watchdog {
    private static final Logger LOG = LoggerFactory.getLogger(Watchdog.class);

    private static final long INTERVAL_MAX_NANOS = 10_000_000;
    /** Rounds in a detection time: it is seen that much late at most. */
    private static final int ROUNDS_MIN = 5;
    /** Between two rescues from one loop: each looks through the whole table. */
    private static final long RESCUE_PAUSE_NANOS = 100_000_000;
    /** What code that runs for the first time may need more. */
    private static final int SETTLING_FACTOR = 10;
    /** Callbacks whose stack is remembered to have been told. */
    private static final int TOLD_MAX = 64;
    /** How long a stack is not told again for the same callback. */
    private static final long TOLD_NANOS = 60_000_000_000L;

    private final LoopWatch watch;
    private final Metrics metrics;
    private final ThreadStates threads;
    private final long detectNanos;
    private final long intervalNanos;
    private final long settledAt;
    private final boolean takesOver;
    private final Map<WatchedLoop, Suspect> suspects = new HashMap<>();
    private final Map<String, Long> told = new HashMap<>();
    private final Metrics.Counter late;
    private final Metrics.Counter rescued;
    private final Spares spares;
    private long lastRound;
    private boolean lastWasLate;
    private volatile int blockedNow;

    Watchdog(RescueConfig config, LoopWatch watch, Metrics metrics, ThreadStates threads, long now) {
        this.watch = watch;
        this.metrics = metrics;
        this.threads = threads;
        this.detectNanos = config.detect().toNanos();
        this.intervalNanos = Math.min(INTERVAL_MAX_NANOS, detectNanos / ROUNDS_MIN);
        this.settledAt = now + config.settle().toNanos();
        this.takesOver = config.takeOver();
        this.lastRound = now;
        this.late = metrics.counter(
                "baton_watchdog_late_total",
                "Rounds of the watchdog that came late: the process or the machine stood still.");
        this.rescued = metrics.counter(
                "baton_rescued_connections_total", "Connections that were taken over from a loop that was blocked.");
        this.spares = new Spares(watch.spares(), spares(config), detectNanos, metrics, now);
        metrics.gauge("baton_loops_blocked", "Loops that are inside one callback for too long.", () -> blockedNow);
    }

    private static OptionalInt spares(RescueConfig config) {
        if (!config.takeOver()) {
            return OptionalInt.of(0);
        }
        return config.spares().isPresent() ? OptionalInt.of(config.spares().get()) : OptionalInt.empty();
    }

    long intervalNanos() {
        return intervalNanos;
    }

    /** One look at every loop. */
    void round(long now) {
        long counted = counted(now);
        List<WatchedLoop> loops = watch.loops();
        suspects.keySet().removeIf(known -> !loops.contains(known));
        List<Suspect> blocked = new ArrayList<>();
        for (WatchedLoop loop : loops) {
            Suspect suspect = suspects.computeIfAbsent(loop, Suspect::new);
            if (look(suspect, counted, now)) {
                blocked.add(suspect);
            }
        }
        blockedNow = blocked.size();
        // A lane's loops help each other and nobody else, and no spare loop serves in their place.
        List<WatchedLoop> ordinary = new ArrayList<>(loops);
        ordinary.removeIf(WatchedLoop::isInLane);
        List<Suspect> ordinaryBlocked = new ArrayList<>(blocked);
        ordinaryBlocked.removeIf(suspect -> suspect.loop.isInLane());
        boolean anyWorks = ordinaryBlocked.size() < ordinary.size();
        for (Suspect each : blocked) {
            if (anyWorks || each.loop.isInLane()) {
                rescue(each, now);
            }
        }
        spares.round(now, ordinary, ordinaryBlocked);
    }

    /** For how much of a stuck loop's time this round stands. */
    private long counted(long now) {
        long elapsed = now - lastRound;
        lastRound = now;
        boolean isLate = elapsed > 2 * intervalNanos;
        boolean inARow = isLate && lastWasLate;
        lastWasLate = isLate;
        if (isLate) {
            late.increment();
            return inARow ? intervalNanos : 0;
        }
        return elapsed;
    }

    /** True if it is blocked. */
    private boolean look(Suspect suspect, long counted, long now) {
        if (suspect.hasGoneOn()) {
            if (suspect.blocked) {
                goesOn(suspect, now);
            } else {
                count(suspect);
            }
            suspect.clear();
            return false;
        }
        suspect.stuck(counted, threads);
        if (suspect.blocked) {
            return true;
        }
        // Less a round: it may have begun just after the last one.
        if (suspect.stuckNanos < detectNanos - intervalNanos || suspect.isDescheduled(detectNanos, threads)) {
            return false;
        }
        boolean settling = now - settledAt < 0;
        if (settling && suspect.stuckNanos < SETTLING_FACTOR * detectNanos - intervalNanos) {
            rescue(suspect, now);
            return false;
        }
        suspect.blocked = true;
        suspect.blockedSince = now - suspect.stuckNanos;
        suspect.loop.blocked(true);
        rescue(suspect, now); // first: what follows takes time
        tell(suspect, now);
        return true;
    }

    private void rescue(Suspect suspect, long now) {
        if (takesOver) {
            suspect.rescue(now, RESCUE_PAUSE_NANOS);
        }
    }

    private void goesOn(Suspect suspect, long now) {
        suspect.loop.blocked(false);
        int taken = count(suspect);
        long nanos = now - suspect.blockedSince;
        RescueEvents.over(suspect.loop.loop().id(), nanos, taken);
        LOG.info(
                "loop {} works again after {} ms; {} of its connections were taken over",
                suspect.loop.loop().id(),
                nanos / 1_000_000,
                taken);
    }

    /** Ends its rescue, if there was one, and counts what that has taken. */
    private int count(Suspect suspect) {
        suspect.finish();
        int taken = suspect.taken();
        suspect.forgetTaken();
        for (int i = 0; i < taken; i++) {
            rescued.increment();
        }
        return taken;
    }

    /**
     * Runs once what a rescue needs, as far as that changes nothing: code that runs for the first time in a rescue
     * takes as long as all the rest of it.
     */
    void warmUp() {
        for (WatchedLoop loop : watch.loops()) {
            loop.rescue().end();
            LOG.debug("warm: {}", BlockedIn.of(loop).stackLines().length());
        }
    }

    private void tell(Suspect suspect, long now) {
        BlockedIn what = BlockedIn.of(suspect.loop);
        boolean seen = suspect.isStillThere();
        metrics.counter(
                        "baton_loop_blocked_total",
                        "How often a loop was inside one callback for too long.",
                        "loop",
                        Integer.toString(what.loop()))
                .increment();
        if (!seen) {
            // What was read is what it does now, and no plugin is to blame for that.
            LOG.info(
                    "loop {} was in one callback for more than {} ms, and left it before its stack could be read",
                    what.loop(),
                    suspect.stuckNanos / 1_000_000);
            return;
        }
        RescueEvents.blocked(what);
        Long before = told.get(what.callback());
        boolean again = before != null && now - before < TOLD_NANOS;
        if (!again) {
            if (told.size() >= TOLD_MAX) {
                told.clear();
            }
            told.put(what.callback(), now);
        }
        LOG.warn(
                "loop {} has been in one callback for more than {} ms: {}; its connections {}{}",
                what.loop(),
                suspect.stuckNanos / 1_000_000,
                what.words(),
                takesOver
                        ? "move to other loops" + staying(suspect.loop.bound())
                        : "wait for it, as rescue: { take-over: false } says",
                again ? "" : what.stackLines());
    }

    /** What of a loop does not, for a person. */
    static String staying(List<BoundConnections> bound) {
        return bound.isEmpty()
                ? ""
                : ", but for " + bound.stream().map(BoundConnections::toString).collect(Collectors.joining(", "))
                        + ", which are bound to their context";
    }
}
