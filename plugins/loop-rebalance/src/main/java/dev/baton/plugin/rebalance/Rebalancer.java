package dev.baton.plugin.rebalance;

import dev.baton.spi.fd.Fd;
import dev.baton.spi.loop.LoadSampler;
import dev.baton.spi.loop.LoadedConnection;
import dev.baton.spi.loop.Loop;
import dev.baton.spi.loop.LoopLoad;
import dev.baton.spi.loop.LoopLoads;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides at each look whether connections are to go to other loops, and which.
 *
 * <pre>
 *   CALM       the loads of a whole window are uneven by more than the high-water mark, for some looks in a row: MEASURING
 *   MEASURING  a new window, in which the hottest loop's connections are measured too. Then: even, by the low-water mark, or no
 *                processor is free, or all was in vain: CALM. Another loop is the hottest: MEASURING that one. Nothing that can go would help: CALM,
 *                and nothing is tried with this loop for a time. Else: MOVING
 *   MOVING     at each look as many as the rate allows. When all were tried: MEASURING, for what it has brought is yet unknown
 * </pre>
 *
 * <p>So nothing is decided on loads that an earlier decision has changed since, the two marks keep apart what begins
 * and what ends, and a connection that was moved rests. Each episode doubles the looks that it takes to find a loop
 * uneven to which connections were moved, until it has been quiet for long: what does not stay even was not worth it,
 * and a load that wanders is not followed. So no connection goes to and fro.
 *
 * <p>Threading: one look at a time; {@link #stop} by any thread.
 */
final class Rebalancer implements LoadSampler {
    private static final Logger LOG = LoggerFactory.getLogger(Rebalancer.class);

    /** How often in an episode another loop may turn out to be the hottest with nothing moved in between. */
    private static final int WANDERINGS_MAX = 3;

    /**
     * Plans in a row that have not made the loops any more even than they had been, at the best, until an episode ends.
     */
    private static final int VAIN_MAX = 2;
    /** How often the looks may double that it takes to move connections on from where they were moved to. */
    private static final int DOUBLINGS_MAX = 6;
    /**
     * For so many windows nothing is tried with a loop from which nothing could be taken that would help: one
     * measurement says little of a load that changes.
     */
    private static final int PAUSE_WINDOWS = 10;
    /** So many times those looks without an episode, and one doubling is taken back. */
    private static final int QUIET_FACTOR = 10;

    private enum Phase {
        CALM,
        MEASURING,
        MOVING
    }

    private final RebalanceConfig config;
    private final LoopLoads loads;
    private final Tally tally;
    private final LoadWindow window;
    private final double margin;
    /** Connections that were moved, and when. */
    private final Map<Fd, Long> resting = new HashMap<>();
    /** Loops from which nothing could be taken that would help, and since when. */
    private final Map<Loop, Long> hopeless = new HashMap<>();

    /** Loops that were given connections, until it has been quiet for long. */
    private final Set<Loop> takers = new HashSet<>();

    private Phase phase = Phase.CALM;
    private int uneven;
    private int doublings;
    private int quiet;
    private int wanderings;
    private double mostEven;
    private int vain;
    private @Nullable Episode episode;
    private @Nullable Shares shares;
    private @Nullable Plan plan;
    private double allowance;
    private long lastLook;
    private boolean looked;
    private boolean toldNoTimes;
    private volatile boolean stopped;

    Rebalancer(RebalanceConfig config, LoopLoads loads, Tally tally) {
        this.config = config;
        this.loads = loads;
        this.tally = tally;
        this.window = new LoadWindow(config.window().toNanos());
        this.margin = Math.max(config.lowWater().share(), config.highWater().share() / 2);
    }

    /** Nothing more is moved but what the loops have in their hands. */
    void stop() {
        stopped = true;
    }

    @Override
    public void sample(long now, List<LoopLoad> loops) {
        if (stopped) {
            return;
        }
        earn(now);
        window.add(now, loops);
        switch (phase) {
            case CALM -> calm(now);
            case MEASURING -> measured(now);
            case MOVING -> move(now, loops);
        }
    }

    /** What may be moved in this round: unused rounds are not saved up. */
    private void earn(long now) {
        double each = Math.max(1, config.moves().perSecond() * config.period().toNanos() / 1e9);
        double since = looked ? config.moves().perSecond() * (now - lastLook) / 1e9 : 0;
        allowance = Math.min(each, allowance + since);
        lastLook = now;
        looked = true;
    }

    // ---- calm -----------------------------------------------------------------------------------------------------

    private void calm(long now) {
        if (!window.isFull()) {
            return;
        }
        quiet();
        List<Load> all = window.loads();
        tellNoTimes(all);
        Spread spread = spread(now, all);
        if (spread == null
                || !spread.isWorthIt(config.floor().share(), config.highWater().share(), loads.processors())) {
            uneven = 0;
            return;
        }
        uneven++;
        // From where connections were piled up first they may go on to go; back they may not so soon.
        if (uneven >= config.periods() << (takers.contains(spread.hottest().loop()) ? doublings : 0)) {
            uneven = 0;
            wanderings = 0;
            mostEven = Double.MAX_VALUE;
            vain = 0;
            episode = new Episode(spread, now, all);
            measure(spread.hottest().loop());
        }
    }

    private void quiet() {
        quiet++;
        if (doublings > 0 && quiet >= QUIET_FACTOR * (config.periods() << doublings)) {
            quiet = 0;
            doublings--;
            if (doublings == 0) {
                takers.clear();
            }
        }
    }

    private @Nullable Spread spread(long now, List<Load> all) {
        long pause = PAUSE_WINDOWS * config.window().toNanos();
        hopeless.values().removeIf(since -> now - since >= pause);
        return Spread.of(all, loop -> !hopeless.containsKey(loop));
    }

    private void tellNoTimes(List<Load> all) {
        if (!toldNoTimes
                && all.stream().allMatch(each -> each.busy() == 0)
                && all.stream().anyMatch(each -> each.events() > 0)) {
            toldNoTimes = true;
            LOG.warn("this platform does not report the processor time of threads: nothing is moved");
        }
    }

    // ---- measuring ------------------------------------------------------------------------------------------------

    private void measure(Loop hot) {
        phase = Phase.MEASURING;
        shares = new Shares(hot, loads.connections(hot));
        window.restart();
    }

    private void measured(long now) {
        if (!window.isFull()) {
            return;
        }
        List<Load> all = window.loads();
        Spread spread = spread(now, all);
        Shares measured = shares;
        // The floor no longer counts: what was begun continues until the loops are even.
        if (spread == null
                || measured == null
                || !spread.isWorthIt(0, config.lowWater().share(), loads.processors())) {
            end(now, all);
        } else if (spread.hottest().loop() != measured.loop()) {
            wanderings++;
            if (wanderings > WANDERINGS_MAX) {
                end(now, all);
            } else {
                measure(spread.hottest().loop());
            }
        } else if (isInVain(spread)) {
            end(now, all);
        } else {
            wanderings = 0;
            begin(now, all, spread.hottest(), choose(now, all, spread.hottest(), measured));
        }
    }

    /** A load that changes by itself as much as it differs looks like this: no plan made of what was measured helps. */
    private boolean isInVain(Spread spread) {
        double uneven = spread.hottest().busy() - spread.coldest().busy();
        vain = uneven < mostEven ? 0 : vain + 1;
        mostEven = Math.min(mostEven, uneven);
        return vain > VAIN_MAX;
    }

    private void begin(long now, List<Load> all, Load hottest, List<Plan.Step> steps) {
        if (steps.isEmpty()) {
            hopeless.put(hottest.loop(), now);
            end(now, all);
            return;
        }
        shares = null;
        plan = new Plan(loads, hottest.loop(), steps);
        phase = Phase.MOVING;
    }

    private List<Plan.Step> choose(long now, List<Load> all, Load hottest, Shares measured) {
        long rest = config.rest().toNanos();
        resting.values().removeIf(since -> now - since >= rest);
        List<Load> taking = all.stream().filter(each -> !each.avoided()).toList();
        List<Shares.Share> candidates =
                measured.candidates(hottest, each -> each.loop() == hottest.loop() && !resting.containsKey(each.fd()));
        double[] busy = taking.stream().mapToDouble(Load::busy).toArray();
        double[] costs = candidates.stream().mapToDouble(Shares.Share::busy).toArray();
        // No more than can be moved in a window's time: what was measured does not hold for ever.
        double max = Math.max(1, config.moves().perSecond() * config.window().toNanos() / 1e9);
        List<Plan.Step> steps = new ArrayList<>();
        for (Choice.Move each : Choice.of(busy, taking.indexOf(hottest), costs, margin, (int) max)) {
            steps.add(new Plan.Step(
                    candidates.get(each.connection()).connection(),
                    taking.get(each.to()).loop()));
        }
        return steps;
    }

    // ---- moving ---------------------------------------------------------------------------------------------------

    private void move(long now, List<LoopLoad> loops) {
        Plan moving = plan;
        if (moving == null) {
            throw new AssertionError("moving without a plan");
        }
        int moved = moving.moved();
        int refused = moving.refused();
        int may = (int) allowance;
        int asked = moving.left();
        for (LoadedConnection each : moving.round(may, loops)) {
            resting.put(each.fd(), now);
            takers.add(each.loop());
        }
        allowance -= asked - moving.left();
        count(moving, moving.moved() - moved, moving.refused() - refused);
        if (moving.isOver()) {
            plan = null;
            measure(moving.from());
        }
    }

    private void count(Plan moving, int moved, int refused) {
        tally.moved(moving.from(), moved);
        tally.refused(moving.from(), refused);
        Episode current = episode;
        if (current != null) {
            current.count(moved, refused);
        }
    }

    // ---- the end of an episode ------------------------------------------------------------------------------------

    private void end(long now, List<Load> all) {
        phase = Phase.CALM;
        shares = null;
        Episode current = episode;
        episode = null;
        if (current != null) {
            current.over(now, all);
            if (current.moved() > 0) {
                tally.episode();
                doublings = Math.min(DOUBLINGS_MAX, doublings + 1);
                quiet = 0;
            }
        }
    }
}
