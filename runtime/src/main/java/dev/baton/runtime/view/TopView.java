package dev.baton.runtime.view;

import dev.baton.runtime.metrics.Distribution;
import dev.baton.runtime.metrics.Meters;
import dev.baton.runtime.metrics.Series;
import dev.baton.spi.admin.LoopSnapshot;
import dev.baton.spi.admin.PoolSnapshot;
import dev.baton.spi.admin.TopSnapshot;
import dev.baton.spi.traffic.TrafficMetrics;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What has been slow in the last seconds: the difference between two looks at what is counted since the start. Nothing
 * is kept while it is not asked for, and nothing is done for it on the loops.
 *
 * <p>Any thread; waits while another one looks.
 */
public final class TopView {
    private static final long WINDOW_NANOS = TimeUnit.SECONDS.toNanos(10);
    /** Who looks more often is shown the same window. */
    private static final long APART_NANOS = TimeUnit.MILLISECONDS.toNanos(900);
    /** In less, a single slow exchange would be every percentile. */
    private static final long LEAST_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
    /** What happened before is not what a reader wants to know now. */
    private static final long GAP_NANOS = TimeUnit.MINUTES.toNanos(1);

    private static final double SECOND_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final Meters metrics;
    private final Supplier<List<LoopSnapshot>> loops;
    private final Supplier<List<PoolSnapshot>> pools;
    private final Supplier<Map<Integer, Long>> cpuNanos;
    private final LongSupplier clockNanos;
    private final Look start;
    /** The oldest first. */
    private final Deque<Look> looks = new ArrayDeque<>();

    /** What was counted at a moment. */
    private record Look(
            long nanos,
            Map<Map<String, String>, Distribution> total,
            Map<Map<String, String>, Distribution> firstByte,
            Map<Map<String, String>, Distribution> servers,
            Map<Map<String, String>, Long> responses,
            Map<Map<String, String>, Long> failures,
            Map<Integer, Long> cpuNanos) {}

    /**
     * A view that has not been looked at yet.
     *
     * @param loops as they are now
     * @param pools the same
     * @param cpuNanos the processor time that each loop has had, by its id
     * @param clockNanos the time
     */
    public TopView(
            Meters metrics,
            Supplier<List<LoopSnapshot>> loops,
            Supplier<List<PoolSnapshot>> pools,
            Supplier<Map<Integer, Long>> cpuNanos,
            LongSupplier clockNanos) {
        this.metrics = metrics;
        this.loops = loops;
        this.pools = pools;
        this.cpuNanos = cpuNanos;
        this.clockNanos = clockNanos;
        this.start = new Look(clockNanos.getAsLong(), Map.of(), Map.of(), Map.of(), Map.of(), Map.of(), Map.of());
    }

    /** Looks. */
    public synchronized TopSnapshot look() {
        long now = clockNanos.getAsLong();
        Look last = looks.peekLast();
        if (last != null && now - last.nanos > GAP_NANOS) {
            looks.clear();
            last = null;
        }
        Look fresh = read(now, last == null ? start : last);
        while (looks.size() > 1 && now - second().nanos >= WINDOW_NANOS) {
            looks.removeFirst();
        }
        Look first = looks.peekFirst();
        boolean sinceStart = first == null || now - first.nanos < LEAST_NANOS;
        if (last == null || now - last.nanos >= APART_NANOS) {
            looks.addLast(fresh);
        }
        return compare(first == null || sinceStart ? start : first, fresh, sinceStart);
    }

    private Look second() {
        var all = looks.iterator();
        all.next();
        return all.next();
    }

    // ---- a look ---------------------------------------------------------------------------------------------------

    private Look read(long now, Look before) {
        return new Look(
                now,
                distributions(TrafficMetrics.REQUEST_SECONDS, before.total),
                distributions(TrafficMetrics.FIRST_BYTE_SECONDS, before.firstByte),
                distributions(TrafficMetrics.SERVER_SECONDS, before.servers),
                counts(TrafficMetrics.RESPONSES),
                counts(TrafficMetrics.SERVER_FAILURES),
                cpuNanos.get());
    }

    /** What has not changed is kept once for all looks. */
    private Map<Map<String, String>, Distribution> distributions(
            String name, Map<Map<String, String>, Distribution> before) {
        Map<Map<String, String>, Distribution> all = new HashMap<>();
        for (Series<Distribution> each : metrics.histograms(name)) {
            Distribution known = before.get(each.labels());
            boolean same = known != null && known.count() == each.value().count();
            all.put(each.labels(), same ? known : each.value());
        }
        return all;
    }

    private Map<Map<String, String>, Long> counts(String name) {
        Map<Map<String, String>, Long> all = new HashMap<>();
        metrics.counters(name).forEach(each -> all.put(each.labels(), each.value()));
        return all;
    }

