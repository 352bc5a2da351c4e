package dev.baton.spi.loop;

import dev.baton.spi.ByBaton;
import dev.baton.spi.threading.AnyThread;
import java.util.List;

/** The loops, for code that watches whether they turn. Can be injected. */
@ByBaton
@AnyThread
public interface LoopWatch {

    /**
     * The loops that serve connections now, those of {@link Lanes} too, by ascending id. One that is to go, or whose
     * thread has died, is not among them: the runtime sees to its connections by itself. A loop is the same object each
     * time.
     */
    List<WatchedLoop> loops();

    /** More loops, for as long as some are blocked. */
    SpareLoops spares();
}
