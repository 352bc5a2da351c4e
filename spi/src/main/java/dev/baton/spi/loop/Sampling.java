package dev.baton.spi.loop;

import dev.baton.spi.threading.AnyThread;

/** Looks that come again and again. */
@AnyThread
public interface Sampling {

    /** No look begins any more; one that is under way goes on. A second time does nothing. */
    void end();
}
