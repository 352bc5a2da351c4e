package dev.baton.spi.admin;

/**
 * How many connections one loop has taken over from another.
 *
 * @param from id of the loop that owned them
 * @param to id of the loop that owns them since
 * @param cause why
 * @param count since they are counted
 */
public record Move(int from, int to, Cause cause, long count) {

    /** Why connections change loops. */
    public enum Cause {
        /** A request needs one: most often an idle connection to a server, out of a pool. */
        USE,
        /** The loop was blocked. */
        RESCUE,
        /** The loop had more to do than others. */
        REBALANCE,
        /** The loop is to go, or its thread has died. */
        RETIREMENT
    }
}
