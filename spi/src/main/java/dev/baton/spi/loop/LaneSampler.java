package dev.baton.spi.loop;

import dev.baton.spi.threading.OffLoop;
import java.util.List;

/** Is told what services with lanes take. */
@FunctionalInterface
public interface LaneSampler {

    /**
     * One look. May block, and take its time: the next one comes later then.
     *
     * @param nanos the time, in nanoseconds since whenever; only differences mean something
     * @param loads of each lane, since the look before
     */
    @OffLoop
    void sample(long nanos, List<LaneLoad> loads);
}
