package dev.baton.spi.fd;

import dev.baton.spi.threading.AnyThread;

/**
 * Is told of the life of every fd: inserted, taken over, orphaned, closed.
 *
 * <p>A hook runs on the thread that does the operation, which may be any thread, may hold locks of its own, and may be
 * inside a claim: a hook must return at once, must not block, and must not touch the fd. The time that hooks take is
 * counted for their plugin ({@code baton_fd_hook_ms_total}), and one that takes 5 ms is logged. What a hook throws is
 * counted against its plugin and changes nothing for the fd or for other hooks. For one registration {@code inserted}
 * comes once and first, then any number of {@code takenOver}, and {@code closed} once; {@code orphaned} comes at most
 * once, told by the deleter, which may be overtaken by the last user's {@code closed}.
 */
@AnyThread
public interface FdHook {

    /** The fd entered the table. */
    default void inserted(FdInfo fd) {}

    /**
     * The fd changed its owner.
     *
     * @param victim id of the loop that owned it until now
     * @param thief id of the loop that owns it now; its thread is calling
     */
    default void takenOver(FdInfo fd, int victim, int thief) {}

    /** {@code fdDelete} was called while threads ran the fd's code: the last of them will close it. */
    default void orphaned(FdInfo fd) {}

    /**
     * The fd is about to be closed, or, if it was disowned, to be forgotten: no thread runs its code, or can from here
     * on.
     */
    default void closed(FdInfo fd, ClosedBy by) {}
}