    // ---- between two ----------------------------------------------------------------------------------------------

    private TopSnapshot compare(Look from, Look to, boolean sinceStart) {
        double seconds = Math.max(1, to.nanos - from.nanos) / SECOND_NANOS;
        return new TopSnapshot(
                TimeUnit.NANOSECONDS.toMillis(to.nanos - from.nanos),
                sinceStart,
                routes(from, to, seconds),
                servers(from, to, seconds),
                loops(from, to, seconds));
    }

    private static List<TopSnapshot.Route> routes(Look from, Look to, double seconds) {
        List<TopSnapshot.Route> rows = new ArrayList<>();
        to.total.forEach((labels, value) -> {
            Distribution total = since(value, from.total.get(labels));
            if (total.count() > 0) {
                Distribution firstByte = since(to.firstByte.get(labels), from.firstByte.get(labels));
                Map<String, String> errors = new HashMap<>(labels);
                errors.put(TrafficMetrics.STATUS, TrafficMetrics.SERVER_ERROR);
                long failed = to.responses.getOrDefault(errors, 0L) - from.responses.getOrDefault(errors, 0L);
                rows.add(new TopSnapshot.Route(
                        label(labels, TrafficMetrics.SERVICE),
                        label(labels, TrafficMetrics.ROUTE),
                        rounded(total.count() / seconds),
                        rounded(Math.min(1, failed / (double) total.count())),
                        millis(total, 0.5),
                        millis(total, 0.99),
                        millis(total, 0.999),
                        millis(firstByte, 0.5),
                        millis(firstByte, 0.99),
                        millis(firstByte, 0.999)));
            }
        });
        rows.sort(Comparator.comparingDouble(TopSnapshot.Route::p99Ms)
                .reversed()
                .thenComparing(TopSnapshot.Route::service)
                .thenComparing(TopSnapshot.Route::route));
        return rows;
    }

    private List<TopSnapshot.Server> servers(Look from, Look to, double seconds) {
        Map<String, Integer> inUse = new HashMap<>();
        Map<String, Integer> waiting = new HashMap<>();
        for (PoolSnapshot pool : pools.get()) {
            inUse.merge(pool.server(), pool.inUse(), Integer::sum);
            waiting.merge(pool.server(), pool.waiting(), Integer::sum);
        }
        Set<Map<String, String>> all = new HashSet<>(to.servers.keySet());
        all.addAll(to.failures.keySet());
        List<TopSnapshot.Server> rows = new ArrayList<>();
        for (Map<String, String> labels : all) {
            Distribution answered = since(to.servers.get(labels), from.servers.get(labels));
            long failures = to.failures.getOrDefault(labels, 0L) - from.failures.getOrDefault(labels, 0L);
            if (answered.count() > 0 || failures > 0) {
                String server = label(labels, TrafficMetrics.SERVER);
                rows.add(new TopSnapshot.Server(
                        label(labels, TrafficMetrics.SERVICE),
                        server,
                        rounded(answered.count() / seconds),
                        inUse.get(server),
                        waiting.get(server),
                        millis(answered, 0.5),
                        millis(answered, 0.99),
                        failures));
            }
        }
        rows.sort(Comparator.comparingDouble(TopSnapshot.Server::p99Ms)
                .reversed()
                .thenComparing(TopSnapshot.Server::service)
                .thenComparing(TopSnapshot.Server::server));
        return rows;
    }

    private List<TopSnapshot.Loop> loops(Look from, Look to, double seconds) {
        List<TopSnapshot.Loop> rows = new ArrayList<>();
        for (LoopSnapshot loop : loops.get()) {
            long cpu = to.cpuNanos.getOrDefault(loop.id(), 0L) - from.cpuNanos.getOrDefault(loop.id(), 0L);
            rows.add(new TopSnapshot.Loop(
                    loop.id(),
                    rounded(Math.max(0, Math.min(1, cpu / SECOND_NANOS / seconds))),
                    loop.connections(),
                    loop.tasksQueued(),
                    loop.blocked()));
        }
        return rows;
    }

    private static Distribution since(@Nullable Distribution to, @Nullable Distribution from) {
        Distribution now = to == null ? Distribution.EMPTY : to;
        return from == null ? now : now.since(from);
    }

    private static String label(Map<String, String> labels, String key) {
        return labels.getOrDefault(key, "");
    }

    private static double millis(Distribution distribution, double share) {
        return rounded(distribution.quantileNanos(share) / 1e6);
    }

    /** To three places: no figure here is more exact. */
    private static double rounded(double value) {
        return Math.round(value * 1_000) / 1_000.0;
    }
}
