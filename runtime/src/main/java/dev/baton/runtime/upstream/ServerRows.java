package dev.baton.runtime.upstream;

import dev.baton.spi.admin.PoolSnapshot;
import dev.baton.spi.admin.ServerSnapshot;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** What operators see of the servers of an upstream. Any thread. */
final class ServerRows {
    private ServerRows() {}

    /** Their states; a stand-in is shown as long as it stands for servers that are not known. */
    static List<ServerSnapshot> of(List<LiveServer> servers, long nowNanos) {
        List<ServerSnapshot> rows = new ArrayList<>();
        for (LiveServer live : servers) {
            if (live.isStandIn() && live.place().missing()) {
                continue;
            }
            KnownHealth health = KnownHealth.of(live);
            int resting = 0;
            for (ServerPool pool : live.pools()) {
                resting += pool.idle().figures().idle();
            }
            ConnectionLimit limit = live.limit();
            rows.add(new ServerSnapshot(
                    live.server().address(),
                    live.state(),
                    live.weight(),
                    health.health(),
                    health.millis(nowNanos),
                    health.failure(),
                    live.inFlight(),
                    limit == null ? 0 : limit.waiting(),
                    resting,
                    TimeUnit.NANOSECONDS.toMicros(live.latencyNanos()) / 1000.0));
        }
        return rows;
    }

    /** Adds the connections of each, over all profiles. */
    static void addPools(String upstream, List<LiveServer> servers, List<PoolSnapshot> rows) {
        for (LiveServer live : servers) {
            if (live.isStandIn()) {
                continue;
            }
            PoolTotals totals = live.totals();
            // Read one after the other, so that a connection may be seen idle that was not seen open.
            int inUse = Math.max(0, totals.open() - totals.idle());
            ConnectionLimit limit = live.limit();
            int waiting = limit == null ? 0 : limit.waiting();
            String server = live.server().address();
            rows.add(new PoolSnapshot(
                    upstream,
                    server,
                    totals.idle(),
                    inUse,
                    totals.connects(),
                    totals.reusesLocal(),
                    totals.reusesTakeover(),
                    totals.takeoversRefused(),
                    waiting,
                    inUse + totals.shared()));
        }
    }
}
