package dev.baton.runtime.fd;

/**
 * What stands behind an fd: runs for its events, and is told when it is dying. Implemented by channels and listeners.
 */
public interface FdHandler {

    /**
     * Handles an event. The calling loop holds a claim for it; the handler gives it back, in a finally, and nothing of
     * what its callbacks throw comes out. On the loop's thread.
     *
     * @param loop id of the calling loop
     * @param ready bits of {@link dev.baton.spi.poller.Interest}
     */
    void dispatch(int loop, int ready);

    /**
     * Step of the finalizer, before the slot is FREE: no thread runs in the fd or ever will. Publishes the last owner
     * for those who come too late to read it from the claim word. Any thread; must only store it.
     *
     * @param lastOwner id of the loop that owned the fd last, or {@link FdTable#NONE}
     */
    void finalizing(int lastOwner);

    /**
     * Last step: the number is closed and may be another's by now. Any thread, also under foreign locks: queues what is
     * to happen and returns.
     */
    void closed();
}
