package dev.baton.plugin.takeover;

import dev.baton.spi.channel.MovableChannel;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One stay of one connection in a pool: a node of an {@link IdleStack}, made anew for each put. That a node never comes
 * back to a stack is what makes a stack's compare-and-set safe (no ABA).
 *
 * <p>Who changes IN decides what becomes of the connection, and no two can:
 *
 * <table>
 *   <caption>states</caption>
 *   <tr><td>IN</td><td>in a stack, and the connection is for the next loop that asks</td></tr>
 *   <tr><td>TAKEN</td><td>popped by a loop that asked; the connection is that loop's to try</td></tr>
 *   <tr><td>DEAD</td><td>withdrawn: closed, expired or purged; the node is still in the stack and holds nothing</td></tr>
 *   <tr><td>UNLINKED</td><td>was DEAD, and counts no longer as one to be unlinked</td></tr>
 * </table>
 */
final class IdleEntry {
    private static final int IN = 0;
    private static final int TAKEN = 1;
    private static final int DEAD = 2;
    private static final int UNLINKED = 3;

    private static final VarHandle STATE;
    private static final VarHandle NEXT;

    static {
        try {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            STATE = lookup.findVarHandle(IdleEntry.class, "state", int.class);
            NEXT = lookup.findVarHandle(IdleEntry.class, "next", IdleEntry.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    final IdleStack stack;

    /** The stack's tick at the put: what the age is counted from. */
    final int since;

    /** How often in a row takers were refused; see {@link LoopStacks}. */
    final int refusals;

    /** The next of those that one take was refused; touched only by the taker, after it has won the entry. */
    @Nullable
    IdleEntry nextRefused;

    /** Null once the entry is dead, so that a node that waits to be unlinked does not hold a closed channel. */
    private @Nullable MovableChannel connection;

    @SuppressWarnings("UnusedVariable") // by STATE
    private int state;

    @SuppressWarnings("UnusedVariable") // by NEXT
    private @Nullable IdleEntry next;

    IdleEntry(IdleStack stack, MovableChannel connection, int since, int refusals) {
        this.stack = stack;
        this.connection = connection;
        this.since = since;
        this.refusals = refusals;
    }

    /** For a loop that asked: true if it is the one that gets the connection. */
    boolean winForTaker() {
        return STATE.compareAndSet(this, IN, TAKEN);
    }

    /**
     * Withdraws the entry, from any thread.
     *
     * @return the connection, if the caller is the one that withdrew it; else null
     */
    @Nullable
    MovableChannel withdraw() {
        if (!STATE.compareAndSet(this, IN, DEAD)) {
            return null;
        }
        MovableChannel withdrawn = connection;
        connection = null;
        return withdrawn;
    }

    /** After {@link #winForTaker}. */
    MovableChannel connection() {
        return Objects.requireNonNull(connection);
    }

    boolean isIn() {
        return (int) STATE.getAcquire(this) == IN;
    }

    /** True for exactly one caller, once the entry is dead: that one takes it off the count of the dead. */
    boolean markUnlinked() {
        return STATE.compareAndSet(this, DEAD, UNLINKED);
    }

    @Nullable
    IdleEntry next() {
        return (IdleEntry) NEXT.getAcquire(this);
    }

    void next(@Nullable IdleEntry entry) {
        NEXT.setRelease(this, entry);
    }
}
