package dev.baton.spi.posix;

/**
 * {@code struct epoll_event} and the constants of epoll(7), so that a poller can read what {@link PollCalls#epollWait}
 * left in memory.
 *
 * <p>The kernel packs the struct on x86-64 and on no other machine; fields have native byte order.
 */
public final class EpollEvent {
    private static final boolean PACKED = isPacked(System.getProperty("os.arch", ""));

    /** Bytes from one event to the next: 12 on x86-64, 16 elsewhere. */
    public static final int SIZE = PACKED ? 12 : 16;

    /** Where the events (an int) are, in bytes from the start of the struct. */
    public static final int EVENTS_OFFSET = 0;

    /** Where the data (a long) is, in bytes from the start of the struct: 4 on x86-64, 8 elsewhere. */
    public static final int DATA_OFFSET = PACKED ? 4 : 8;

    /** Operation of {@link PollCalls#epollCtl}: add an fd. */
    public static final int EPOLL_CTL_ADD = 1;

    /** Operation of {@link PollCalls#epollCtl}: remove an fd. */
    public static final int EPOLL_CTL_DEL = 2;

    /** Operation of {@link PollCalls#epollCtl}: change the events or the data of an fd. */
    public static final int EPOLL_CTL_MOD = 3;

    /** Readable, or a connection to accept. */
    public static final int EPOLLIN = 0x001;

    /** Urgent data. */
    public static final int EPOLLPRI = 0x002;

    /** Writable, or a connect has finished. */
    public static final int EPOLLOUT = 0x004;

    /** An error is pending; always reported, need not be asked for. */
    public static final int EPOLLERR = 0x008;

    /** Both directions are shut; always reported, need not be asked for. */
    public static final int EPOLLHUP = 0x010;

    /** The peer has shut its writing direction. */
    public static final int EPOLLRDHUP = 0x2000;

    /** Wake one of several epoll instances that poll the same fd; only with ADD, never changed by MOD. */
    public static final int EPOLLEXCLUSIVE = 1 << 28;

    /** Disable the fd after one event, until the next MOD. */
    public static final int EPOLLONESHOT = 1 << 30;

    /** Report changes only (edge-triggered). */
    public static final int EPOLLET = 1 << 31;

    private EpollEvent() {}

    static boolean isPacked(String arch) {
        return arch.equals("amd64") || arch.equals("x86_64") || arch.equals("x86-64");
    }
}
