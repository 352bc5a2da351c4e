package dev.baton.spi.listener;

/**
 * How an operation on a listener ended.
 *
 * @param listener the listener's name
 * @param outcome what really happened
 * @param detail one sentence for a person, without a full stop; says why if it failed
 */
public record ListenerResult(String listener, Outcome outcome, String detail) {

    /** What really happened. */
    public enum Outcome {
        /** The socket is bound, nobody accepts. */
        PAUSED,
        /** It accepts again. */
        RESUMED,
        /** The fd is closed and the port can be bound again. */
        UNBOUND,
        /** Nothing to do: it was so already. */
        UNCHANGED,
        /** It could not be done; the detail says why and how things are now. */
        FAILED
    }
}
