package dev.baton.spi.posix;

import dev.baton.spi.ByBaton;
import dev.baton.spi.threading.AnyThread;
import dev.baton.spi.threading.OnLoop;

/**
 * The system calls a poller needs, each a thin wrapper: one call into the kernel, no allocation, no retry.
 *
 * <p>All return the value of the call, or minus the error number, and report an interruption by a signal as
 * {@code -EINTR}. The two that wait are for the loop that the poller serves; the others are for any thread.
 */
@ByBaton
public interface PollCalls {

    /**
     * Makes an epoll instance that is closed on exec.
     *
     * @return its fd, or minus the error number ({@link Errno#EMFILE}, {@link Errno#ENFILE}, {@link Errno#ENOMEM})
     */
    @AnyThread
    int epollCreate();

    /**
     * Adds, changes or removes an fd of an epoll instance; legal while another thread waits on it.
     *
     * @param epfd the epoll instance
     * @param op one of {@link EpollEvent#EPOLL_CTL_ADD}, {@link EpollEvent#EPOLL_CTL_MOD} and
     *     {@link EpollEvent#EPOLL_CTL_DEL}
     * @param fd the fd it is about
     * @param events the events wanted, from {@link EpollEvent}; ignored by a removal
     * @param data what the kernel gives back with each event of this fd; ignored by a removal
     * @return 0, or minus the error number: {@link Errno#EEXIST} for an ADD of what is there, {@link Errno#ENOENT} for
     *     a MOD or DEL of what is not, {@link Errno#EPERM} for an fd that cannot be polled (a regular file),
     *     {@link Errno#ENOSPC} beyond {@code fs.epoll.max_user_watches}
     */
    @AnyThread
    int epollCtl(int epfd, int op, int fd, int events, long data);

    /**
     * Waits for events. Blocks the calling thread for up to the timeout.
     *
     * @param epfd the epoll instance
     * @param eventsAddress where the kernel puts the events, laid out as {@link EpollEvent} says
     * @param maxEvents how many events there is room for; at least 1
     * @param timeoutMillis how long to wait; 0 only looks, -1 waits without limit
     * @return the number of events, 0 after the timeout, or minus the error number
     */
    @OnLoop
    int epollWait(int epfd, long eventsAddress, int maxEvents, int timeoutMillis);

    /**
     * Waits for events by poll(2). Blocks the calling thread for up to the timeout; O(count).
     *
     * @param pollfdsAddress the fds and the events wanted of each, laid out as {@link PollFd} says; the kernel writes
     *     the events that happened into it. An entry whose fd is negative is skipped
     * @param count the number of entries
     * @param timeoutMillis how long to wait; 0 only looks, -1 waits without limit
     * @return the number of entries with events, 0 after the timeout, or minus the error number
     */
    @OnLoop
    int poll(long pollfdsAddress, int count, int timeoutMillis);

    /**
     * Makes an eventfd that is non-blocking and closed on exec, for waking a poller.
     *
     * @return its fd, or minus the error number ({@link Errno#EMFILE}, {@link Errno#ENFILE}, {@link Errno#ENOMEM})
     */
    @AnyThread
    int eventfd();

    /**
     * Adds 1 to an eventfd, which makes it readable and, where it is polled edge-triggered, an event.
     *
     * @param fd the eventfd
     * @return 0, or minus the error number: {@link Errno#EAGAIN} when 2^64-2 additions were never drained
     */
    @AnyThread
    int eventfdWrite(int fd);

    /**
     * Drains an eventfd, so that it is no longer readable.
     *
     * @param fd the eventfd
     * @return 0, or minus the error number: {@link Errno#EAGAIN} when there was nothing to drain
     */
    @AnyThread
    int eventfdRead(int fd);
}
