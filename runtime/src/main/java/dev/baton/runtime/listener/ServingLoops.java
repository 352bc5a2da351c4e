package dev.baton.runtime.listener;

import java.io.IOException;
import java.util.Comparator;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which loops serve which sockets of one listener: all of them the one, or each its own.
 *
 * <p>Loops come and go while it serves. What is wanted ({@link #seats}) is written first, then {@link #reconcile}
 * brings the sockets in line with it: one thread at a time, without a lock; who finds another at it leaves the work to
 * that one. No socket is ever closed because its loop goes: its backlog would be cut. Another loop takes it over, until
 * one comes that has none.
 *
 * <pre>
 *              shared                              per loop
 * each socket  is served by every loop             is served by at least one loop
 * each loop    serves every socket                 serves at least one socket
 * a new loop   serves every socket too             takes a socket from a loop that has two, else gets a new one; if that
 *                                                  cannot be bound, shares the one with the fewest loops
 * </pre>
 *
 * <p>Threading: any thread; where each loop has a socket of its own, what opens one is the worker's.
 */
final class ServingLoops {
    private static final Logger LOG = LoggerFactory.getLogger(ServingLoops.class);

    private final String listener;
    private final boolean perLoop;
    private final List<ListeningSocket> sockets;
    private final Executor worker;
    private final BiFunction<Acceptor.Seat, ListeningSocket, Acceptor> acceptors;
    private final Another another;

    private final List<Acceptor.Seat> seats;
    /** Changes that reconcile has not seen. */
    private final AtomicInteger changes = new AtomicInteger();

    private final Queue<Leaver> leavers = new ConcurrentLinkedQueue<>();
    private volatile boolean opened;

    /** Makes sockets. */
    @FunctionalInterface
    interface Another {
        /**
         * One more, on the address of the others.
         *
         * @return null if the listener may have no more
         * @throws IOException if it cannot be bound
         */
        @Nullable
        ListeningSocket open() throws IOException;
    }

    private record Leaver(int loop, CompletableFuture<Void> gone) {}

    /**
     * Loops that serve nothing yet.
     *
     * @param listener the listener's name
     * @param perLoop whether each loop has a socket of its own
     * @param sockets those that there are, at each time
     * @param worker where binding may block
     * @param acceptors makes a loop's acceptor for a socket
     * @param another opens a socket for a loop that has none
     */
    ServingLoops(
            String listener,
            boolean perLoop,
            List<ListeningSocket> sockets,
            List<Acceptor.Seat> seats,
            Executor worker,
            BiFunction<Acceptor.Seat, ListeningSocket, Acceptor> acceptors,
            Another another) {
        this.listener = listener;
        this.perLoop = perLoop;
        this.sockets = sockets;
        this.seats = new CopyOnWriteArrayList<>(seats);
        this.worker = worker;
        this.acceptors = acceptors;
        this.another = another;
    }

    /** The loops that are to serve. */
    List<Acceptor.Seat> seats() {
        return seats;
    }

    /** There are sockets now: the loops serve them. */
    void opened() {
        opened = true;
        reconcile();
    }

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
        // After the removal, before the change: a reconciliation that has not seen the removal lets no loop go.
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
        if (!perLoop) {
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

    /** Brings the sockets in line with the loops. May block where each loop has a socket of its own. */
    private void reconcile() {
        if (changes.getAndIncrement() > 0) {
            return;
        }
        int seen = 1;
        while (seen > 0) {
            seen = changes.get();
            try {
                if (perLoop) {
                    spread();
                } else {
                    sockets.forEach(socket -> seats.forEach(seat -> serve(socket, seat)));
                }
                dismiss();
            } catch (Throwable t) { // the next change must find nobody at it
                LOG.error("listener {} cannot tell its sockets which loops serve them", listener, t);
            }
            seen = changes.addAndGet(-seen);
        }
        settleLeavers();
    }

    private void spread() {
        for (Acceptor.Seat seat : seats) {
            if (sockets.stream().noneMatch(socket -> isServedBy(socket, seat.id()))) {
                socketFor(seat);
            }
        }
        for (ListeningSocket socket : sockets) {
            if (!isServedByAny(socket)) {
                seats.stream()
                        .min(Comparator.comparingLong(seat -> sockets.stream()
                                .filter(each -> isServedBy(each, seat.id()))
                                .count()))
                        .ifPresent(seat -> serve(socket, seat));
            }
        }
    }

    private void socketFor(Acceptor.Seat seat) {
        for (ListeningSocket socket : sockets) {
            if (!isServedByAny(socket)) {
                serve(socket, seat);
                return;
            }
        }
        for (ListeningSocket socket : sockets) {
            for (Acceptor acceptor : socket.acceptors()) {
                if (acceptor.isServing() && servedBy(acceptor.loop()) > 1) {
                    serve(socket, seat);
                    acceptor.retire();
                    return;
                }
            }
        }
        try {
            ListeningSocket opened = another.open();
            if (opened != null) {
                serve(opened, seat);
                return;
            }
        } catch (IOException | RuntimeException e) {
            LOG.warn("listener {}: loop {} shares a socket with another: {}", listener, seat.id(), e.toString());
        }
        sockets.stream()
                .min(Comparator.comparingInt(ListeningSocket::servers))
                .ifPresent(socket -> serve(socket, seat));
    }

    private void serve(ListeningSocket socket, Acceptor.Seat seat) {
        for (Acceptor acceptor : socket.acceptors()) {
            if (acceptor.loop() == seat.id() && acceptor.keep()) {
                return;
            }
        }
        Acceptor acceptor = acceptors.apply(seat, socket);
        socket.add(acceptor);
        acceptor.request(Acceptor.SYNC);
    }

    /** After the others serve: no socket is without a loop meanwhile. */
    private void dismiss() {
        for (ListeningSocket socket : sockets) {
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
        return sockets.stream().filter(socket -> isServedBy(socket, loop)).count();
    }

    /** An acceptor has let go: an exclusive wakeup of its loop's may be lost with it, so the others look. */
    void gone(Acceptor acceptor) {
        for (ListeningSocket socket : sockets) {
            socket.remove(acceptor);
            socket.requestAll(Acceptor.ACCEPT);
        }
        settleLeavers();
    }

    private void settleLeavers() {
        leavers.removeIf(leaver -> {
            boolean back = seats.stream().anyMatch(seat -> seat.id() == leaver.loop());
            boolean gone = back || sockets.stream().noneMatch(socket -> has(socket, leaver.loop()));
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
}
