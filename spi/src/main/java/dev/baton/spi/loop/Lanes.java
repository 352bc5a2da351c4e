package dev.baton.spi.loop;

import dev.baton.spi.ByBaton;
import dev.baton.spi.threading.AnyThread;
import java.time.Duration;
import java.util.List;

/** The services that may get loops of their own, for code that decides when. Can be injected. */
@ByBaton
@AnyThread
public interface Lanes {

    /** A lane for each service whose configuration has one, in the order of the configuration. */
    List<Lane> all();

    /**
     * Measures what the services take, from now on until it is told to end. The looks come one after the other, on a
     * thread that belongs to no loop and may block. Where no service has a lane, nothing is measured and no look comes.
     *
     * @param period how much time each look covers, at least 100 ms
     */
    Sampling sample(Duration period, LaneSampler sampler);
}
