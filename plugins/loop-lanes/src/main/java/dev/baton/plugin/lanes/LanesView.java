package dev.baton.plugin.lanes;

import dev.baton.spi.admin.AdminView;
import dev.baton.spi.loop.Lane;
import jakarta.inject.Inject;
import java.util.List;

/** {@code GET /v1/lanes}: the services that may have loops of their own. */
final class LanesView implements AdminView {
    private final LaneKeepers keepers;

    /**
     * A service.
     *
     * @param service its name
     * @param state {@code open} while it has loops of its own, else {@code closed}
     * @param loops how many loops it has while the lane is open
     * @param cpuPercent the share above which it takes too much
     * @param usedPercent what it takes
     * @param busyPercent how much of the time its own loops have something to do
     * @param connections connections of clients that its own loops own
     */
    record Row(
            String service,
            String state,
            int loops,
            long cpuPercent,
            long usedPercent,
            long busyPercent,
            int connections) {}

    @Inject
    LanesView(LaneKeepers keepers) {
        this.keepers = keepers;
    }

    @Override
    public List<Row> rows() {
        return keepers.all().stream().map(LanesView::row).toList();
    }

    private static Row row(LaneKeeper keeper) {
        Lane lane = keeper.lane();
        return new Row(
                lane.service(),
                lane.isOpen() ? "open" : "closed",
                lane.loops(),
                Math.round(lane.share() * 100),
                keeper.usedPercent(),
                keeper.busyPercent(),
                lane.connections());
    }
}
