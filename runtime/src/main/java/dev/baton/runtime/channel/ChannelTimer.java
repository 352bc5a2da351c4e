package dev.baton.runtime.channel;

import io.netty.util.concurrent.DefaultPromise;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.concurrent.Callable;
import java.util.concurrent.Delayed;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A timer of a channel that can change loops. It is armed on the loop that owns the channel at that time and stays there;
 * when it fires it hops to the owner of that moment and runs under a claim, once.
 */
final class ChannelTimer<V> extends DefaultPromise<V> implements ScheduledFuture<V>, Runnable {
    private final ChannelLoop loop;
    private final Callable<V> command;
    /** In ns: 0 runs once, above 0 is a fixed rate, below 0 a fixed delay. */
    private final long periodNanos;

    private volatile long deadlineNanos;
    private volatile @Nullable ScheduledFuture<?> armed;

    ChannelTimer(ChannelLoop loop, Callable<V> command, long periodNanos) {
        super(loop);
        this.loop = loop;
        this.command = command;
        this.periodNanos = periodNanos;
    }

    ChannelTimer<V> start(long delay, TimeUnit unit) {
        long nanos = Math.max(0, unit.toNanos(delay));
        deadlineNanos = System.nanoTime() + nanos;
        arm(nanos);
        return this;
    }

    private void arm(long nanos) {
        armed = loop.owner().schedule((Runnable) this, nanos, TimeUnit.NANOSECONDS);
        if (isDone()) {
            disarm(); // cancelled meanwhile
        }
    }

    private void disarm() {
        ScheduledFuture<?> known = armed;
        if (known != null) {
            armed = null;
            known.cancel(false);
        }
    }

    /** On the loop where it was armed, outside of any claim: hops. */
    @Override
    public void run() {
        loop.execute(this::fire);
    }

    private void fire() {
        if (isDone()) {
            return;
        }
        if (periodNanos == 0 && !setUncancellable()) {
            return;
        }
        try {
            V result = command.call();
            if (periodNanos == 0) {
                setSuccess(result);
                return;
            }
        } catch (Throwable t) { // as every future does it: the failure is the result
            tryFailure(t);
            return;
        }
        if (!isDone()) {
            long now = System.nanoTime();
            long next = periodNanos > 0 ? deadlineNanos + periodNanos : now - periodNanos;
            deadlineNanos = next;
            arm(Math.max(0, next - now));
        }
    }

    @Override
    public boolean cancel(boolean mayInterruptIfRunning) {
        boolean cancelled = super.cancel(mayInterruptIfRunning);
        if (cancelled) {
            disarm();
        }
        return cancelled;
    }

    @Override
    public long getDelay(TimeUnit unit) {
        return unit.convert(deadlineNanos - System.nanoTime(), TimeUnit.NANOSECONDS);
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
