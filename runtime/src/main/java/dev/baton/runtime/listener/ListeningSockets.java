package dev.baton.runtime.listener;

import dev.baton.runtime.fd.FdTable;
import dev.baton.runtime.posix.FileFlags;
import dev.baton.runtime.posix.Posix;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.listener.BoundSocket;
import dev.baton.spi.listener.ListenerEndpoint;
import dev.baton.spi.listener.SocketOrigin;
import dev.baton.spi.posix.PosixException;
import dev.baton.spi.posix.SocketOptions;
import java.io.IOException;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiFunction;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The sockets of one listener: opening them or taking them from another process, what they are together, and their end.
 * Which loops serve them {@link ServingLoops} says.
 *
 * <p>Threading: any thread; what opens sockets is for threads that may block.
 */
final class ListeningSockets {
    private static final Logger LOG = LoggerFactory.getLogger(ListeningSockets.class);

    private final ListenerSpec spec;
    private final FdTable table;
    private final Posix posix;
    private final SocketWatch watch;
    private final BooleanSupplier stopped;
    private final Runnable allClosed;
    private final SocketOrigin origin;

    private final ServingLoops loops;
    private final List<ListeningSocket> all = new CopyOnWriteArrayList<>();
    /** Inserted and not closed yet. */
    private final AtomicInteger open = new AtomicInteger();

    private volatile boolean heldElsewhere;
    private volatile @Nullable SocketAddress local;

    /**
     * No sockets yet.
     *
     * @param seats the loops that are to serve them
     * @param worker where binding may block
     * @param watch is told of those that this process, or one before it, has made
     * @param stopped whether the listener is, for good
     * @param acceptors makes a loop's acceptor for a socket
     * @param allClosed is told that the last of the sockets is closed; by any thread, also under foreign locks: must
     *     neither wait nor throw
     */
    ListeningSockets(
            ListenerSpec spec,
            FdTable table,
            Posix posix,
            Executor worker,
            SocketWatch watch,
            List<Acceptor.Seat> seats,
            BooleanSupplier stopped,
            BiFunction<Acceptor.Seat, ListeningSocket, Acceptor> acceptors,
            Runnable allClosed) {
        this.spec = spec;
        this.table = table;
        this.posix = posix;
        this.stopped = stopped;
        this.allClosed = allClosed;
        this.origin = spec.endpoint().origin();
        this.watch = origin == SocketOrigin.MADE ? watch : SocketWatch.NONE; // whoever gave others has them still
        this.loops = new ServingLoops(
                spec.name(), spec.socket().perLoop(), all, seats, worker, acceptors, this::openAnother);
    }

    // ---- what there is --------------------------------------------------------------------------------------------

    List<ListeningSocket> all() {
        return all;
    }

    /** The loops that serve them. */
    ServingLoops loops() {
        return loops;
    }

    List<Fd> fds() {
        return all.stream().map(ListeningSocket::fd).toList();
    }

    /** The real address; what was configured as long as there is none. */
    String address() {
        for (ListeningSocket socket : all) {
            return socket.address();
        }
        return spec.bind();
    }

    /** The real address as the kernel has it; null if there is none yet, or Java has no name for its family. */
    @Nullable
    SocketAddress socketAddress() {
        return local;
    }

    boolean anyOpen() {
        return open.get() > 0;
    }

    /** How the sockets stand to other processes now. */
    SocketOrigin origin() {
        return heldElsewhere ? SocketOrigin.SHARED : origin;
    }

    /** Another process holds all of them too, from now on and for longer than this one. */
    void heldElsewhere() {
        heldElsewhere = true;
        for (ListeningSocket socket : all) {
            table.heldElsewhere(socket.fd());
        }
    }

    /** No other process has them, or only for as long as it takes to close them. */
    void mine() {
        heldElsewhere = false;
    }

    void requestAll(int order) {
        for (ListeningSocket socket : all) {
            socket.requestAll(order);
        }
    }

    /** How many connections the kernel holds in all of them; empty if that cannot be known. */
    Optional<Integer> queued() {
        int sum = 0;
        for (ListeningSocket socket : all) {
            int queued = socket.queued();
            if (queued == BoundSocket.UNKNOWN) {
                return Optional.empty();
            }
            sum += queued;
        }
        return Optional.of(sum);
    }

    // ---- opening --------------------------------------------------------------------------------------------------

    /**
     * Opens what the loops need.
     *
     * @throws IOException with a message for a person; nothing is open then
     */
    void open() throws IOException {
        boolean done = false;
        try {
            if (origin == SocketOrigin.MADE) {
                int wanted = spec.socket().perLoop() ? Math.max(1, loops.seats().size()) : 1;
                for (int i = 0; i < wanted; i++) {
                    openOne();
                }
            } else {
                adoptOne(spec.endpoint().socket(posix));
            }
            done = true;
        } finally {
            opened(done);
        }
    }

    /**
     * Takes sockets that another process has bound for this listener; at least one. They are this listener's from here
     * on, also if it fails.
     *
     * @throws IOException if one is none of this listener's; all are closed then
     */
    void adopt(int... numbers) throws IOException {
        boolean done = false;
        try {
            IOException failure = null;
            for (int number : numbers) {
                try {
                    adoptOne(number);
                } catch (IOException e) {
                    failure = e;
                }
            }
            if (failure != null) {
                throw failure;
            }
            done = true;
        } finally {
            opened(done);
        }
    }

