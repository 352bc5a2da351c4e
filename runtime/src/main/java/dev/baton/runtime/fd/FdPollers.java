package dev.baton.runtime.fd;

import dev.baton.spi.fd.Fd;

/** How the finalizer takes a dying fd out of pollers. */
public interface FdPollers {

    /**
     * True if close(2) takes an fd out of every poller by itself, as long as no other process holds the open file. So
     * it is with epoll; not with poll(2), which keeps the number.
     */
    boolean closeRemoves();

    /** Takes an fd out of one loop's poller, from any thread. */
    void remove(int loop, Fd fd);
}
