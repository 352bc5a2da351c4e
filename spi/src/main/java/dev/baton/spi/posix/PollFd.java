package dev.baton.spi.posix;

/** {@code struct pollfd} and the events of poll(2), laid out and numbered alike on every Linux machine. */
public final class PollFd {
    /** Bytes from one entry to the next. */
    public static final int SIZE = 8;

    /** Where the fd (an int) is, in bytes from the start of the entry. */
    public static final int FD_OFFSET = 0;

    /** Where the events wanted (a short) are, in bytes from the start of the entry. */
    public static final int EVENTS_OFFSET = 4;

    /** Where the events that happened (a short) are, in bytes from the start of the entry. */
    public static final int REVENTS_OFFSET = 6;

    /** Readable, or a connection to accept. */
    public static final short POLLIN = 0x001;

    /** Urgent data. */
    public static final short POLLPRI = 0x002;

    /** Writable, or a connect has finished. */
    public static final short POLLOUT = 0x004;

    /** An error is pending; always reported, need not be asked for. */
    public static final short POLLERR = 0x008;

    /** Both directions are shut; always reported, need not be asked for. */
    public static final short POLLHUP = 0x010;

    /** The fd is not open; always reported, need not be asked for. */
    public static final short POLLNVAL = 0x020;

    /** The peer has shut its writing direction. */
    public static final short POLLRDHUP = 0x2000;

    private PollFd() {}
}
