package dev.baton.runtime.channel;

import dev.baton.runtime.fd.FdTable;
import dev.baton.runtime.posix.Posix;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.fd.FdKind;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Fds that a server keeps open for nothing: when the kernel has none for a connection, one of them is closed and the
 * accept tried again. So an operator gets in however many files the rest of the process has opened.
 *
 * <p>Between the close and the accept another thread may take the number: then the next spare goes. One that was used
 * is replaced as soon as there is an fd again.
 *
 * <p>Threading: the server's loop only.
 */
final class SpareFds {
    private final FdTable table;
    private final Posix posix;
    private final int wanted;
    private final Deque<Fd> spare = new ArrayDeque<>();

    /**
     * None is open yet.
     *
     * @param wanted how many are to be open, at least 0
     */
    SpareFds(FdTable table, Posix posix, int wanted) {
        this.table = table;
        this.posix = posix;
        this.wanted = wanted;
    }

    /** Opens those that are missing; false if the kernel has no fd for one of them. */
    boolean fill() {
        while (spare.size() < wanted) {
            int number = posix.eventfd(); // the least that can be had without a file's name
            if (number < 0) {
                return false;
            }
            spare.push(table.fdInsert(number, FdKind.SPARE));
        }
        return true;
    }

    /** Closes one, so that its number is free; false if there is none. */
    boolean free() {
        Fd next = spare.poll();
        return next != null && table.fdDelete(next);
    }

    /** Closes all. */
    void close() {
        for (Fd each = spare.poll(); each != null; each = spare.poll()) {
            table.fdDelete(each);
        }
    }
}
