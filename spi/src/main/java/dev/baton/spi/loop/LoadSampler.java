package dev.baton.spi.loop;

import dev.baton.spi.threading.OffLoop;
import java.util.List;

/** Is told how busy the loops are. */
@FunctionalInterface
public interface LoadSampler {

    /**
     * One look. May block, and take its time: the next one comes later then.
     *
     * @param nanos the time, in nanoseconds since whenever; only differences mean something
     * @param loops those that serve connections now, by ascending id. One that is to go, or whose thread has died, is
     *     not among them: the runtime sees to its connections by itself
     */
    @OffLoop
    void sample(long nanos, List<LoopLoad> loops);
}
