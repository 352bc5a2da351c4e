package dev.baton.spi.admin;

/**
 * An element of {@code /v1/upgrades}: a step of an upgrade, as one of the two processes has seen it.
 *
 * @param at when, in milliseconds since 1970
 * @param pid the process that the step is one of
 * @param step what it did
 * @param detail more, for a person; may be empty
 */
public record UpgradeStep(long at, long pid, What step, String detail) {

    /** The steps, in their order. */
    public enum What {
        /** The old process was asked for an upgrade, and starts the new one. */
        ASKED,
        /** The new process was started: when, is known to the second. */
        STARTED,
        /** It has the listening sockets of the old one. */
        TOOK_SOCKETS,
        /** It accepts connections. */
        SERVES,
        /** The old process accepts no more, and lets its connections finish or gives them to the new one. */
        DRAINS,
        /** The old process has let go of all that it had. */
        ENDED,
        /** The new process is not to be: the old one continues. */
        FAILED,
        /** The new process has died, and the old one serves again. */
        SERVES_AGAIN
    }
}
