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
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The sockets of one listener, and which loops serve which: all of them the one, or each its own.
 *
 * <p>Loops come and go while it serves. What is wanted ({@link #seats}) is written first, then {@link #reconcile} brings the
 * sockets in line with it: one thread at a time, without a lock; who finds another at it leaves the work to that one. No
 * socket is ever closed because its loop goes: its backlog would be cut. Another loop takes it over, until one comes that has
 * none.
 *
 * <pre>
 *              shared                              per loop
 * each socket  is served by every loop             is served by at least one loop
 * each loop    serves every socket                 serves at least one socket
 * a new loop   serves every socket too             takes a socket from a loop that has two, else gets a new one; if that
 *                                                  cannot be bound, shares the one with the fewest loops
 * </pre>
 *
 * <p>Threading: any thread; what opens sockets is for threads that may block.
 */
final class ListeningSockets {
    private static final Logger LOG = LoggerFactory.getLogger(ListeningSockets.class);

    private final ListenerSpec spec;
    private final FdTable table;
    private final Posix posix;
    private final Executor worker;
    private final BooleanSupplier stopped;
    private final Host host;
    private final SocketOrigin origin;

    private final List<Acceptor.Seat> seats;
    private final List<ListeningSocket> all = new CopyOnWriteArrayList<>();
    /** Inserted and not closed yet. */
    private final AtomicInteger open = new AtomicInteger();
    /** Changes that reconcile has not seen. */
    private final AtomicInteger changes = new AtomicInteger();

    private final Queue<Leaver> leavers = new ConcurrentLinkedQueue<>();
    private volatile boolean opened;
    private volatile boolean heldElsewhere;
    private volatile @Nullable SocketAddress local;

    /** The listener, as far as its sockets need it. */
    interface Host {
        /** Makes a loop's acceptor for a socket. */
        Acceptor acceptor(Acceptor.Seat seat, ListeningSocket socket);

        /** The last of the sockets is closed. Any thread, also under foreign locks: must neither wait nor throw. */
        void allClosed();
    }

    private record Leaver(int loop, CompletableFuture<Void> gone) {}

    /** No sockets yet. */
    ListeningSockets(
            ListenerSpec spec,
            FdTable table,
            Posix posix,
            Executor worker,
            List<Acceptor.Seat> seats,
            BooleanSupplier stopped,
            Host host) {
        this.spec = spec;
        this.table = table;
        this.posix = posix;
        this.worker = worker;
        this.seats = new CopyOnWriteArrayList<>(seats);
        this.stopped = stopped;
        this.host = host;
        this.origin = spec.endpoint().origin();
    }

    // ---- what there is --------------------------------------------------------------------------------------------

    List<ListeningSocket> all() {
        return all;
    }

    /** The loops that are to serve. */
    List<Acceptor.Seat> seats() {
        return seats;
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

    /** Nobody else has them any more, or will not for longer than it takes to close them. */
    void mine() {
        heldElsewhere = false;
    }

    void requestAll(int order) {
        for (ListeningSocket socket : all) {
            socket.requestAll(order);
        }
    }

    /** How many connections the kernel holds in all of them; empty if nobody can know. */
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
                int wanted = spec.socket().perLoop() ? Math.max(1, seats.size()) : 1;
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
     * Takes sockets that another process has bound for this listener; at least one. They are this listener's from here on,
     * also if it fails.
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
            opened = true;
            reconcile();
        } else {
            List<BoundSocket> left = mineAlone();
            deleteAll();
            all.clear();
            // Only what was never offered to anybody is closed here, so nobody holds a claim: it is closed by now.
            left.forEach(this::cleanUp);
        }
    }

    private ListeningSocket insert(int number) {
        // The table wants a loop for a shared fd; the reconciliation says which they are.
        int any = seats.isEmpty() ? 0 : seats.get(0).id();
        open.incrementAndGet();
        try {
            return new ListeningSocket(table, spec.plugin(), number, spec.bind(), any, this::oneClosed);
        } catch (RuntimeException failed) {
            open.decrementAndGet();
            throw failed;
        }
    }

    /** Binds one more; from the second on to the address of the first, whose port the kernel may have chosen. */
    private void openOne() throws IOException {
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
            // Whoever made it may have had it block, and a loop must not: the flag is the open file's, so it is for
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
            // Whoever gave it may hold it still: the close alone would not take it out of the pollers.
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
            all.add(socket);
        }
        // After the add: an unbind that did not find it is seen here, one that begins later finds it.
        if (!listens || stopped.getAsBoolean()) {
            table.fdDelete(socket.fd());
        }
        table.leave(socket.fd());
    }

    // ---- loops ----------------------------------------------------------------------------------------------------

    /** A loop is to serve too. Completes when its acceptors are in place. */
    CompletionStage<Void> addLoop(Acceptor.Seat seat) {
        if (!seats.contains(seat)) {
            seats.removeIf(known -> known.id() == seat.id()); // one that has ended and whose id it got
            seats.add(seat);
        }
        return changed();
    }

    /** A loop is to serve no more. Completes when it has let go, or has ended. */
    CompletionStage<Void> removeLoop(int loop) {
        seats.removeIf(seat -> seat.id() == loop);
        Leaver leaver = new Leaver(loop, new CompletableFuture<>());
        // After the removal, before the change: a reconciliation that has not seen the removal lets nobody go.
        return changed().thenCompose(nothing -> {
            leavers.add(leaver);
            settleLeavers();
            return leaver.gone();
        });
    }

    private CompletionStage<Void> changed() {
        if (!opened) {
            return CompletableFuture.completedStage(null); // whoever opens reconciles after it has said so
        }
        if (!spec.socket().perLoop()) {
            reconcile();
            return CompletableFuture.completedStage(null);
        }
        CompletableFuture<Void> done = new CompletableFuture<>();
        try {
            worker.execute(() -> {
                reconcile(); // may bind
                done.complete(null);
            });
        } catch (RejectedExecutionException ended) {
            done.completeExceptionally(ended);
        }
        return done;
    }

    private void reconcile() {
        if (changes.getAndIncrement() > 0) {
            return;
        }
        int seen = 1;
        while (seen > 0) {
            seen = changes.get();
            try {
                if (spec.socket().perLoop()) {
                    spread();
                } else {
                    all.forEach(socket -> seats.forEach(seat -> serve(socket, seat)));
                }
                dismiss();
            } catch (Throwable t) { // an Error too: the next change must find nobody at it
                LOG.error("listener {} cannot tell its sockets which loops serve them", spec.name(), t);
            }
            seen = changes.addAndGet(-seen);
        }
        settleLeavers();
    }

    private void spread() {
        for (Acceptor.Seat seat : seats) {
            if (all.stream().noneMatch(socket -> isServedBy(socket, seat.id()))) {
                socketFor(seat);
            }
        }
        for (ListeningSocket socket : all) {
            if (!isServedByAny(socket)) {
                seats.stream()
                        .min(java.util.Comparator.comparingLong(seat -> all.stream()
                                .filter(each -> isServedBy(each, seat.id()))
                                .count()))
                        .ifPresent(seat -> serve(socket, seat));
            }
        }
    }

    private void socketFor(Acceptor.Seat seat) {
        for (ListeningSocket socket : all) {
            if (!isServedByAny(socket)) {
                serve(socket, seat);
                return;
            }
        }
        for (ListeningSocket socket : all) {
            for (Acceptor acceptor : socket.acceptors()) {
                if (acceptor.isServing() && servedBy(acceptor.loop()) > 1) {
                    serve(socket, seat);
                    acceptor.retire();
                    return;
                }
            }
        }
        if (origin == SocketOrigin.MADE && !heldElsewhere && !stopped.getAsBoolean()) {
            try {
                openOne();
                serve(all.get(all.size() - 1), seat);
                return;
            } catch (IOException | RuntimeException e) {
                LOG.warn("listener {}: loop {} shares a socket with another: {}", spec.name(), seat.id(), e.toString());
            }
        }
        all.stream()
                .min(java.util.Comparator.comparingInt(ListeningSocket::servers))
                .ifPresent(socket -> serve(socket, seat));
    }

    private void serve(ListeningSocket socket, Acceptor.Seat seat) {
        for (Acceptor acceptor : socket.acceptors()) {
            if (acceptor.loop() == seat.id() && acceptor.keep()) {
                return;
            }
        }
        Acceptor acceptor = host.acceptor(seat, socket);
        socket.add(acceptor);
        acceptor.request(Acceptor.SYNC);
    }

    /** After the others serve: no socket is without a loop meanwhile. */
    private void dismiss() {
        for (ListeningSocket socket : all) {
            for (Acceptor acceptor : socket.acceptors()) {
                if (seats.stream().noneMatch(seat -> seat.id() == acceptor.loop())) {
                    acceptor.retire();
                }
            }
        }
    }

    private boolean isServedByAny(ListeningSocket socket) {
        return seats.stream().anyMatch(seat -> isServedBy(socket, seat.id()));
    }

    private static boolean isServedBy(ListeningSocket socket, int loop) {
        for (Acceptor acceptor : socket.acceptors()) {
            if (acceptor.loop() == loop && acceptor.isServing()) {
                return true;
            }
        }
        return false;
    }

    private long servedBy(int loop) {
        return all.stream().filter(socket -> isServedBy(socket, loop)).count();
    }

    /** An acceptor has let go: an exclusive wakeup of its loop's may be lost with it, so the others look. */
    void gone(Acceptor acceptor) {
        for (ListeningSocket socket : all) {
            socket.remove(acceptor);
            socket.requestAll(Acceptor.ACCEPT);
        }
        settleLeavers();
    }

    private void settleLeavers() {
        leavers.removeIf(leaver -> {
            boolean back = seats.stream().anyMatch(seat -> seat.id() == leaver.loop());
            boolean gone = back || all.stream().noneMatch(socket -> has(socket, leaver.loop()));
            if (gone) {
                leaver.gone().complete(null);
            }
            return gone;
        });
    }

    private static boolean has(ListeningSocket socket, int loop) {
        for (Acceptor acceptor : socket.acceptors()) {
            if (acceptor.loop() == loop) {
                return true;
            }
        }
        return false;
    }

    // ---- the end --------------------------------------------------------------------------------------------------

    void deleteAll() {
        all.forEach(socket -> table.fdDelete(socket.fd()));
    }

    private void oneClosed() {
        if (open.decrementAndGet() == 0 && stopped.getAsBoolean()) {
            host.allClosed();
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
