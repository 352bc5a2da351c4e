package dev.baton.testkit.sim;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Error numbers that calls answer in place of doing anything: planned ones, and random ones by the schedule's choice.
 */
public final class Faults {
    private final Simulation simulation;
    private final Map<String, Integer> calls = new HashMap<>();
    private final List<Plan> plans = new ArrayList<>();
    private final Map<String, int[]> random = new HashMap<>();
    private int oneIn = Integer.MAX_VALUE;

    private record Plan(String call, int at, int errno) {}

    Faults(Simulation simulation) {
        this.simulation = simulation;
    }

    /**
     * The nth call from now on fails, once.
     *
     * @param call the method of {@code Posix}, or {@code epollCtl.add}, {@code epollCtl.modify},
     *     {@code epollCtl.delete}
     * @param nth 1 for the next
     */
    public Faults plan(String call, int nth, int errno) {
        plans.add(new Plan(call, calls.getOrDefault(call, 0) + nth, errno));
        return this;
    }

    /**
     * From now on a call fails now and then, with one of these. Not for close, which frees the number whatever it says.
     */
    public Faults random(String call, int... errnos) {
        random.put(call, errnos.clone());
        return this;
    }

    /** How often random ones come: once in so many calls. */
    public Faults oneIn(int count) {
        oneIn = count;
        return this;
    }

    /** No more random ones. */
    public void stop() {
        random.clear();
        plans.clear();
    }

    /** How often a method was called so far. */
    public int calls(String call) {
        return calls.getOrDefault(call, 0);
    }

    /** Counts a call; the error number that it answers, or 0. */
    int next(String call) {
        int count = calls.merge(call, 1, Integer::sum);
        for (Plan plan : plans) {
            if (plan.call().equals(call) && plan.at() == count) {
                plans.remove(plan);
                return plan.errno();
            }
        }
        int[] errnos = random.get(call);
        if (errnos != null && simulation.pick(oneIn) == 0) {
            return errnos[simulation.pick(errnos.length)];
        }
        return 0;
    }
}
