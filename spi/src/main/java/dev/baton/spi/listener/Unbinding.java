package dev.baton.spi.listener;

import dev.baton.spi.listener.ListenerResult.Outcome;
import dev.baton.spi.threading.AnyThread;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
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
     * What is left of {@link #grace} now, zero if nothing is: for a strategy that takes one step after the other. By
     * the clock that the limits of this interface are measured with.
     */
    Duration graceLeft();

    /**
     * Deletes the listening fd through {@code fdDelete}. Can be called again: the stage is the same.
     *
     * @return completes when the port can be bound again
     */
    CompletionStage<Void> deleteFd();

    /**
     * Stops new connections where the kind of the listener can, and has those accepted that the kernel holds already;
     * the listening fd stays. What other processes hold too is left to them.
     *
     * @param limit how long it may take at most
     * @return completes when none is left, or after the time
     */
    default CompletionStage<Void> acceptBacklog(Duration limit) {
        return CompletableFuture.completedStage(null);
    }

    /**
     * What the result of an unbind that has gone well is, once {@link #deleteFd} has completed:
     * {@link Outcome#UNBOUND}, or {@link Outcome#RELEASED} if another process may hold the address.
     */
    default Outcome outcome() {
        return Outcome.UNBOUND;
    }

    /**
     * How many connections that were not accepted the kernel held when the fd was deleted: known once {@link #deleteFd}
     * has completed, and then only if the kind of the listener can tell.
     */
    default Optional<Integer> abandoned() {
        return Optional.empty();
    }

    /**
     * Asks every connection of the listener to end at its next natural boundary (the end of a response). Those that
     * wait for their peer end one by one within the configured {@code close-spread}, or half the grace time if that is
     * less.
     *
     * @return how many are open now. Not {@link Listener#connections}, among which is for a moment what a loop tries to
     *     accept
     */
    int drainConnections();

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
