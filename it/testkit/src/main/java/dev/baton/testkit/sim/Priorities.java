package dev.baton.testkit.sim;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * Probabilistic concurrency testing: each thread gets a random priority, the highest that can run runs, and at a few
 * random steps the one that is about to go on drops below all others. Finds a bug that needs d such changes with a
 * probability that depends on d and the length of the run only (Burckhardt et al., ASPLOS 2010).
 */
final class Priorities implements Schedule {
    /** Where changes may be: about the steps of a race's interesting part. */
    private static final int STEPS = 200;

    private final long seed;
    private final SplittableRandom random;
    private final Map<SimThread, Double> priorities = new HashMap<>();
    private final boolean[] changes = new boolean[STEPS];
    private int step;
    private double lowest;

    Priorities(long seed, int depth) {
        this.seed = seed;
        this.random = new SplittableRandom(seed);
        for (int i = 0; i < depth; i++) {
            changes[random.nextInt(STEPS)] = true;
        }
    }

    @Override
    public SimThread next(List<SimThread> candidates, @Nullable SimThread last) {
        for (SimThread each : candidates) {
            priorities.computeIfAbsent(each, absent -> random.nextDouble());
        }
        SimThread chosen = highest(candidates);
        if (step < STEPS && changes[step++]) {
            priorities.put(chosen, --lowest);
            chosen = highest(candidates);
        }
        return chosen;
    }

    private SimThread highest(List<SimThread> candidates) {
        SimThread best = candidates.get(0);
        for (SimThread each : candidates) {
            if (priority(each) > priority(best)) {
                best = each;
            }
        }
        return best;
    }

    private double priority(SimThread thread) {
        return priorities.getOrDefault(thread, 0.0);
    }

    @Override
    public int pick(int bound) {
        return random.nextInt(bound);
    }

    @Override
    public String describe() {
        return "seed " + seed + " (priorities)";
    }
}
