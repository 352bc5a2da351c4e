package dev.baton.runtime.lane;

import dev.baton.runtime.loop.BatonLoop;
import dev.baton.runtime.loop.LoopRegistry;
import dev.baton.runtime.loop.Tenant;
import dev.baton.runtime.loop.Timer;
import dev.baton.runtime.takeover.LiveLoads.Gauges;
import dev.baton.spi.loop.LaneLoad;
import dev.baton.spi.loop.LaneSampler;
import dev.baton.spi.loop.Sampling;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.RejectedExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Measures what services with lanes take, and lets the lanes settle.
 *
 * <p>The loops read no clock for this, and do nothing. Every {@value #TICK_MILLIS} ms it is looked at what each loop
 * runs: an estimate as of a profiler. At the end of a look, the processor time that the kernel has given to a loop's
 * thread is divided by what it was seen to run; when it waited in its poller counts for nobody. A loop of a lane runs
 * for one service alone, so its time needs no estimate.
 *
 * <p>Of a look of one second there are 100 ticks a loop: a share of a half is then known to 5 hundredths, two times out
 * of three, on one loop, and better on several. A decision should stand on more than one look.
 *
 * <p>Threading: {@link #end} by any thread; the rest is the timer's, one run at a time.
 */
final class LaneMeter implements Sampling, Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(LaneMeter.class);

    /** The shortest look that says anything. */
    static final Duration LOOK_MIN = Duration.ofMillis(100);

    private static final long TICK_MILLIS = 10;
    private static final Duration TICK = Duration.ofMillis(TICK_MILLIS);
    /** The part of the processors of which a service's share is one at least. */
    private static final double CAPACITY_LEAST = 0.25;
    /** Between two times that the lanes settle. */
    private static final int SETTLE_TICKS = 10;

    private final long periodNanos;
    private final LaneSampler sampler;
    private final List<ServiceLane> lanes;
    private final LoopRegistry loops;
    private final Gauges gauges;
    private final Timer timer;
    private final Map<BatonLoop, Seen> seen = new HashMap<>();
    private long lookedAt;
    private int ticks;
    private volatile boolean ended;

    /** What a loop has done in this look. */
    private static final class Seen {
        long cpuNanos;
        long waitedNanos;
        int running;
        final Map<Tenant, Integer> forTenants = new HashMap<>();

        Seen(long cpuNanos, long waitedNanos) {
            this.cpuNanos = cpuNanos;
            this.waitedNanos = waitedNanos;
        }

        void tick(BatonLoop loop) {
            if (loop.isWaiting()) {
                return;
            }
            running++;
            Tenant tenant = loop.occupants().tenant();
            if (tenant != null) {
                forTenants.merge(tenant, 1, Integer::sum);
            }
        }
    }

    LaneMeter(
            Duration period,
            LaneSampler sampler,
            List<ServiceLane> lanes,
            LoopRegistry loops,
            Gauges gauges,
            Timer timer) {
        this.periodNanos = period.toNanos();
        this.sampler = sampler;
        this.lanes = lanes;
        this.loops = loops;
        this.gauges = gauges;
        this.timer = timer;
        begin(gauges.nanoTime());
    }

    void again() {
        try {
            timer.after(TICK, this);
        } catch (RejectedExecutionException e) {
            LOG.debug("the process ends, and its services are no longer measured", e);
        }
    }

    @Override
    public void end() {
        ended = true;
    }

    @Override
    public void run() {
        if (ended) {
            return;
        }
        try {
            tick();
        } catch (Throwable t) { // one failed look must not be the last one
            LOG.error("a look at the lanes failed in {}", sampler, t);
        }
        again();
    }

    private void tick() {
        seen.forEach((loop, since) -> since.tick(loop));
        if (ticks++ % SETTLE_TICKS == 0) {
            lanes.forEach(ServiceLane::settle);
        }
        long now = gauges.nanoTime();
        if (now - lookedAt >= periodNanos) {
            List<LaneLoad> loads = loads(now - lookedAt);
            begin(now);
            sampler.sample(now, loads);
        }
    }

    private void begin(long now) {
        lookedAt = now;
        seen.clear();
        for (BatonLoop loop : loops.withLanes()) {
            seen.put(loop, new Seen(gauges.cpuNanos(loop), loop.waitedNanos()));
        }
    }

    private List<LaneLoad> loads(long nanos) {
        double capacity = capacity(nanos);
        List<LaneLoad> loads = new ArrayList<>();
        for (ServiceLane lane : lanes) {
            double used = 0;
            double awake = 0;
            int serving = 0;
            for (Map.Entry<BatonLoop, Seen> each : seen.entrySet()) {
                BatonLoop loop = each.getKey();
                Seen since = each.getValue();
                double cpu = Math.max(0, gauges.cpuNanos(loop) - since.cpuNanos);
                if (loop.isLane()) {
                    if (loop.role().service().equals(lane.service())) {
                        used += cpu;
                        awake += 1 - Math.min(1, (loop.waitedNanos() - since.waitedNanos) / (double) nanos);
                        serving++;
                    }
                } else if (since.running > 0) {
                    used += cpu * since.forTenants.getOrDefault(lane, 0) / since.running;
                }
            }
            loads.add(new LaneLoad(lane, used / capacity, serving == 0 ? 0 : awake / serving));
        }
        return loads;
    }

    /**
     * The processor time that the loops which serve every service could have: what they have had, and what they have
     * waited in their pollers. What the kernel has given to other processes meanwhile is none of it, for a service
     * takes too much of what there is. But not less than a part of all processors: where callbacks only wait, next to
     * nothing would be a lot.
     */
    private double capacity(long nanos) {
        double most = (double) nanos * Math.min(ordinaryLoops(), gauges.processors());
        double had = 0;
        for (Map.Entry<BatonLoop, Seen> each : seen.entrySet()) {
            BatonLoop loop = each.getKey();
            if (!loop.isLane()) {
                double cpu = gauges.cpuNanos(loop) - each.getValue().cpuNanos;
                double waited = loop.waitedNanos() - each.getValue().waitedNanos;
                had += Math.min((double) nanos, Math.max(0, cpu) + Math.max(0, waited));
            }
        }
        return Math.max(most * CAPACITY_LEAST, Math.min(most, had));
    }

    private int ordinaryLoops() {
        int count = 0;
        for (BatonLoop loop : loops.batonLoops()) {
            count += loop.isSpare() ? 0 : 1;
        }
        return Math.max(1, count);
    }
}
