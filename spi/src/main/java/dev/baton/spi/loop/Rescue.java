package dev.baton.spi.loop;

import dev.baton.spi.threading.AnyThread;

/**
 * How other loops get on with taking over the connections of one that is blocked. It is over when all were tried or the
 * loop has gone on.
 */
@AnyThread
public interface Rescue extends Takeovers {

    /**
     * How many of the loops that were asked to help are not known to be blocked themselves; with 0 nothing happens,
     * until one of them works again.
     */
    int helpers();
}
