package dev.baton.runtime.channel;

import dev.baton.runtime.loop.BatonLoop;
import io.netty.util.concurrent.DefaultPromise;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.concurrent.Callable;
import java.util.concurrent.Delayed;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A timer of a channel that can change loops. It is armed on the loop that owns the channel at that time and stays
 * there; when it fires it hops to the owner of that moment and runs under a claim. Only a rescue arms it anew, on the
 * thief, because the old loop may be stuck for long (F7 of the race list). Until the old copy is cancelled there are
 * two.
 *
 * <pre>
 *   start (any thread)    pending, then arm copy 0 on the owner
 *   a copy of turn n      hops; under the claim, if the timer is in turn n and not done: turn n+1, run; then
 *                         once: done, not pending; periodic: arm a copy of turn n+1
 *   rescue (thief, claim) due: queue a copy of the turn in the channel, once a turn, and leave the old one alone
 *                         else: arm a copy of the same turn, cancel the old one
 *   cancel (any thread)   done, not pending; cancel the copy that is known
 * </pre>
 *
 * <p>Turns change under the claim only, so of two copies of one turn the first that gets the claim runs and the second
 * finds another turn, or a timer that is done; that one may be a copy that could not be cancelled in time.
 *
 * <p>A due timer goes to the channel's queue and not to the thief's timers, because a takeover that follows at once
 * would cancel it there before the thief's turn comes, and so would the next: what is queued in a channel, no takeover
 * takes back.
 */
final class ChannelTimer<V> extends DefaultPromise<V> implements ScheduledFuture<V>, Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(ChannelTimer.class);

    private final ChannelLoop loop;
    private final Callable<V> command;
    /** In ns: 0 runs once, above 0 is a fixed rate, below 0 a fixed delay. */
    private final long periodNanos;

    private volatile long deadlineNanos;
    /** The copy that was armed last. */
    private volatile @Nullable ScheduledFuture<?> armed;
    /** The holder's. */
    private int turn;
    /** The holder's: the last turn of which a rescue has queued a copy. */
    private int queuedTurn = -1;

    ChannelTimer(ChannelLoop loop, Callable<V> command, long periodNanos) {
        super(loop);
        this.loop = loop;
        this.command = command;
        this.periodNanos = periodNanos;
    }

    ChannelTimer<V> start(long delay, TimeUnit unit) {
        long nanos = Math.max(0, unit.toNanos(delay));
        deadlineNanos = loop.ticker().nanoTime() + nanos;
        loop.pending(this);
        BatonLoop owner = loop.owner();
        while (true) {
            try {
                // Turn 0 and not the field: a thief may have armed it already, and the copy may have run.
                arm(owner, nanos, 0);
                return this;
            } catch (RejectedExecutionException e) {
                BatonLoop now = loop.owner();
                if (now == owner) {
                    loop.notPending(this);
                    throw e;
                }
                owner = now; // the other has retired since we looked
            }
        }
    }

    private void arm(BatonLoop on, long nanos, int copyOf) {
        // The first copy is the timer itself: of most there is no other, and most connections have one.
        Runnable copy = copyOf == 0 ? this : () -> loop.execute(() -> fire(copyOf));
        armed = on.schedule(copy, nanos, TimeUnit.NANOSECONDS);
        if (isDone()) {
            disarm(armed); // cancelled meanwhile
        }
    }

    /** A copy of turn 0. */
    @Override
    public void run() {
        loop.execute(() -> fire(0));
    }

    private void disarm(@Nullable ScheduledFuture<?> copy) {
        if (copy != null) {
            try {
                copy.cancel(false);
            } catch (RejectedExecutionException e) {
                LOG.debug("the loop that had a timer has ended, and its timers with it", e);
            }
        }
    }

    /** The thief, under its claim: from here on it fires there. */
    void rescue(BatonLoop thief) {
        long left = deadlineNanos - loop.ticker().nanoTime();
        if (left > 0) {
            ScheduledFuture<?> old = armed;
            arm(thief, left, turn);
            disarm(old);
        } else if (queuedTurn != turn) {
            int due = turn;
            loop.queue(() -> fire(due));
            queuedTurn = due;
        }
    }

    private void fire(int copyOf) {
        if (copyOf != turn || isDone()) {
            return;
        }
        turn++;
        if (periodNanos == 0) {
            if (!setUncancellable()) {
                return;
            }
            // Before the command: one that arms its successor, as idle timers do, must find the channel without a
            // timer.
            loop.notPending(this);
        }
        try {
            V result = command.call();
            if (periodNanos == 0) {
                setSuccess(result);
                return;
            }
        } catch (Throwable t) {
            loop.notPending(this);
            tryFailure(t);
            loop.threw(t); // few look at a timer's future, and what the timer was for would hang
            return;
        }
        if (!isDone()) {
            long now = loop.ticker().nanoTime();
            long next = periodNanos > 0 ? deadlineNanos + periodNanos : now - periodNanos;
            deadlineNanos = next;
            arm(loop.owner(), Math.max(0, next - now), turn);
        }
    }

    @Override
    public boolean cancel(boolean mayInterruptIfRunning) {
        boolean cancelled = super.cancel(mayInterruptIfRunning);
        if (cancelled) {
            loop.notPending(this);
            disarm(armed);
        }
        return cancelled;
    }

    @Override
    public long getDelay(TimeUnit unit) {
        return unit.convert(deadlineNanos - loop.ticker().nanoTime(), TimeUnit.NANOSECONDS);
    }

    @Override
    public int compareTo(Delayed other) {
        return Long.compare(getDelay(TimeUnit.NANOSECONDS), other.getDelay(TimeUnit.NANOSECONDS));
    }

    @Override
    public int hashCode() {
        return System.identityHashCode(this);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return this == other;
    }
}
