package dev.baton.plugin.rebalance;

import dev.baton.spi.loop.Loop;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * How uneven loops are.
 *
 * @param hottest the busiest of those that are not avoided and may give
 * @param coldest the one of them with most time to spare
 * @param total the processors that all loops together have had
 */
record Spread(Load hottest, Load coldest, double total) {
    /**
     * The share of all processors from which on the loops count as having had every one of them: what a loop is
     * relieved of, the others could not do any sooner.
     */
    private static final double FULL = 0.95;

    /**
     * Compares.
     *
     * @param mayGive the loops of which anything could be taken
     * @return null where there is none of these, or no other one
     */
    static @Nullable Spread of(List<Load> loads, Predicate<Loop> mayGive) {
        Load hottest = null;
        Load coldest = null;
        double total = 0;
        int compared = 0;
        for (Load each : loads) {
            total += each.busy();
            if (!each.avoided()) {
                compared++;
                if (mayGive.test(each.loop()) && (hottest == null || each.busy() > hottest.busy())) {
                    hottest = each;
                }
                coldest = coldest == null || each.busy() <= coldest.busy() ? each : coldest;
            }
        }
        return compared < 2 || hottest == null || coldest == null ? null : new Spread(hottest, coldest, total);
    }

    /**
     * True if it would help somebody to have less on the hottest loop and more on the coldest.
     *
     * @param floor what the hottest must have at least: below it, it has time for all it has
     * @param above by how much it must be hotter than the coldest
     * @param processors how many loops can run at the same time
     */
    boolean isWorthIt(double floor, double above, int processors) {
        return hottest.busy() >= floor
                && hottest.busy() - coldest.busy() > above
                // With one processor the loops only take turns.
                && processors > 1
                && total < processors * FULL;
    }
}
