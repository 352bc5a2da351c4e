package dev.baton.runtime.listener;

import dev.baton.runtime.fd.FdHandler;
import dev.baton.runtime.fd.FdTable;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.fd.FdKind;
import dev.baton.spi.listener.BoundSocket;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One listening fd, SHARED in the fd table by the loops that have an {@link Acceptor} here.
 *
 * <p>Threading: any thread, but for what says otherwise.
 */
final class ListeningSocket implements FdHandler {
    private static final Logger LOG = LoggerFactory.getLogger(ListeningSocket.class);

    // How far a socket is with refusing new connections: it only goes forward, but for looking again.
    /** It takes them. */
    private static final int TAKES = 0;
    /** A loop is asking the kernel to refuse them. */
    private static final int ASKING = 1;
    /** The kernel was asked: what an accept does not find now was not there at a moment after that. */
    private static final int ASKED = 2;
    /** A loop has looked since then and found no connection. */
    private static final int EMPTIED = 3;

    private final FdTable table;
    private final Runnable closed;
    private final Fd fd;
    private final List<Acceptor> acceptors = new CopyOnWriteArrayList<>();
    private volatile String address;
    private volatile @Nullable BoundSocket bound;

    private final AtomicInteger refusal = new AtomicInteger(TAKES);
    /** The kernel refuses new connections. */
    private volatile boolean refused;

    /**
     * Enters a socket into the table. The caller holds a claim and must leave; the fd is not shared yet.
     *
     * @param number the kernel's number
     * @param bind what to call it until its address is known
     * @param loop id of a loop of the listener
     * @param closed is told when the fd was closed, by any thread
     */
    @SuppressWarnings("this-escape") // nobody dispatches before there is an acceptor
    ListeningSocket(FdTable table, String plugin, int number, String bind, int loop, Runnable closed) {
        this.table = table;
        this.closed = closed;
        this.address = bind;
        this.fd = table.fdInsertShared(number, FdKind.LISTENER, plugin, this, loop);
        table.removeSharer(fd, loop);
    }

    Fd fd() {
        return fd;
    }

    String address() {
        return address;
    }

    /** What its endpoint has bound or adopted; null before {@link #listens}. */
    @Nullable
    BoundSocket bound() {
        return bound;
    }

    /** It is bound, and listens. */
    void listens(BoundSocket socket) {
        address = socket.address();
        bound = socket;
    }

    // ---- loops ----------------------------------------------------------------------------------------------------

    /** The acceptors, those that are letting go too. Not to be changed. */
    List<Acceptor> acceptors() {
        return acceptors;
    }

    /** Adds a loop's acceptor, which may poll from now on. */
    void add(Acceptor acceptor) {
        table.addSharer(fd, acceptor.loop());
        acceptors.add(acceptor);
    }

    /** Forgets an acceptor that has let go. */
    void remove(Acceptor acceptor) {
        acceptors.remove(acceptor);
    }

    /** How many loops serve it. */
    int servers() {
        int servers = 0;
        for (Acceptor acceptor : acceptors) {
            servers += acceptor.isServing() ? 1 : 0;
        }
        return servers;
    }

    /** Gives an order to every loop. */
    void requestAll(int order) {
        for (Acceptor acceptor : acceptors) {
            acceptor.request(order);
        }
    }

    /** Has the loop after an acceptor's look for connections too. */
    void requestNeighbour(Acceptor acceptor) {
        Acceptor first = null;
        boolean found = false;
        for (Acceptor each : acceptors) {
            if (found) {
                each.request(Acceptor.ACCEPT);
                return;
            }
            found = each == acceptor;
            first = first == null ? each : first;
        }
        if (found && first != null && first != acceptor) {
            first.request(Acceptor.ACCEPT);
        }
    }

    // ---- as the table knows it ------------------------------------------------------------------------------------

    @Override
    public void dispatch(int loop, int ready) {
        try {
            for (Acceptor acceptor : acceptors) {
                if (acceptor.loop() == loop) {
                    acceptor.ready();
                }
            }
        } finally {
            table.leave(fd);
        }
    }

    @Override
    public void finalizing(int lastOwner) {
        // Shared to the end: it had no owner.
    }

    @Override
    public void closed() {
        closed.run();
    }

    // ---- its backlog ----------------------------------------------------------------------------------------------

    /** How many connections wait for accept, or {@link BoundSocket#UNKNOWN}. Only before the fd can be closed. */
    int queued() {
        BoundSocket socket = bound;
        try {
            int queued = socket == null ? BoundSocket.UNKNOWN : socket.queued();
            return queued == BoundSocket.UNKNOWN && refused && isEmptied() ? 0 : queued;
        } catch (Throwable t) { // whatever a plugin throws
            LOG.warn("cannot read the backlog of {}", address, t);
            return BoundSocket.UNKNOWN;
        }
    }

    /** Lets the kernel refuse new connections, if it can. Under a claim: the number must stay this socket's. */
    void refuse() {
        if (!refusal.compareAndSet(TAKES, ASKING)) {
            return;
        }
        BoundSocket socket = bound;
        try {
            refused = socket != null && socket.refuse();
            if (!refused) {
                LOG.info("{} cannot refuse connections and keep those that wait", address);
            }
        } catch (Throwable t) { // whatever a plugin throws
            LOG.warn("{} cannot refuse connections", address(), t);
        } finally {
            refusal.set(ASKED);
        }
    }

    /** Goes on as if the kernel had been asked and had said no. */
    void mark() {
        refusal.compareAndSet(TAKES, ASKED);
    }

    boolean refuses() {
        return refusal.get() >= ASKED;
    }

    /** An accept that began when it {@link #refuses} found no connection. */
    void emptied() {
        refusal.compareAndSet(ASKED, EMPTIED);
    }

    boolean isEmptied() {
        return refusal.get() == EMPTIED;
    }

    /** Somebody may have come through since: has somebody look again. */
    void lookAgain() {
        refusal.compareAndSet(EMPTIED, ASKED);
    }

    @Override
    public String toString() {
        return fd + " on " + address;
    }
}
