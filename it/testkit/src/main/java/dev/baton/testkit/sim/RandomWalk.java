package dev.baton.testkit.sim;

import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * Chooses at random; keeps to the thread that runs with a probability, so that long stretches are met as well as short.
 */
final class RandomWalk implements Schedule {
    private final long seed;
    private final double stay;
    private final SplittableRandom random;

    /**
     * A walk.
     *
     * @param stay the probability that the thread which went on last does so again; 0 to below 1
     */
    RandomWalk(long seed, double stay) {
        this.seed = seed;
        this.stay = stay;
        this.random = new SplittableRandom(seed);
    }

    @Override
    public SimThread next(List<SimThread> candidates, @Nullable SimThread last) {
        if (candidates.size() == 1) {
            return candidates.get(0);
        }
        if (last != null && random.nextDouble() < stay) {
            return last;
        }
        return candidates.get(random.nextInt(candidates.size()));
    }

    @Override
    public int pick(int bound) {
        return random.nextInt(bound);
    }

    @Override
    public String describe() {
        return "seed " + seed + " (random, staying with probability " + stay + ")";
    }
}
