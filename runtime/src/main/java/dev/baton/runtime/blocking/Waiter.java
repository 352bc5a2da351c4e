package dev.baton.runtime.blocking;

/** Who waits for the result of a call, and what is held back from it until then. Everything under the claim. */
interface Waiter {
    /** The result is to be told. False: nothing waits for it any longer. */
    boolean end(BlockingCall call);

    /** The result was told: what was held back follows. */
    void told();
}
