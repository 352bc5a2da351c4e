package dev.baton.spi.poller;

import dev.baton.spi.fd.Fd;
import dev.baton.spi.threading.AnyThread;
import dev.baton.spi.threading.OnLoop;

/**
 * Waits for events on behalf of one loop.
 *
 * <p>Everything is keyed by {fd, generation}, and each event carries the generation under which it was registered: an
 * event that was fetched before its fd was closed and the number reopened must be recognisable as old. A poller takes
 * no decisions about fds: it reports, and the fd table refuses events of registrations that have ended.
 *
 * <p>{@code add} and {@code modify} are called by the loop's own thread under a claim on the fd. Errors come back as
 * {@code -errno}; nothing throws but {@link #close()}'s programmer errors.
 */
public interface Poller {
    /** Events that a poll reports if so many wait: a turn with fewer has left none. */
    int EVENTS_MAX_LEAST = 512;

    /**
     * Starts to report events. A condition that holds already is reported at the next poll, also when the fd was polled
     * elsewhere before: adding re-arms an edge.
     *
     * @param interest bits of {@link Interest}
     * @return 0, or {@code -errno}: then nothing was added. An older registration of the same number is replaced
     */
    @OnLoop
    int add(Fd fd, int interest);

    /**
     * Replaces the interest of an fd that was added. A condition that holds already is reported again.
     *
     * @param interest bits of {@link Interest}; 0 means: nothing, not even errors, for pollers that report levels
     * @return 0, or {@code -errno}
     */
    @OnLoop
    int modify(Fd fd, int interest);

    /**
     * Stops reporting this registration and no other. The caller holds a claim on the fd or finalizes it, so that the
     * number cannot be recycled meanwhile. A poller that cannot do so from another thread at once does it at its next
     * turn and wakes itself up; until then an event may still come, which the fd table refuses. What is added after
     * this returned stays, also under the same pair. After {@link #close()} it does nothing.
     */
    @AnyThread
    void remove(Fd fd);

    /**
     * Waits for events and gives each to the sink, at most a fixed number a turn, which is {@link #EVENTS_MAX_LEAST} or
     * more. An interrupted wait (EINTR) is no error and loses nothing: it counts as a turn without events.
     *
     * @param timeoutNanos how long to wait at most; 0 returns at once, negative waits until an event or a wakeup
     * @return how many events the sink took, or {@code -errno} if the kernel refuses to wait
     */
    @OnLoop
    int poll(long timeoutNanos, PollSink sink);

    /**
     * Makes the poll that runs now, or else the next one, return at once. Cost: a system call; the loop calls it only
     * when it has announced that it sleeps. After {@link #close()} it does nothing.
     */
    @AnyThread
    void wakeup();

    /**
     * True if the kernel keeps the registrations and reports a condition once when it arises ({@code EPOLLET}): to stop
     * reading needs no {@link #modify}, and a close of the open file takes the fd out. False if a condition is reported
     * as long as it holds and only {@link #remove} takes an fd out.
     */
    boolean edgeTriggered();

    /** Gives everything back, the fds through {@code fdDelete}. Called once, after the last poll. */
    @OnLoop
    void close();
}
