package dev.baton.spi.fd;

import dev.baton.spi.ByBaton;
import dev.baton.spi.threading.AnyThread;

/**
 * The operations of the fd table that a plugin may call. Each plugin has one of its own, which reaches only what that
 * plugin has inserted and the connections of its own services.
 */
@ByBaton
public interface Fds {

    /**
     * Enters a file descriptor that the caller just got from the kernel and that no loop dispatches (for example an
     * epoll instance). From here on only {@link #fdDelete} closes it. Cost: O(1).
     *
     * @param number the kernel's number; only the fd table may close it
     * @throws IllegalStateException if the number is in the table already: it was closed without the table's knowledge
     */
    @AnyThread
    Fd fdInsert(int number, FdKind kind);

    /**
     * Deletes an fd: the one way in which any fd dies. Never waits, spins, locks or calls back; the last user closes
     * the fd, exactly once. If no thread runs its code, that is the caller, before this returns. Cost: O(1).
     *
     * @return true if this call is the one that deleted it; false, and nothing done, if it was deleted before or the
     *     number belongs to another generation by now
     * @throws IllegalArgumentException if it is the runtime's or another plugin's; nothing is done
     */
    @AnyThread
    boolean fdDelete(Fd fd);
}
