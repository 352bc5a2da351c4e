package dev.baton.testkit.sim;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Each runs until it waits or ends, then the oldest that can: the schedule of scripted tests between their scripts. */
final class InOrder implements Schedule {
    @Override
    public SimThread next(List<SimThread> candidates, @Nullable SimThread last) {
        return last != null ? last : candidates.get(0);
    }

    @Override
    public int pick(int bound) {
        return 0;
    }

    @Override
    public String describe() {
        return "in order";
    }
}
