package dev.baton.spi.rescue;

import dev.baton.spi.threading.AnyThread;

/** How other loops get on with taking over the connections of one that is blocked. */
@AnyThread
public interface Rescue {

    /** Ends it early: nothing more is taken. */
    void end();

    /** True when nothing more is taken: all were tried, the loop has gone on, or {@link #end} was called. */
    boolean isOver();

    /** How many loops were asked to help; with 0 nothing happens. */
    int helpers();

    /** How many connections were listed. */
    int listed();

    /** How many were taken over so far. */
    int taken();

    /** How many could not be taken over so far: the loop runs in them, or they have ended, or another loop has them already. */
    int refused();
}
