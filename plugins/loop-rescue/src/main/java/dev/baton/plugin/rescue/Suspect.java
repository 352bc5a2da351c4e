package dev.baton.plugin.rescue;

import dev.baton.spi.loop.LoopThread;
import dev.baton.spi.loop.Rescue;
import dev.baton.spi.loop.WatchedLoop;
import org.jspecify.annotations.Nullable;

/** What the watchdog remembers of one loop. Its thread's only. */
final class Suspect {
    final WatchedLoop loop;
    /** At the last look; no loop's number before the first one, of which nothing is known. */
    private long progress = -1;

    /** For how long the number has stayed in rounds that count. */
    long stuckNanos;

    private long cpuAtFirst = ThreadStates.UNKNOWN;

    /** Since when it counts as blocked; meaningless if it does not. */
    long blockedSince;

    boolean blocked;
    private @Nullable Rescue rescue;
    private long rescuedAt;
    private int takenBefore;

    Suspect(WatchedLoop loop) {
        this.loop = loop;
    }

    /** True if it has begun something since the last look, or has nothing to do. */
    boolean hasGoneOn() {
        long now = loop.progress();
        boolean same = now == progress && !loop.isWaiting();
        progress = now;
        return !same;
    }

    /** True if it is where it was at the last look. */
    boolean isStillThere() {
        return loop.progress() == progress;
    }

    void clear() {
        stuckNanos = 0;
        cpuAtFirst = ThreadStates.UNKNOWN;
        blocked = false;
    }

    /** One more round in which it has begun nothing. */
    void stuck(long nanos, ThreadStates threads) {
        if (stuckNanos == 0 && cpuAtFirst == ThreadStates.UNKNOWN) {
            cpuAtFirst = threads.cpuNanos(nativeId());
        }
        stuckNanos += nanos;
    }

    /**
     * True if it is not the loop that is slow but the machine: its thread could run and is not let. What it needs then
     * is a processor, and another loop would not get one sooner. A thread that waits for anything else, or has had a
     * processor for half of a time that is too long for a callback, is blocked indeed.
     */
    boolean isDescheduled(long detectNanos, ThreadStates threads) {
        long id = nativeId();
        if (!threads.isRunnable(id)) {
            return false;
        }
        long now = threads.cpuNanos(id);
        return now != ThreadStates.UNKNOWN && cpuAtFirst != ThreadStates.UNKNOWN && now - cpuAtFirst < detectNanos / 2;
    }

    private long nativeId() {
        LoopThread thread = loop.thread();
        return thread == null ? 0 : thread.nativeId();
    }

    // ---- rescue ---------------------------------------------------------------------------------------------------

    /** Begins a rescue, unless one that somebody helps with is under way or was just now. */
    void rescue(long now, long pauseNanos) {
        Rescue last = rescue;
        boolean anybodyHelps = last != null && last.helpers() > 0;
        if (last != null
                && anybodyHelps
                && (now - rescuedAt < pauseNanos || !(last.isOver() || now - rescuedAt > pauseNanos * 8))) {
            return;
        }
        finish();
        rescue = loop.rescue();
        rescuedAt = now;
    }

    /** Ends it: the loop continues. */
    void finish() {
        Rescue last = rescue;
        if (last != null) {
            last.end();
            takenBefore += last.taken();
            rescue = null;
        }
    }

    /** Connections that were taken over since it is blocked. */
    int taken() {
        Rescue now = rescue;
        return takenBefore + (now == null ? 0 : now.taken());
    }

    void forgetTaken() {
        takenBefore = 0;
    }
}
