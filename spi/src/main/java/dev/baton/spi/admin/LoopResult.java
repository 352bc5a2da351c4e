package dev.baton.spi.admin;

/**
 * How adding or retiring a loop ended.
 *
 * @param loop the loop's id
 * @param outcome what really happened
 * @param detail one sentence for a person, without a full stop; says why if it failed
 */
public record LoopResult(int loop, Outcome outcome, String detail) {

    /** What really happened. */
    public enum Outcome {
        /** It serves. */
        ADDED,
        /** Its connections, timers and listeners have other loops, and its thread has ended. */
        RETIRED,
        /** It could not be done; the detail says why and how things are now. */
        FAILED
    }
}
