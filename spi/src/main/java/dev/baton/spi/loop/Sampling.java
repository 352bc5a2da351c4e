package dev.baton.spi.loop;

import dev.baton.spi.threading.AnyThread;

/** Looks that come again and again. */
@AnyThread
public interface Sampling {

    /** No look begins after this; one that is under way ends as usual. A second call does nothing. */
    void end();
}
