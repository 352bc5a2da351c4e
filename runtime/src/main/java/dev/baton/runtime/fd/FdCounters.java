package dev.baton.runtime.fd;

import dev.baton.spi.fd.ClosedBy;
import dev.baton.spi.fd.TakeoverResult;
import java.util.concurrent.atomic.LongAdder;

/** Counts what happens to fds, for metrics and the admin API. Any thread; counting never waits for another thread. */
public final class FdCounters {
    private final LongAdder open = new LongAdder();
    private final LongAdder orphans = new LongAdder();
    private final LongAdder closedByDeleter = new LongAdder();
    private final LongAdder closedByLeaver = new LongAdder();
    private final LongAdder taken = new LongAdder();
    private final LongAdder busy = new LongAdder();
    private final LongAdder gone = new LongAdder();
    private final LongAdder stale = new LongAdder();

    void inserted() {
        open.increment();
    }

    void orphaned() {
        orphans.increment();
    }

    void closed(ClosedBy by) {
        open.decrement();
        if (by == ClosedBy.LEAVER) {
            orphans.decrement();
            closedByLeaver.increment();
        } else {
            closedByDeleter.increment();
        }
    }

    void takeover(TakeoverResult result) {
        takeoverCounter(result).increment();
    }

    void staleEvent() {
        stale.increment();
    }

    /** Fds in the table now. */
    public long openFds() {
        return open.sum();
    }

    /** Fds that were deleted and not closed yet. */
    public long orphans() {
        return Math.max(0, orphans.sum());
    }

    /** Closes so far. */
    public long closes(ClosedBy by) {
        return (by == ClosedBy.LEAVER ? closedByLeaver : closedByDeleter).sum();
    }

    /** Takeovers so far that ended so. */
    public long takeovers(TakeoverResult result) {
        return takeoverCounter(result).sum();
    }

    private LongAdder takeoverCounter(TakeoverResult result) {
        return switch (result) {
            case TAKEN -> taken;
            case BUSY -> busy;
            case GONE -> gone;
        };
    }

    /** Events so far that came too late. */
    public long staleEvents() {
        return stale.sum();
    }
}
