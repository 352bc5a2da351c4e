package dev.baton.plugin.http.http2;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * How many exchanges one connection to a server carries, and whether it may carry more. Any thread; an exchange
 * reserves its slot before its stream begins, so a message that is on its way to the connection finds room there.
 *
 * <pre>
 * CLOSED:1 | RESTING:1 | used:30
 *
 * state           operation  by                          new state
 * RESTING 0       wake       a claim's holder            used 1: the connection was taken, or is new
 * used n &lt; max    reserve    any thread                  used n+1
 * used n          free       who reserved, or the stream used n-1
 * used 0          rest       a claim's holder            RESTING 0: the connection may be given to the pool
 * any             close      a claim's holder            CLOSED: nothing more begins; free still counts
 * </pre>
 */
final class StreamSlots {
    private static final int CLOSED = 1 << 31;
    private static final int RESTING = 1 << 30;

    private final AtomicInteger word = new AtomicInteger(RESTING);
    /** Written under the claim. */
    private volatile int max;

    StreamSlots(int max) {
        this.max = max;
    }

    /** As the server says, from now on; those that are used stay. Under the claim. */
    void max(int now) {
        max = now;
    }

    /** Takes a slot; false if there is none. */
    boolean reserve() {
        int now = word.get();
        while (now >= 0 && now < RESTING && now < max) {
            int seen = word.compareAndExchange(now, now + 1);
            if (seen == now) {
                return true;
            }
            now = seen;
        }
        return false;
    }

    /** Gives a slot back. */
    void free() {
        int before = word.getAndDecrement();
        assert (before & ~(CLOSED | RESTING)) > 0 : "a slot was given back twice";
    }

    boolean hasFree() {
        int now = word.get();
        return now >= 0 && now < RESTING && now < max;
    }

    /** Slots in use. */
    int used() {
        return word.get() & ~(CLOSED | RESTING);
    }

    /** Takes the first slot of a connection that rested; false if it did not rest. */
    boolean wake() {
        return word.compareAndSet(RESTING, 1);
    }

    /** Lets nothing begin until {@link #wake}; false if anything is under way. */
    boolean rest() {
        return word.compareAndSet(0, RESTING);
    }

    /** Lets nothing begin ever more. */
    void close() {
        word.getAndUpdate(now -> now | CLOSED);
    }

    boolean isClosed() {
        return word.get() < 0;
    }
}
