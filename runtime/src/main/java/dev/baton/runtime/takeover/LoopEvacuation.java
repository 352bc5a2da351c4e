package dev.baton.runtime.takeover;

import dev.baton.runtime.channel.MovableStreamChannel;
import dev.baton.runtime.fd.FdTable;
import dev.baton.runtime.fd.Moves;
import dev.baton.runtime.listener.SharedListener;
import dev.baton.runtime.loop.BatonLoop;
import dev.baton.spi.admin.Move.Cause;
import dev.baton.spi.fd.TakeoverResult;
import dev.baton.spi.loop.Rescue;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Connections of one loop, the victim, which other loops take over: a task on each of them, which pulls from one list.
 *
 * <pre>
 *   list     (any thread that may take its time) the connections that the victim owns at a moment
 *   task     (each helper) look for connections to accept; then at most 32 of the list, then again in the next turn
 *   pull     cursor + 1: of two helpers each gets another connection
 *   take     row 7 of the fd table, the victim named: nothing of a loop that has taken it meanwhile, nor of a healthy one (F5)
 *   over     the list is through, or the victim has gone on, or somebody says so
 * </pre>
 *
 * <p>A helper that blocks or ends in the middle keeps what it has taken, and the others pull the rest: it has never
 * pulled more than one ahead. What it has taken is its own, and is rescued from it like anything else. A helper that is
 * slow to begin only leaves more to the others. What cannot be taken is left: the victim runs in it, or it is gone, or
 * somebody has it.
 *
 * <p>A list grows old: what the victim gets after the moment is in the next one. So a caller that wants everything
 * makes another list, and another, until one is empty; for a victim that is blocked or dead the second is, but for what
 * a helper had in its hands.
 *
 * <p>Threading: any thread.
 */
public final class LoopEvacuation implements Rescue {
    private static final Logger LOG = LoggerFactory.getLogger(LoopEvacuation.class);

    /**
     * Takeovers a turn, of about a microsecond and a timer's arming each: they delay the helper's own connections
     * little.
     */
    static final int TAKEN_A_TURN_MAX = 32;

    private final BatonLoop victim;
    private final List<MovableStreamChannel> list;
    private final Cause cause;
    private final Moves moves;
    private final BooleanSupplier stillWanted;
    private final AtomicInteger cursor = new AtomicInteger();
    private final AtomicInteger taken = new AtomicInteger();
    private final AtomicInteger refused = new AtomicInteger();
    private volatile boolean ended;
    private volatile List<BatonLoop> helpers = List.of();

    private LoopEvacuation(
            BatonLoop victim,
            FdTable table,
            List<MovableStreamChannel> list,
            Cause cause,
            BooleanSupplier stillWanted) {
        this.victim = victim;
        this.list = list;
        this.cause = cause;
        this.moves = table.observers().moves();
        this.stillWanted = stillWanted;
    }

    /** Lists what a victim owns, for as long as it does not go on. Cost: O(highest number). */
    static LoopEvacuation ofBlocked(BatonLoop victim, FdTable table) {
        // Before the list: a victim that continues while it is made is a healthy one.
        long progress = victim.progress();
        return new LoopEvacuation(
                victim, table, connections(victim, table), Cause.RESCUE, () -> victim.progress() == progress);
    }

    /** Lists what a victim owns that is to lose all of it, whatever it does. Cost: O(highest number). */
    public static LoopEvacuation ofLeaving(BatonLoop victim, FdTable table) {
        return new LoopEvacuation(victim, table, connections(victim, table), Cause.RETIREMENT, () -> true);
    }

    /**
     * Some of what a victim owns, which one other loop is to have: for as long as neither of them is to go, and nobody
     * has seen that the thief is blocked. A victim that is blocked meanwhile loses them all the same: that is no worse.
     */
    static LoopEvacuation ofSome(BatonLoop victim, BatonLoop thief, FdTable table, List<MovableStreamChannel> some) {
        return new LoopEvacuation(
                victim, table, some, Cause.REBALANCE, () -> !thief.isAvoided() && !victim.isLeaving());
    }

    private static List<MovableStreamChannel> connections(BatonLoop victim, FdTable table) {
        List<MovableStreamChannel> found = new ArrayList<>();
        table.forEach(state -> {
            if (state.owner() == victim.id() && state.handler() instanceof MovableStreamChannel connection) {
                found.add(connection);
            }
        });
        return found;
    }

    /**
     * Asks loops to begin.
     *
     * @param helpers not the victim
     * @param listeners what may have connections that wait to be accepted
     */
    public LoopEvacuation start(Iterable<BatonLoop> helpers, Iterable<SharedListener> listeners) {
        List<BatonLoop> asked = new ArrayList<>();
        for (BatonLoop helper : helpers) {
            try {
                helper.execute(() -> help(helper, listeners));
                asked.add(helper);
            } catch (RejectedExecutionException | OutOfMemoryError gone) { // the latter for want of a thread
                LOG.debug("{} has ended or cannot start, and does not help {}", helper, victim, gone);
            }
        }
        this.helpers = asked;
        return this;
    }

    private void help(BatonLoop helper, Iterable<SharedListener> listeners) {
        if (isOver() && !list.isEmpty()) {
            return; // late
        }
        for (SharedListener listener : listeners) {
            listener.tryAccept(helper);
        }
        pull(helper);
    }

    private void pull(BatonLoop helper) {
        for (int i = 0; i < TAKEN_A_TURN_MAX; i++) {
            int next = isOver() || helper.isShuttingDown() ? list.size() : cursor.getAndIncrement();
            if (next >= list.size()) {
                return;
            }
            (take(list.get(next), helper) ? taken : refused).incrementAndGet();
        }
        helper.nextTurn(() -> pull(helper));
    }

    private boolean take(MovableStreamChannel connection, BatonLoop helper) {
        try {
            if (connection.takeover(helper, victim.id()) != TakeoverResult.TAKEN) {
                return false;
            }
        } catch (Throwable t) { // the others on the list still wait
            LOG.error("{} cannot take {} over from {}", helper, connection, victim, t);
            return false;
        }
        connection.leave();
        moves.because(cause, victim.id(), helper.id());
        return true;
    }

    @Override
    public void end() {
        ended = true;
    }

    @Override
    public boolean isOver() {
        return ended || cursor.get() >= list.size() || !stillWanted.getAsBoolean();
    }

    @Override
    public int helpers() {
        int able = 0;
        for (BatonLoop helper : helpers) {
            if (!helper.isAvoided()) {
                able++;
            }
        }
        return able;
    }

    @Override
    public int listed() {
        return list.size();
    }

    @Override
    public int taken() {
        return taken.get();
    }

    @Override
    public int refused() {
        return refused.get();
    }

    @Override
    public String toString() {
        return "rescue from " + victim + ": " + taken() + " of " + listed() + " taken, " + refused() + " refused";
    }
}
