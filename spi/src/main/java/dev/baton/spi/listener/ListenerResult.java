package dev.baton.spi.listener;

import java.util.Optional;

/**
 * How an operation on a listener ended.
 *
 * @param listener the listener's name
 * @param outcome what really happened
 * @param detail one sentence for a person, without a full stop; says why if it failed
 * @param abandoned of an unbind: how many connections the kernel held that were not accepted, whose clients were cut;
 *     empty if that cannot be known, and for every other operation
 */
public record ListenerResult(String listener, Outcome outcome, String detail, Optional<Integer> abandoned) {

    /** A result in which no connection can have been abandoned. */
    public ListenerResult(String listener, Outcome outcome, String detail) {
        this(listener, outcome, detail, Optional.empty());
    }

    /** What really happened. */
    public enum Outcome {
        /** The socket is bound; no loop accepts here. */
        PAUSED,
        /** It accepts again. */
        RESUMED,
        /** The fd is closed and the port can be bound again. */
        UNBOUND,
        /** The fd is closed here; another process holds the socket, or may hold it, and with it the address. */
        RELEASED,
        /** A new listener accepts. */
        ADDED,
        /** Nothing to do: it was so already. */
        UNCHANGED,
        /** It could not be done; the detail says why and how things are now. */
        FAILED
    }
}
