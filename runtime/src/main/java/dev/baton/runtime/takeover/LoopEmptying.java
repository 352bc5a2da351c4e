package dev.baton.runtime.takeover;

import dev.baton.runtime.channel.MovableStreamChannel;
import dev.baton.runtime.listener.SharedListener;
import dev.baton.runtime.loop.BatonLoop;
import dev.baton.spi.loop.BoundConnections;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * Everything that a loop has goes to other loops, once it is among those that serve no more.
 *
 * <pre>
 *   at the same time
 *     every listener has it let go, which others do in its place already
 *     the other loops take over what it owns, list after list (LoopEvacuation): a list is of a moment, and what the loop
 *     still runs may bring new connections, of which each is on a later list
 *   then
 *     timers that former owners of a connection have left with it are brought to where the connection is
 *   until it owns nothing in several looks and no listener has it, or only what cannot move and its thread goes on, or the
 *   time is over, or the process ends
 * </pre>
 *
 * <p>Threading: {@link #begin} once, by any thread; the looks are the timer's.
 */
final class LoopEmptying implements Runnable {
    /** Between two lists of what the loop still owns: its listeners and callbacks need some turns too. */
    static final Duration STEP = Duration.ofMillis(5);
    /** Between two looks at what takes its time. */
    static final Duration STEP_MAX = Duration.ofSeconds(1);
    /** Looks in a row that have to find nothing: what a callback was about to bring is there by then. */
    private static final int QUIET_LOOKS = 4;
    /** Steps that are short; then each is longer than the one before. */
    private static final int SHORT_STEPS = 200;

    private final BatonLoop loop;
    private final LoopSurroundings around;
    private final long deadline;
    private final BooleanSupplier goesOn;
    private final BooleanSupplier stop;
    private final Consumer<List<BoundConnections>> staying;
    private final CompletableFuture<Emptied> done = new CompletableFuture<>();
    private final AtomicInteger timersUnderWay = new AtomicInteger();
    private CompletableFuture<Void> listenersGone = CompletableFuture.completedFuture(null);
    private LoopEvacuation rescue;
    private Duration step = STEP;
    private int steps;
    private int moved;
    private int quiet;
    /** Lists in a row on which nothing was that can move. */
    private int unmovable;

    private boolean timersAsked;
    private boolean told;
    private volatile boolean cancelled;

    /**
     * How it went.
     *
     * @param moved connections that went to others
     * @param owned what the loop still has: 0 unless that cannot move, the process ends, or this was cancelled
     */
    record Emptied(int moved, int owned) {}

    /**
     * Empties a loop.
     *
     * @param limitNanos how long it may take
     * @param goesOn whether the loop's thread goes on: then what cannot move may stay on it
     * @param stop ends it with what is done by then
     * @param staying is told once of connections that cannot move, if there are any
     */
    LoopEmptying(
            BatonLoop loop,
            LoopSurroundings around,
            long limitNanos,
            BooleanSupplier goesOn,
            BooleanSupplier stop,
            Consumer<List<BoundConnections>> staying) {
        this.loop = loop;
        this.around = around;
        this.deadline = around.clockNanos().getAsLong() + limitNanos;
        this.goesOn = goesOn;
        this.stop = stop;
        this.staying = staying;
        this.rescue = LoopEvacuation.ofLeaving(loop, around.channels().table());
    }

    CompletionStage<Emptied> begin() {
        listenersGone = CompletableFuture.allOf(
                around.listeners().all().stream().map(this::leave).toArray(CompletableFuture<?>[]::new));
        rescue.start(helpers(), List.of());
        again();
        return done;
    }

    /** The loop is wanted after all. It keeps what it has. */
    void cancel() {
        cancelled = true;
        rescue.end();
    }

    /** Completes when the loop has let go of a listener, whatever the reason: others may leave at the same time. */
    private CompletableFuture<Void> leave(SharedListener listener) {
        around.settle(listener);
        return listener.removeLoop(loop).toCompletableFuture();
    }

    private List<BatonLoop> helpers() {
        List<BatonLoop> serving = around.loops().batonLoops();
        List<BatonLoop> free =
                serving.stream().filter(each -> !each.isAvoided()).toList();
        return free.isEmpty() ? serving : free;
    }

    private void again() {
        if (++steps > SHORT_STEPS && step.compareTo(STEP_MAX) < 0) {
            step = step.multipliedBy(2);
        }
        try {
            around.timer().after(step, this);
        } catch (RejectedExecutionException stopped) {
            done.completeExceptionally(stopped);
        }
    }

    @Override
    public void run() {
        try {
            look();
        } catch (Throwable t) { // somebody waits for an answer
            done.completeExceptionally(t);
        }
    }

    private void look() {
        int owned = loop.owned();
        quiet = owned == 0 && listenersGone.isDone() ? quiet + 1 : 0;
        boolean late = around.clockNanos().getAsLong() - deadline >= 0;
        if (quiet >= QUIET_LOOKS && !timersAsked) {
            // Now that nothing can be owned here any more, nothing more is armed here.
            timersAsked = true;
            bringTimers();
        }
        boolean through = (quiet >= QUIET_LOOKS && timersUnderWay.get() == 0)
                || (unmovable >= QUIET_LOOKS && goesOn.getAsBoolean());
        if (through || late || cancelled || stop.getAsBoolean()) {
            rescue.end();
            moved += rescue.taken();
            done.complete(new Emptied(moved, owned));
            return;
        }
        if (rescue.isOver() || rescue.helpers() == 0) {
            tellWhatStays();
            unmovable = rescue.listed() == 0 && listenersGone.isDone() ? unmovable + 1 : 0;
            moved += rescue.taken();
            rescue = LoopEvacuation.ofLeaving(loop, around.channels().table()).start(helpers(), List.of());
        }
        again();
    }

    private void tellWhatStays() {
        List<BoundConnections> there = told ? List.of() : around.bound().apply(loop.id());
        if (!there.isEmpty()) {
            told = true;
            staying.accept(there);
        }
    }

    private void bringTimers() {
        around.channels().table().forEach(state -> {
            if (state.handler() instanceof MovableStreamChannel connection && connection.hasTimers()) {
                timersUnderWay.incrementAndGet();
                connection.bringTimers(timersUnderWay::decrementAndGet);
            }
        });
    }
}
