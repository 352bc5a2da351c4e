package dev.baton.spi.admin;

/**
 * How a change of an upstream's server ended.
 *
 * @param upstream the upstream's name
 * @param server the server's address
 * @param outcome what really happened
 * @param inFlight its connections that are in use or being opened, and requests that wait for one
 * @param detail one sentence for a person, without a full stop; says why if it failed
 */
public record ServerResult(String upstream, String server, Outcome outcome, int inFlight, String detail) {

    /** What really happened. */
    public enum Outcome {
        /** It is one of the upstream's servers now. */
        ADDED,
        /** It is none of the upstream's servers any longer; what is in use is served to its end. */
        REMOVED,
        /** Its state or weight is another one. */
        CHANGED,
        /** It was so already. */
        UNCHANGED,
        /** It could not be done; the detail says why. */
        FAILED
    }
}