    /** Takes sockets as {@link #adopt} does that another process still has, perhaps for good: until {@link #mine}. */
    void adoptShared(int... numbers) throws IOException {
        heldElsewhere = true;
        adopt(numbers);
    }

    private void opened(boolean done) {
        if (done) {
            loops.opened();
        } else {
            List<BoundSocket> left = mineAlone();
            deleteAll();
            all.clear();
            // Only what was never shared is closed here, so no claim is held: it is closed by now.
            left.forEach(this::cleanUp);
        }
    }

    private ListeningSocket insert(int number) {
        // The table wants a loop for a shared fd; the reconciliation says which they are.
        List<Acceptor.Seat> seats = loops.seats();
        int any = seats.isEmpty() ? 0 : seats.get(0).id();
        open.incrementAndGet();
        try {
            return new ListeningSocket(table, spec.plugin(), number, spec.bind(), any, this::oneClosed);
        } catch (RuntimeException failed) {
            open.decrementAndGet();
            throw failed;
        }
    }

    private @Nullable ListeningSocket openAnother() throws IOException {
        return origin == SocketOrigin.MADE && !heldElsewhere && !stopped.getAsBoolean() ? openOne() : null;
    }

    /** Binds one more; from the second on to the address of the first, whose port the kernel may have chosen. */
    private ListeningSocket openOne() throws IOException {
        ListenerEndpoint endpoint = endpoint();
        ListeningSocket socket = insert(endpoint.socket(posix));
        Fd fd = socket.fd();
        BoundSocket bound = null;
        boolean listens = false;
        try {
            bound = endpoint.bind(fd.number(), spec.socket(), posix);
            int result = posix.listen(fd.number(), spec.limits().backlog());
            if (result < 0) {
                throw PosixException.of("listen on " + bound.address(), result);
            }
            socket.listens(bound);
            noteAddress(fd.number());
            listens = true;
        } finally {
            finish(socket, listens);
            if (!listens && bound != null) {
                cleanUp(bound);
            }
        }
        return socket;
    }

    private ListenerEndpoint endpoint() {
        for (ListeningSocket socket : all) {
            BoundSocket bound = socket.bound();
            return bound == null ? spec.endpoint() : bound.again().orElse(spec.endpoint());
        }
        return spec.endpoint();
    }

    private void adoptOne(int number) throws IOException {
        ListeningSocket socket = insert(number);
        boolean listens = false;
        try {
            int accepts = posix.intOption(number, SocketOptions.SOL_SOCKET, SocketOptions.SO_ACCEPTCONN);
            if (accepts < 0) {
                throw PosixException.of("use fd " + number + " for listener " + spec.name(), accepts);
            } else if (accepts == 0) {
                throw new IOException("cannot use fd " + number + " for listener " + spec.name()
                        + ": it is a socket that does not listen");
            }
            // Its maker may have had it block, and a loop must not: the flag is the open file's, so it is for
            // both.
            int flags = posix.statusFlags(number);
            int set = flags < 0 ? flags : posix.setStatusFlags(number, flags | FileFlags.O_NONBLOCK);
            // Accepted sockets would have it from here, and a close of theirs would wait for the peer, on a loop.
            int lingers = set < 0 ? set : posix.setLinger(number, -1);
            int kept = lingers < 0 ? lingers : posix.setCloseOnExec(number, true);
            if (kept < 0) {
                throw PosixException.of("use fd " + number + " for listener " + spec.name(), kept);
            }
            socket.listens(spec.endpoint().adopt(number, spec.socket(), posix));
            noteAddress(number);
            // The process that gave it may still hold it: the close alone would not take it out of the pollers.
            table.heldElsewhere(socket.fd());
            listens = true;
        } finally {
            finish(socket, listens);
        }
    }

    private void noteAddress(int number) {
        try {
            local = posix.localAddress(number);
        } catch (PosixException | IllegalArgumentException e) {
            LOG.debug("listener {} has no address that Java can say", spec.name(), e);
        }
    }

    /** Gives the claim of the insert back. */
    private void finish(ListeningSocket socket, boolean listens) {
        if (listens) {
            watch.opened(spec.name(), socket.fd()); // first: an unbind that finds it says that it closes
            all.add(socket);
        }
        // After the add: an unbind that did not find it is seen here, one that begins later finds it.
        if (!listens || stopped.getAsBoolean()) {
            delete(socket);
        }
        table.leave(socket.fd());
    }

    // ---- the end --------------------------------------------------------------------------------------------------

    void deleteAll() {
        all.forEach(this::delete);
    }

    private void delete(ListeningSocket socket) {
        watch.closing(socket.fd());
        table.fdDelete(socket.fd());
    }

    private void oneClosed() {
        if (open.decrementAndGet() == 0 && stopped.getAsBoolean()) {
            allClosed.run();
        }
    }

    /** Those to clean up after when all are closed: none if another process still uses them. */
    List<BoundSocket> mineAlone() {
        List<BoundSocket> mine = new ArrayList<>();
        if (heldElsewhere) {
            return mine;
        }
        for (ListeningSocket socket : all) {
            BoundSocket bound = socket.bound();
            if (bound != null) {
                mine.add(bound);
            }
        }
        return mine;
    }

    private void cleanUp(BoundSocket socket) {
        try {
            socket.cleanUp();
        } catch (Throwable t) { // whatever a plugin throws
            LOG.warn("listener {} cannot clean up after its socket", spec.name(), t);
        }
    }
}
