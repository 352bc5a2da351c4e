package dev.baton.spi.listener;

import dev.baton.spi.threading.AnyThread;
import java.time.Duration;
import java.util.concurrent.CompletionStage;

/**
 * The mechanism that an unbind strategy steers: one listener on its way to {@link ListenerState#STOPPED}. None of its
 * methods waits.
 */
@AnyThread
public interface Unbinding {

    /** The listener. */
    Listener listener();

    /** How long connections may go on. */
    Duration grace();

    /**
     * Deletes the listening fd through {@code fdDelete}. Can be called again: the stage is the same.
     *
     * @return completes when the port can be bound again
     */
    CompletionStage<Void> deleteFd();

    /** Asks every connection of the listener to end at its next natural boundary (the end of a response). */
    void drainConnections();

    /**
     * Completes with the number of connections that are left: 0 as soon as all have ended, or what is open after the
     * time.
     *
     * @param limit how long to wait at most
     */
    CompletionStage<Integer> connectionsEnded(Duration limit);

    /** Closes every connection of the listener that is still open and returns how many that were. */
    int closeConnections();
}
