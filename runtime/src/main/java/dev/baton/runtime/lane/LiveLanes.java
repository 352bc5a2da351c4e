package dev.baton.runtime.lane;

import dev.baton.runtime.loop.LoopRegistry;
import dev.baton.runtime.loop.Timer;
import dev.baton.runtime.takeover.LiveLoads.Gauges;
import dev.baton.spi.loop.Lane;
import dev.baton.spi.loop.LaneSampler;
import dev.baton.spi.loop.Lanes;
import dev.baton.spi.loop.Sampling;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The lanes of this process. Any thread. */
public final class LiveLanes implements Lanes {
    private final List<ServiceLane> lanes;
    private final LoopRegistry loops;
    private final Gauges gauges;
    private final Timer timer;

    /**
     * All closed.
     *
     * @param lanes in the order of the configuration
     * @param timer runs what may block, later, on no loop
     */
    public LiveLanes(List<ServiceLane> lanes, LoopRegistry loops, Gauges gauges, Timer timer) {
        this.lanes = List.copyOf(lanes);
        this.loops = loops;
        this.gauges = gauges;
        this.timer = timer;
    }

    /** That of a service; null if it has none. */
    public @Nullable ServiceLane of(String service) {
        for (ServiceLane lane : lanes) {
            if (lane.service().equals(service)) {
                return lane;
            }
        }
        return null;
    }

    @Override
    public List<Lane> all() {
        return new ArrayList<>(lanes);
    }

    @Override
    public Sampling sample(Duration period, LaneSampler sampler) {
        if (period.compareTo(LaneMeter.LOOK_MIN) < 0) {
            throw new IllegalArgumentException(
                    "period " + period + ": must be at least " + LaneMeter.LOOK_MIN.toMillis() + " ms");
        }
        if (lanes.isEmpty()) {
            return () -> {};
        }
        LaneMeter meter = new LaneMeter(period, sampler, lanes, loops, gauges, timer);
        meter.again();
        return meter;
    }
}
