package dev.baton.runtime.upstream;

import dev.baton.spi.metrics.Metrics;
import dev.baton.spi.upstream.BalancedServer;
import dev.baton.spi.upstream.Balancer;
import dev.baton.spi.upstream.RequestFacts;
import dev.baton.spi.upstream.ServerChoice;
import dev.baton.spi.upstream.UpstreamServer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The servers of one upstream, and the choice among those that may be asked now.
 *
 * <p>A request reads one immutable {@link Selection}, which has only servers that may be asked; whatever changes that
 * makes a new one. Two changes at once must both be in it, without a lock:
 *
 * <ol>
 *   <li>whoever changes something of a server writes that first, then counts the change, then rebuilds;
 *   <li>a rebuild reads the count first, then the servers, and publishes by compare-and-set on the selection that it
 *       found, unless that one was made for this count or a later one;
 *   <li>it begins again until the published selection was made for its count or a later one.
 * </ol>
 *
 * <p>So of A, which reads the servers before B has changed one, and publishes after B has: A's compare-and-set fails,
 * because B has replaced the selection that A found, and A reads again. If A publishes first, B sees a lower count than
 * its own. {@code LiveServersTest.shouldKeepBothOfTwoChangesThatOverlap} plays this.
 *
 * <p>Threading: any thread.
 */
final class LiveServers {
    private static final Logger LOG = LoggerFactory.getLogger(LiveServers.class);
    private static final LiveServer[] NO_SERVERS = {};

    private final String upstream;
    private final List<LiveServer> all;
    private final List<UpstreamServer> listed;
    private final Balancer balancer;
    private final LongSupplier clockNanos;
    private final AtomicLong changes = new AtomicLong();
    private final AtomicReference<Selection> selection =
            new AtomicReference<>(new Selection(-1, NO_SERVERS, request -> 0, NO_SERVERS));

    /**
     * The servers that may be asked.
     *
     * @param change the count of changes that it was made for
     * @param servers the places that {@code choice} chooses from
     * @param leftOut those that one request may try when their time is over
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared, and read by every request
    private record Selection(long change, LiveServer[] servers, ServerChoice choice, LiveServer[] leftOut) {}

    /** A server with the weight that it has in one selection. */
    private record Candidate(LiveServer live, int weight) implements BalancedServer {
        @Override
        public UpstreamServer server() {
            return live.server();
        }

        @Override
        public int inFlight() {
            return live.inFlight();
        }

        @Override
        public long latencyNanos() {
            return live.latencyNanos();
        }
    }

    LiveServers(String upstream, List<LiveServer> all, Balancer balancer, LongSupplier clockNanos) {
        this.upstream = upstream;
        this.all = List.copyOf(all);
        this.listed = all.stream().map(LiveServer::server).toList();
        this.balancer = balancer;
        this.clockNanos = clockNanos;
        changed();
    }

    /** A counter of {@code baton_upstream_left_out_total}. */
    static Metrics.Counter leftOutCounter(Metrics metrics, String upstream, String server) {
        return metrics.counter(
                "baton_upstream_left_out_total",
                "Times that a server was left out for a while because it could not be connected to.",
                "upstream",
                upstream,
                "server",
                server);
    }

    /** In their order. */
    List<LiveServer> all() {
        return all;
    }

    /** In their order. */
    List<UpstreamServer> listed() {
        return listed;
    }

    /** Null if there is no such server (any more). */
    @Nullable
    LiveServer find(UpstreamServer server) {
        int index = server.index();
        return index >= 0 && index < all.size() ? all.get(index) : null;
    }

    // ---- the choice -------------------------------------------------------------------------------------------------

    private Selection seen() {
        return Objects.requireNonNull(selection.get());
    }

    /** The server for a request; one that is left out, if its time is over and no other request tries it. */
    UpstreamServer next(RequestFacts request) {
        Selection now = seen();
        if (now.leftOut.length > 0) {
            long nanos = clockNanos.getAsLong();
            for (LiveServer each : now.leftOut) {
                if (each.backoff().admits(nanos)) {
                    return each.server();
                }
            }
        }
        return switch (now.servers.length) {
            case 0 -> UpstreamServer.NONE;
            case 1 -> now.servers[0].server();
            default -> now.servers[now.choice.choose(request)].server();
        };
    }

    /** The next server in order that may be asked; if none may, the one that could not be connected to longest ago. */
    UpstreamServer nextAfter(UpstreamServer failed) {
        int count = all.size();
        LiveServer before = find(failed);
        int from = before == null ? 0 : all.indexOf(before);
        long now = clockNanos.getAsLong();
        LiveServer oldest = null;
        for (int i = 1; i <= count; i++) {
            LiveServer each = all.get((from + i) % count);
            if (!isOpen(each)) {
                continue;
            }
            if (i < count && each.backoff().admits(now)) {
                return each.server();
            }
            if (oldest == null || (i < count && each.backoff().compareLastFailure(oldest.backoff()) < 0)) {
                oldest = each;
            }
        }
        return oldest == null ? UpstreamServer.NONE : oldest.server();
    }

    /** Whether the operator lets requests go there. */
    private static boolean isOpen(LiveServer server) {
        return server.weight() > 0;
    }

    // ---- what changes it --------------------------------------------------------------------------------------------

    /** Something of a server has changed: a new selection is there when this returns. */
    void changed() {
        changes.incrementAndGet();
        while (true) {
            Selection before = seen();
            long change = changes.get();
            if (before.change >= change) {
                return;
            }
            selection.compareAndSet(before, select(change));
        }
    }

    private Selection select(long change) {
        LiveServer[] leftOut = those(each -> isOpen(each) && each.backoff().isLeftOut());
        LiveServer[] usable = those(each -> isOpen(each) && !each.backoff().isLeftOut());
        // If there is none, a try that will probably fail is better than an error that is certain.
        LiveServer[] servers = usable.length > 0 ? usable : leftOut;
        return new Selection(change, servers, servers.length < 2 ? request -> 0 : choice(servers), leftOut);
    }

    private LiveServer[] those(Predicate<LiveServer> suit) {
        return all.stream().filter(suit).toArray(LiveServer[]::new);
    }

    private ServerChoice choice(LiveServer[] servers) {
        List<BalancedServer> candidates = new ArrayList<>();
        for (LiveServer each : servers) {
            candidates.add(new Candidate(each, Math.max(1, each.weight() * 256)));
        }
        return balancer.over(List.copyOf(candidates));
    }

    /** A connect has succeeded. */
    void connected(LiveServer server) {
        if (server.backoff().connected()) {
            changed();
            LOG.info("upstream {}: server {} can be connected to again", upstream, server);
        }
    }

    /**
     * A connect has failed.
     *
     * @param startedNanos when it began
     */
    void failed(LiveServer server, long startedNanos, Throwable cause) {
        if (all.size() == 1 || !Backoff.isTheServers(cause)) {
            return;
        }
        if (server.backoff().failed(startedNanos, clockNanos.getAsLong())) {
            changed();
            server.leftOut().increment();
            LOG.warn(
                    "upstream {}: server {} is left out; it is tried again after {} s, then less often, up to every {} s: {}",
                    upstream,
                    server,
                    TimeUnit.NANOSECONDS.toSeconds(Backoff.FIRST_DELAY_NANOS),
                    TimeUnit.NANOSECONDS.toSeconds(Backoff.LONGEST_DELAY_NANOS),
                    cause.getMessage());
        }
    }
}
