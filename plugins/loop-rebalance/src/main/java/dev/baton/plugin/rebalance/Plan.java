package dev.baton.plugin.rebalance;

import dev.baton.spi.loop.LoadedConnection;
import dev.baton.spi.loop.Loop;
import dev.baton.spi.loop.LoopLoad;
import dev.baton.spi.loop.LoopLoads;
import dev.baton.spi.loop.Takeovers;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Connections that leave one loop, some of them each round. One that is busy just then is refused and left to a later
 * plan. One thread, but for the end.
 */
final class Plan {
    private final LoopLoads loads;
    private final Loop from;
    private final Deque<Step> steps;
    private final List<Batch> underWay = new ArrayList<>();
    private int moved;
    private int refused;

    /** One connection and the loop that is to have it. */
    record Step(LoadedConnection connection, Loop to) {}

    private record Batch(Loop to, List<LoadedConnection> connections, Takeovers takeovers) {}

    Plan(LoopLoads loads, Loop from, List<Step> steps) {
        this.loads = loads;
        this.from = from;
        this.steps = new ArrayDeque<>(steps);
    }

    Loop from() {
        return from;
    }

    /**
     * Has some more of them taken over; if their loop is not one that gives any more, none. What was asked for in the
     * round before is counted, and no longer waited for: a loop that has not got to it by now has other things to do.
     *
     * @param max so many at most
     * @param now the loops as they are
     * @return those that were moved since the last round
     */
    List<LoadedConnection> round(int max, List<LoopLoad> now) {
        List<LoadedConnection> arrived = settle();
        if (!serves(from, now)) {
            steps.clear();
        }
        Map<Loop, List<LoadedConnection>> batches = new LinkedHashMap<>();
        for (int i = 0; i < max && !steps.isEmpty(); i++) {
            Step step = steps.removeFirst();
            if (serves(step.to(), now)) {
                batches.computeIfAbsent(step.to(), to -> new ArrayList<>()).add(step.connection());
            }
        }
        batches.forEach((to, some) -> underWay.add(new Batch(to, some, loads.move(from, to, some))));
        return arrived;
    }

    private static boolean serves(Loop loop, List<LoopLoad> now) {
        for (LoopLoad each : now) {
            if (each.loop() == loop) {
                return !each.avoided();
            }
        }
        return false;
    }

    private List<LoadedConnection> settle() {
        List<LoadedConnection> arrived = new ArrayList<>();
        for (Batch batch : underWay) {
            batch.takeovers().end();
            for (LoadedConnection each : batch.connections()) {
                if (each.loop() == batch.to()) {
                    arrived.add(each);
                }
            }
            moved += batch.takeovers().taken();
            refused += batch.takeovers().refused();
        }
        underWay.clear();
        return arrived;
    }

    /** How many are still to be tried. */
    int left() {
        return steps.size();
    }

    /** True when everything was tried and counted. */
    boolean isOver() {
        return steps.isEmpty() && underWay.isEmpty();
    }

    /** How many were moved, as of the last round. */
    int moved() {
        return moved;
    }

    /** How many were refused, as of the last round. */
    int refused() {
        return refused;
    }
}
