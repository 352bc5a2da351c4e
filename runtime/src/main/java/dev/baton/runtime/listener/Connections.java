package dev.baton.runtime.listener;

import dev.baton.runtime.fd.FdTable;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.service.Service;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;

/**
 * The open connections of one listener, whichever loop has them now, and how they end.
 *
 * <p>A connection that is accepted while the others are told to drain is told as well: it is entered first and the order is
 * looked at then, the other side gives the order first and looks through the entries then. Whoever of the two comes second sees
 * it; the entry's value makes sure that it is told once.
 */
final class Connections {
    private final ConcurrentHashMap<MovableChannel, Told> open = new ConcurrentHashMap<>();
    private final Queue<Waiter> waiting = new ConcurrentLinkedQueue<>();
    private final FdTable table;
    private final ListenerGate gate;
    private final Service service;
    private final Timer timer;
    /** How long the last of those that are told to drain may wait; null before that. */
    private volatile @Nullable Duration draining;

    private volatile boolean closing;

    private static final class Waiter {
        final CompletableFuture<Integer> stage = new CompletableFuture<>();
    }

    private enum Told {
        NOTHING,
        TO_DRAIN
    }

    Connections(FdTable table, ListenerGate gate, Service service, Timer timer) {
        this.table = table;
        this.gate = gate;
        this.service = service;
        this.timer = timer;
    }

    /** Enters a connection, on its loop and under its claim. */
    void opened(MovableChannel connection) {
        open.put(connection, Told.NOTHING);
        if (closing) {
            close(connection);
        } else {
            Duration spread = draining;
            if (spread != null) {
                drain(connection, spread);
            }
        }
    }

    /** Takes a connection out that has ended. */
    void ended(MovableChannel connection) {
        open.remove(connection);
    }

    /** How many are open. */
    int count() {
        return open.size();
    }

    /**
     * Asks every connection, those that are about to come in too, to end at its next boundary.
     *
     * @param spread the idle ones end one by one within this time
     * @return how many are open
     */
    int drain(Duration spread) {
        draining = spread;
        long nanos = spread.toNanos();
        int now = count();
        long step = nanos / Math.max(1, now);
        long patience = 0;
        for (MovableChannel connection : open.keySet()) {
            patience = Math.min(patience + step, nanos); // more may have come than were counted
            drain(connection, Duration.ofNanos(patience));
        }
        return now;
    }

    private void drain(MovableChannel connection, Duration patience) {
        if (open.replace(connection, Told.NOTHING, Told.TO_DRAIN)) {
            connection.post(() -> {
                if (connection.isOpen()) {
                    service.drain(connection, patience);
                }
            });
        }
    }

    /** Deletes every connection, and those that are about to come in. Returns how many were open. */
    int close() {
        closing = true;
        int closed = 0;
        for (MovableChannel connection : open.keySet()) {
            closed += close(connection) ? 1 : 0;
        }
        return closed;
    }

    /** From outside, whatever its loop is doing: the loop is told by the finalizer. */
    private boolean close(MovableChannel connection) {
        Fd fd = connection.fd();
        return fd != null && table.fdDelete(fd);
    }

    // ---- waiting --------------------------------------------------------------------------------------------------

    /** Completes with 0 as soon as there is no connection, or after the time with how many there are. */
    CompletionStage<Integer> ended(Duration limit) {
        if (limit.isZero()) {
            return CompletableFuture.completedStage(gate.connections());
        }
        Waiter waiter = new Waiter();
        waiting.add(waiter);
        // After the add: a last connection that ended before it has not seen this one.
        if (gate.connections() == 0) {
            noneLeft();
        }
        if (!waiter.stage.isDone()) {
            timer.after(limit, () -> {
                waiting.remove(waiter);
                waiter.stage.complete(gate.connections());
            });
        }
        return waiter.stage;
    }

    /** Tells everybody who waits that a moment without connections has come. */
    void noneLeft() {
        Waiter waiter = waiting.poll();
        while (waiter != null) {
            waiter.stage.complete(0);
            waiter = waiting.poll();
        }
    }
}
