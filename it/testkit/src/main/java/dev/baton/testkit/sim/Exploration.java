package dev.baton.testkit.sim;

import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/**
 * Runs one race under many schedules: {@code -Dsim.seeds} of them (500), from a first seed that it prints, or from
 * {@code -Dsim.first}. With {@code -Dseed=N} it runs that one alone and prints the trace.
 */
public final class Exploration {
    private static final int SEEDS = 500;
    /** So many seeds that a person can type: one of them says all. */
    private static final long SEED_BOUND = 1_000_000_000;

    /** One run: builds a world, lets it run, checks. */
    @FunctionalInterface
    public interface Run {
        /** Runs once. */
        void run(Simulation simulation) throws Exception;
    }

    private Exploration() {}

    /** As many seeds as are asked for. */
    public static void explore(Run run) {
        explore(1, run);
    }

    /**
     * A fraction of the seeds that are asked for, for runs that take long.
     *
     * @param divisor one in so many
     */
    public static void explore(int divisor, Run run) {
        Long only = Long.getLong("seed");
        if (only != null) {
            Simulation simulation = once(only, run);
            System.out.println("[sim] seed " + only + " passed:\n" + simulation.trace());
            return;
        }
        int seeds = Math.max(1, Integer.getInteger("sim.seeds", SEEDS) / divisor);
        long first = Long.getLong("sim.first", Math.floorMod(System.nanoTime() * 0x9E3779B97F4A7C15L, SEED_BOUND));
        System.out.println("[sim] " + caller() + ": " + seeds + " seeds from " + first);
        long last = first;
        try {
            for (; last < first + seeds; last++) {
                once(last, run);
            }
        } catch (Throwable t) {
            throw new AssertionError(
                    "seed " + last + " (once more: -Dseed=" + last + " -Dtest=" + caller() + "): " + t.getMessage(), t);
        }
    }

    /** The run of one seed. */
    public static Simulation once(long seed, Run run) {
        return once(seed, Simulation::ofSeed, run);
    }

    private static Simulation once(long seed, LongFunction<Simulation> of, Run run) {
        Simulation simulation = of.apply(seed);
        try {
            run.run(simulation);
        } catch (SimFailure told) {
            throw told;
        } catch (Throwable t) { // an assertion of the test's, too
            throw simulation.failed(t);
        }
        return simulation;
    }

    /**
     * Shows that a test can fail: runs seeds until one fails, which must be soon.
     *
     * @param seeds how many seeds it may take
     * @return what it failed with
     */
    public static SimFailure mustFail(int seeds, Run run) {
        for (long seed = 0; seed < seeds; seed++) {
            SimFailure failure = failure(seed, run);
            if (failure != null) {
                return failure;
            }
        }
        throw new AssertionError("none of " + seeds + " seeds shows the planted fault");
    }

    private static @Nullable SimFailure failure(long seed, Run run) {
        try {
            once(seed, run);
            return null;
        } catch (SimFailure expected) {
            return expected;
        }
    }

    private static String caller() {
        return StackWalker.getInstance()
                .walk(frames -> frames.filter(each -> !each.getClassName().startsWith(Exploration.class.getName()))
                        .findFirst()
                        .map(each -> simpleName(each.getClassName()) + "#" + each.getMethodName())
                        .orElse("?"));
    }

    private static String simpleName(String className) {
        return className.substring(className.lastIndexOf('.') + 1);
    }
}
