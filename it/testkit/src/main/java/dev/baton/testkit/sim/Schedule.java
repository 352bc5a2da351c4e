package dev.baton.testkit.sim;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Makes the choices of a run. Given the same questions it gives the same answers. */
interface Schedule {

    /**
     * Chooses the thread that runs.
     *
     * @param candidates those that can, in the order in which they were made; not empty
     * @param last who went on last, if it still can; else null
     */
    SimThread next(List<SimThread> candidates, @Nullable SimThread last);

    /** Any other choice: a number from 0 to below the bound. */
    int pick(int bound);

    /** What a person needs to have this again. */
    String describe();
}
