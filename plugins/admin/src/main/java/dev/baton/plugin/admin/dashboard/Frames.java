package dev.baton.plugin.admin.dashboard;

import dev.baton.spi.admin.BlockedLoop;
import dev.baton.spi.admin.ListenerSnapshot;
import dev.baton.spi.admin.LoopSnapshot;
import dev.baton.spi.admin.Move;
import dev.baton.spi.admin.Move.Cause;
import dev.baton.spi.admin.OrphanSnapshot;
import dev.baton.spi.admin.PluginSnapshot;
import dev.baton.spi.admin.PoolSnapshot;
import dev.baton.spi.admin.RuntimeView;
import dev.baton.spi.admin.StatusSnapshot;
import dev.baton.spi.admin.TopSnapshot;
import dev.baton.spi.admin.UpgradeStep;
import dev.baton.spi.admin.UpstreamSnapshot;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * What pages are sent. Everything in a frame is as it is now, or a count from a fixed beginning: a page that misses a
 * frame because it is slow misses nothing.
 */
public final class Frames {
    /** Of each table: more is for {@code /v1/}. */
    public static final int ROWS_MAX = 200;
    /** Of the pairs of loops: with more of them a picture says nothing. */
    static final int MOVES_MAX = 256;

    /**
     * First, once: which process this is.
     *
     * @param pid a page that is connected anew sees by it that there is another process
     * @param version of Baton
     */
    public record Hello(long pid, String version) {}

    /**
     * What changes fast.
     *
     * @param at when, in milliseconds since 1970
     * @param loops by id
     * @param moves connections that have changed loops while a page was open, all together
     * @param blocked the loops that are blocked, with their stacks
     */
    public record Pulse(long at, List<LoopSnapshot> loops, List<Move> moves, List<BlockedLoop> blocked) {}

    /** The tables of the API that the page shows, the first rows of each. */
    public record Tables(
            long at,
            StatusSnapshot status,
            TopSnapshot top,
            List<ListenerSnapshot> listeners,
            List<UpstreamSnapshot> upstreams,
            List<PoolSnapshot> pools,
            List<OrphanSnapshot> orphans,
            List<PluginSnapshot> plugins,
            List<UpgradeStep> upgrades) {}

    private Frames() {}

    /** Of this process. */
    public static Hello hello(RuntimeView view) {
        StatusSnapshot status = view.status();
        return new Hello(status.pid(), status.version());
    }

    /** Now. Cost: O(highest number of an fd). The moves are cut to those that can be drawn. */
    public static Pulse pulse(RuntimeView view, List<Move> moves) {
        return new Pulse(Instant.now().toEpochMilli(), view.loops(), most(moves), view.blocked());
    }

    /** Now. May block, as pools are a plugin's. Cost: O(highest number of an fd). */
    public static Tables tables(RuntimeView view) {
        return new Tables(
                Instant.now().toEpochMilli(),
                view.status(),
                first(view.top()),
                first(view.listeners()),
                firstServers(view.upstreams()),
                first(view.pools()),
                first(view.orphans()),
                first(view.plugins()),
                view.upgrades());
    }

    /** Those with another reason than a request, then those of most connections. */
    private static List<Move> most(List<Move> moves) {
        if (moves.size() <= MOVES_MAX) {
            return moves;
        }
        return moves.stream()
                .sorted(Comparator.comparing((Move move) -> move.cause() == Cause.USE)
                        .thenComparing(Comparator.comparingLong(Move::count).reversed()))
                .limit(MOVES_MAX)
                .toList();
    }

    private static <T> List<T> first(List<T> rows) {
        return rows.size() <= ROWS_MAX ? rows : rows.subList(0, ROWS_MAX);
    }

    private static TopSnapshot first(TopSnapshot top) {
        return new TopSnapshot(
                top.windowMs(), top.sinceStart(), first(top.routes()), first(top.servers()), first(top.loops()));
    }

    /** Of all upstreams together. */
    private static List<UpstreamSnapshot> firstServers(List<UpstreamSnapshot> upstreams) {
        List<UpstreamSnapshot> kept = new ArrayList<>();
        int left = ROWS_MAX;
        for (UpstreamSnapshot each : upstreams) {
            int servers = Math.min(left, each.servers().size());
            if (left == 0) {
                break;
            }
            kept.add(new UpstreamSnapshot(
                    each.name(), each.balance(), each.servers().subList(0, servers)));
            left -= servers;
        }
        return kept;
    }
}
