package dev.baton.runtime.lane;

import dev.baton.runtime.channel.MovableStreamChannel;
import dev.baton.runtime.loop.BatonLoop;
import dev.baton.spi.fd.TakeoverResult;
import dev.baton.spi.loop.Loop;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Connections on their way to one loop of a lane, which takes them over: a few in each turn, each as soon as nothing
 * runs in it.
 *
 * <pre>
 *   taken       it is here, with its tasks and timers
 *   busy        something runs in it: a few times in the next turns; then its owner is asked to keep its hands off, and it
 *               is tried every few milliseconds, then given up
 *   elsewhere   it has ended, or another loop has it meanwhile: given up
 *   not wanted  the lane closes, or this loop is blocked or leaves: given up
 * </pre>
 *
 * <p>What is given up is served where it is, and found again by the next look of the lane ({@link ServiceLane#settle}).
 *
 * <p>Threading: {@link #add} and {@link #count} by any thread, the rest on the loop.
 */
final class Arrivals implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(Arrivals.class);

    /** Takeovers tried in a turn, of about a microsecond each: they delay the loop's own connections little. */
    static final int TRIED_A_TURN_MAX = 32;
    /** So often a connection is tried in turns one after the other: enough for most callbacks. */
    private static final int TRIES_QUICK = 16;
    /** Then it is tried so often, with a pause in between. */
    private static final int TRIES_SLOW = 50;

    private static final long PAUSE_MILLIS = 5;

    private final BatonLoop loop;
    private final BooleanSupplier open;
    private final Queue<Arrival> queue = new ConcurrentLinkedQueue<>();
    private final AtomicInteger queued = new AtomicInteger();
    private final AtomicBoolean scheduled = new AtomicBoolean();

    /** A connection, and how often it was busy. */
    private record Arrival(MovableStreamChannel connection, int tries) {}

    /**
     * None is on its way.
     *
     * @param open whether the lane still wants them
     */
    Arrivals(BatonLoop loop, BooleanSupplier open) {
        this.loop = loop;
        this.open = open;
    }

    /** How many are on their way. */
    int count() {
        return queued.get();
    }

    /** Has the loop take a connection over, if it can. */
    void add(MovableStreamChannel connection) {
        put(new Arrival(connection, 0));
        if (!scheduled.getAndSet(true)) {
            try {
                loop.execute(this);
            } catch (RejectedExecutionException ended) {
                LOG.debug("{} has ended, and takes nothing over", loop, ended);
                giveUp();
            }
        }
    }

    /** Now is a good moment to look at what waits. */
    private void wake() {
        try {
            loop.execute(this);
        } catch (RejectedExecutionException ended) {
            LOG.debug("{} has ended, and takes nothing over", loop, ended);
        }
    }

    private void put(Arrival arrival) {
        queued.incrementAndGet();
        queue.add(arrival);
    }

    private void giveUp() {
        while (queue.poll() != null) {
            queued.decrementAndGet();
        }
        scheduled.set(false);
    }

    @Override
    public void run() {
        scheduled.set(false); // before the queue is looked at: what is added from here on schedules anew
        List<Arrival> busy = new ArrayList<>();
        boolean hurries = false;
        for (int i = 0; i < TRIED_A_TURN_MAX; i++) {
            Arrival next = queue.poll();
            if (next == null) {
                break;
            }
            queued.decrementAndGet();
            if (take(next.connection()) != TakeoverResult.BUSY || next.tries() >= TRIES_QUICK + TRIES_SLOW) {
                continue;
            }
            busy.add(new Arrival(next.connection(), next.tries() + 1));
            hurries |= next.tries() < TRIES_QUICK;
            if (next.tries() == TRIES_QUICK) {
                next.connection().stepAside(this::wake);
            }
        }
        boolean moreWait = !queue.isEmpty();
        busy.forEach(this::put);
        if ((moreWait || !busy.isEmpty()) && !scheduled.getAndSet(true)) {
            again(moreWait || hurries);
        }
    }

    private void again(boolean atOnce) {
        try {
            if (atOnce) {
                loop.nextTurn(this);
            } else {
                loop.schedule(this, PAUSE_MILLIS, TimeUnit.MILLISECONDS);
            }
        } catch (RejectedExecutionException ended) {
            LOG.debug("{} has ended, and takes nothing over", loop, ended);
            giveUp();
        }
    }

    private TakeoverResult take(MovableStreamChannel connection) {
        Loop from = connection.loop();
        // Not from another loop of the lane, which may have it for the same reason.
        if (!open.getAsBoolean()
                || loop.isAvoided()
                || from == loop
                || ((BatonLoop) from).role().equals(loop.role())) {
            return TakeoverResult.GONE;
        }
        try {
            TakeoverResult result = connection.takeover(loop, from.id());
            if (result == TakeoverResult.TAKEN) {
                connection.leave();
            }
            return result;
        } catch (Throwable t) { // the others still wait
            LOG.error("{} cannot take {} over", loop, connection, t);
            return TakeoverResult.GONE;
        }
    }
}
