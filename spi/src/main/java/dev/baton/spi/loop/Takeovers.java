package dev.baton.spi.loop;

import dev.baton.spi.threading.AnyThread;

/** How the takeovers of a number of connections get on. */
@AnyThread
public interface Takeovers {

    /** Ends it early: nothing more is taken. */
    void end();

    /** True when nothing more is taken: all were tried, the reason for it is gone, or {@link #end} was called. */
    boolean isOver();

    /** How many connections are to be taken over. */
    int listed();

    /** How many were taken over so far. */
    int taken();

    /**
     * How many could not be taken over so far: a loop runs in them, or they have ended, or another loop has them
     * already.
     */
    int refused();
}
