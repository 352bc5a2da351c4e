package dev.baton.spi.upstream;

import dev.baton.spi.ByBaton;
import dev.baton.spi.threading.AnyThread;

/** A connect that waits because as many connections to the server are open as {@code max-connections} allows. */
@ByBaton
public interface WaitingConnect {

    /**
     * Stops waiting. Cost: O(1) for the one that has waited longest, else in proportion to those that wait.
     *
     * @return true: the handler is told nothing more; false: the wait was over, and the handler is or was told
     */
    @AnyThread
    boolean cancel();
}
