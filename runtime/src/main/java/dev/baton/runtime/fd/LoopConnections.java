package dev.baton.runtime.fd;

import dev.baton.spi.fd.FdKind;
import java.util.concurrent.atomic.AtomicIntegerArray;

/** How many downstream connections each loop owns, wherever they were accepted. New ones are placed by it. */
public final class LoopConnections {
    /** Not padded: a count changes when a connection begins, moves or ends. */
    private final AtomicIntegerArray counts = new AtomicIntegerArray(ClaimWord.MAX_LOOP + 1);

    /** Downstream connections that a loop owns now. Any thread. */
    public int of(int loop) {
        return counts.get(loop);
    }

    /**
     * Under a claim, or in the finalizer: for one fd one after the other, so that what it adds up to is never wrong.
     */
    void moved(FdKind kind, int from, int to) {
        if (kind == FdKind.DOWNSTREAM) {
            if (to <= ClaimWord.MAX_LOOP) {
                counts.getAndIncrement(to);
            }
            if (from <= ClaimWord.MAX_LOOP) {
                counts.getAndDecrement(from);
            }
        }
    }
}
