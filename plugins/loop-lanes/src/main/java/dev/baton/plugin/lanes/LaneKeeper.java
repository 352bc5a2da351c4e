package dev.baton.plugin.lanes;

import dev.baton.spi.loop.Lane;
import dev.baton.spi.loop.LaneLoad;
import dev.baton.spi.metrics.Metrics;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Opens and closes one lane, says so, and counts. Threading: one look at a time; the figures by any thread. */
final class LaneKeeper {
    private static final Logger LOG = LoggerFactory.getLogger(LaneKeeper.class);

    private final Lane lane;
    private final LanePolicy policy;
    private final Metrics.Counter openings;
    private volatile double used;
    private volatile double busy;
    private volatile boolean opening;
    private volatile boolean failing;

    LaneKeeper(Lane lane, LanesConfig config, Metrics metrics) {
        this.lane = lane;
        this.policy = new LanePolicy(lane.share(), config.rest().toNanos());
        String service = lane.service();
        this.openings = metrics.counter(
                "baton_lane_openings_total",
                "How often a service was given loops of its own, because it took more than its share.",
                "service",
                service);
        metrics.gauge(
                "baton_lane_open",
                "1 while a service has loops of its own, else 0.",
                () -> lane.isOpen() ? 1 : 0,
                "service",
                service);
        metrics.gauge(
                "baton_lane_used_percent",
                "What a service takes of the processor time that the loops can have which serve every service.",
                this::usedPercent,
                "service",
                service);
        metrics.gauge(
                "baton_lane_connections",
                "Connections of clients that a service's own loops own.",
                lane::connections,
                "service",
                service);
    }

    Lane lane() {
        return lane;
    }

    /** The last average. */
    long usedPercent() {
        return percent(used);
    }

    /** At the last look. */
    long busyPercent() {
        return percent(busy);
    }

    private static long percent(double share) {
        return Math.round(share * 100);
    }

    void look(long now, LaneLoad load) {
        boolean open = lane.isOpen();
        LanePolicy.Decision decision =
                opening ? LanePolicy.Decision.STAY : policy.look(now, open, load.used(), load.busy());
        busy = load.busy();
        switch (decision) {
            case OPEN -> open(load.used());
            case CLOSE -> close();
            case STAY -> used = policy.average();
        }
    }

    private void open(double last) {
        used = last;
        opening = true;
        if (!failing) {
            LOG.info(
                    "service {} takes {} % of the processor time of the loops, more than its lane's cpu: {} %: it gets {} of"
                            + " its own",
                    lane.service(),
                    percent(last),
                    percent(lane.share()),
                    lane.loops() == 1 ? "a loop" : lane.loops() + " loops");
        }
        lane.open().whenComplete((loops, failure) -> {
            if (failure == null) {
                failing = false;
                openings.increment();
                LaneEvent.changed(lane.service(), true, loops);
            } else {
                if (!failing) {
                    LOG.error(
                            "service {} stays with the loops of all; that is tried again as long as it takes too much: {}",
                            lane.service(),
                            rootMessage(failure));
                }
                failing = true;
            }
            opening = false;
        });
    }

    private void close() {
        LOG.info(
                "service {} has taken less than {} % of the processor time for {} s: its connections go back to the loops"
                        + " of all",
                lane.service(), percent(lane.share() / 2), TimeUnit.NANOSECONDS.toSeconds(policy.restNanos()));
        lane.close().whenComplete((moved, failure) -> {
            if (failure != null) {
                LOG.debug("{} was not emptied", lane, failure);
            }
        });
        LaneEvent.changed(lane.service(), false, 0);
    }

    private static String rootMessage(Throwable failure) {
        Throwable cause = failure;
        while (cause.getCause() != null && !(cause instanceof IllegalStateException)) {
            cause = cause.getCause();
        }
        return String.valueOf(cause.getMessage());
    }
}
