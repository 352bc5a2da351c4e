package dev.baton.plugin.admin.dashboard;

import dev.baton.spi.admin.BlockedLoop;
import dev.baton.spi.admin.ListenerSnapshot;
import dev.baton.spi.admin.LoopSnapshot;
import dev.baton.spi.admin.Move;
import dev.baton.spi.admin.OrphanSnapshot;
import dev.baton.spi.admin.PluginSnapshot;
import dev.baton.spi.admin.PoolSnapshot;
import dev.baton.spi.admin.RuntimeView;
import dev.baton.spi.admin.StatusSnapshot;
import dev.baton.spi.admin.TopSnapshot;
import dev.baton.spi.admin.UpgradeStep;
import dev.baton.spi.admin.UpstreamSnapshot;
import java.time.Instant;
import java.util.List;

/**
 * What pages are sent. Everything in a frame is as it is now, or a count from a fixed beginning: a page that misses a
 * frame because it is slow misses nothing.
 */
public final class Frames {

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

    /** The tables of the API that the page shows. */
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

    /** Now. Cost: O(highest number of an fd). */
    public static Pulse pulse(RuntimeView view, List<Move> moves) {
        return new Pulse(Instant.now().toEpochMilli(), view.loops(), moves, view.blocked());
    }

    /** Now. May block, as pools are a plugin's. Cost: O(highest number of an fd). */
    public static Tables tables(RuntimeView view) {
        return new Tables(
                Instant.now().toEpochMilli(),
                view.status(),
                view.top(),
                view.listeners(),
                view.upstreams(),
                view.pools(),
                view.orphans(),
                view.plugins(),
                view.upgrades());
    }
}
