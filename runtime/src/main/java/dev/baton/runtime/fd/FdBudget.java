package dev.baton.runtime.fd;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Shares the fds that a process may have among its clients and its upstream connections, and leaves the rest alone,
 * which is reserved for everything else.
 *
 * <p>A client is admitted with all fds that it may come to need, its own and those of the upstream connections that its
 * service opens for it: what is promised to those who are in cannot be taken by those who come later. Idle upstream
 * connections are not promised. They may use what is free now, and are closed as soon as it is wanted.
 *
 * <p>{@code promised:32 | open:32}, one word, changed by CAS only:
 *
 * <pre>
 * operation     guard                          effect
 * admit         promised + fds &lt;= most          promised + fds, open + 1
 * admitAnyway   -                              promised + fds, open + 1: it is there already
 * came          holds an admission             if open &gt; most, an idle connection is closed
 * release       holds an admission             promised - fds, open - 1; if others may have been refused, they are told
 * connect       open &lt; most, or an idle         open + 1
 *               connection was closed, or
 *               open &lt; most + slack
 * disconnect    holds a connect                open - 1
 * lend          promised, open + fds &lt;= half     promised + fds, open + fds
 * takeBack      holds what was lent            promised - fds, open - fds; tells as release does
 * </pre>
 *
 * <p>Who is refused by {@link #admit} marks itself and then asks once more ({@link #hasRoom}); a release counts down
 * first and tells those who wait then, so that one of the two sees the other (R41). It tells them whenever one that
 * wanted {@link #FDS_MAX} could have been refused before it.
 *
 * <p>Threading: any thread; nothing here waits. Idle connections are closed by a loop only: {@link Idle}.
 */
public final class FdBudget {
    /**
     * The most fds that one client may need: its own, an upstream connection's, and where that ends in this process its
     * other end.
     */
    public static final int FDS_MAX = 3;

    private static final long PROMISED_ONE = 1L << 32;

    private final AtomicLong word = new AtomicLong();
    private final List<Runnable> waiting = new CopyOnWriteArrayList<>();
    private volatile int most;
    private volatile int slack;
    private volatile int spares;
    private volatile Idle idle = fds -> 0;

    /** The idle upstream connections. */
    @FunctionalInterface
    public interface Idle {
        /**
         * Closes some, whichever loop has them.
         *
         * @param fds how many
         * @return how many it has closed; 0 if the caller is no loop
         */
        int close(int fds);
    }

    /** Without a limit. */
    public FdBudget() {
        this(Integer.MAX_VALUE);
    }

    /**
     * Nothing is taken yet.
     *
     * @param most how many fds clients and upstream connections may have, at least 1
     */
    public FdBudget(int most) {
        limit(most, 0);
    }

    /**
     * Sets how many fds clients and upstream connections may have, before there are any.
     *
     * @param fds how many, at least 1
     * @param more how many of the reserve an upstream connection may use for a moment: that of a client which has gone
     *     may end later than the client, when the next one has been admitted already
     */
    public void limit(int fds, int more) {
        assert fds >= 1 && more >= 0 : fds + " and " + more;
        most = fds;
        slack = more;
    }

    /**
     * Sets how many fds are kept open for nothing, so that the admin API can be reached when the kernel has no other.
     *
     * @param fds of the reserve, at least 0
     */
    public void spares(int fds) {
        assert fds >= 0 : fds;
        spares = fds;
    }

    /** How many fds are to be kept open for nothing. */
    public int spares() {
        return spares;
    }

    /** Sets what closes idle upstream connections. */
    public void idle(Idle connections) {
        idle = connections;
    }

    /** Adds a listener that is told when there may be room again: must neither wait nor throw. */
    public void whenRoom(Runnable told) {
        waiting.add(told);
    }

    /** How many fds clients and upstream connections may have. */
    public int most() {
        return most;
    }

    /** Fds that are promised to clients now. */
    public int promised() {
        return promised(word.get());
    }

    /** Sockets of clients and upstream connections now, idle ones too. */
    public int open() {
        return open(word.get());
    }

    /** Why {@link #admit} refuses, for a person. */
    public String refusal() {
        return "clients have all " + most + " fds that are not reserved; raise the limit: ulimit -n";
    }

    private static int promised(long seen) {
        return (int) (seen >>> 32);
    }

    private static int open(long seen) {
        return (int) seen;
    }

    private static long one(int promised) {
        return promised * PROMISED_ONE + 1;
    }

    /**
     * Admits a client, before its connection is accepted.
     *
     * @param fds how many it may need, its own included; 0 if they are promised already
     * @return true: the caller owes a {@link #release}
     */
    public boolean admit(int fds) {
        assert fds >= 0 && fds <= FDS_MAX : fds;
        while (true) {
            long seen = word.get();
            if (promised(seen) > most - fds) {
                return false;
            }
            if (word.compareAndSet(seen, seen + one(fds))) {
                return true;
            }
        }
    }

    /** Admits a client that is there already, whether there is room or not; the caller owes a {@link #release}. */
    public void admitAnyway(int fds) {
        assert fds >= 0 && fds <= FDS_MAX : fds;
        word.getAndAdd(one(fds));
    }

    /**
     * An admitted client has come: only then is an idle connection closed for it, as mostly there is one admission too
     * many.
     */
    public void came() {
        if (open(word.get()) > most) {
            idle.close(1);
        }
    }

    /** A client has gone, or has not come. */
    public void release(int fds) {
        long before = word.getAndAdd(-one(fds));
        assert promised(before) >= fds && open(before) > 0 : "more were released than were admitted";
        if (promised(before) > most - FDS_MAX) {
            waiting.forEach(Runnable::run);
        }
    }

    /**
     * Lends fds for what makes clients cheaper to serve and can be done without, while half of all fds are free.
     *
     * @param fds how many
     * @return true: the caller owes a {@link #takeBack}
     */
    public boolean lend(int fds) {
        while (true) {
            long seen = word.get();
            if (Math.max(promised(seen), open(seen)) > most / 2 - fds) {
                return false;
            }
            if (word.compareAndSet(seen, seen + lent(fds))) {
                return true;
            }
        }
    }

    /** Those that were lent are closed. */
    public void takeBack(int fds) {
        long before = word.getAndAdd(-lent(fds));
        assert promised(before) >= fds && open(before) >= fds : "more were taken back than were lent";
        if (promised(before) > most - FDS_MAX) {
            waiting.forEach(Runnable::run);
        }
    }

    private static long lent(int fds) {
        return fds * PROMISED_ONE + fds;
    }

    /** Whether {@link #admit} would have admitted a client. */
    public boolean hasRoom(int fds) {
        return promised(word.get()) <= most - fds;
    }

    /**
     * An upstream connection is to be opened, on a loop.
     *
     * @return true: the caller owes a {@link #disconnect}; false: every fd is in use
     */
    public boolean connect() {
        while (true) {
            long seen = word.get();
            // One that was closed for it makes room, whichever thread has counted it down by now.
            if (open(seen) >= most && idle.close(1) == 0 && open(seen) - slack >= most) {
                return false;
            }
            if (word.compareAndSet(seen, seen + 1)) {
                return true;
            }
        }
    }

    /** An upstream connection has ended, or was never opened. */
    public void disconnect() {
        long before = word.getAndDecrement();
        assert open(before) > 0 : "more connections ended than were opened";
    }

    /**
     * The kernel has no fd, whatever is counted here: closes idle upstream connections. On a loop.
     *
     * @return whether it has closed any, so that it may be tried again
     */
    public boolean closeIdle() {
        return idle.close(1) > 0;
    }

    @Override
    public String toString() {
        long seen = word.get();
        return "fds: " + open(seen) + " open, " + promised(seen) + " promised, of " + most;
    }
}
