package dev.baton.runtime.upstream;

import dev.baton.runtime.upstream.ServerQueue.Settled;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** The queue of a server once more, with one deliberate error or none. */
final class MutantQueue implements Line<ServerQueueLincheckTest.Connect> {
    private static final int NEW = 0;
    private static final int WAITS = 1;
    private static final int SERVED = 2;
    private static final int ENDED = 3;

    /** What is wrong; the last three are made by the operations of the test. */
    enum Mutation {
        NONE,
        /** Takes a place in two steps: more connections than may be. */
        PLACE_IN_TWO_STEPS,
        /** Serves without a look at who else did. */
        SERVES_IN_TWO_STEPS,
        /** Keeps the place of a waiter that it has lost. */
        KEEPS_PLACE,
        /** Frees that place and does not look again: who came meanwhile has found none. */
        DOES_NOT_LOOK_AGAIN,
        /** Takes it for granted that the first is still there when it has a place. */
        SERVES_THE_ENDED,
        /** Gives a place to the last. */
        LAST_COME_FIRST_SERVED,
        /** Does not count those that were served as gone. */
        COUNTS_THE_SERVED,
        /** Counts a refused newcomer. */
        COUNTS_THE_REFUSED,
        /** Ends what was served. */
        ENDS_THE_SERVED,
        /** A newcomer looks for a place before it is in the queue, and not again. */
        LOOKS_BEFORE_ADDING,
        /** Who frees a place looks for waiters before. */
        FREES_AFTER_LOOKING,
        /** Who rests a connection looks for waiters before. */
        RESTS_AFTER_LOOKING
    }

    private final Mutation mutation;
    private final int placesMax;
    private final int waitingMax;
    private final AtomicInteger taken = new AtomicInteger();
    private final AtomicInteger waiting = new AtomicInteger();
    private final Queue<ServerQueueLincheckTest.Connect> queue = new ConcurrentLinkedQueue<>();

    MutantQueue(Mutation mutation, int placesMax, int waitingMax) {
        this.mutation = mutation;
        this.placesMax = placesMax;
        this.waitingMax = waitingMax;
    }

    @Override
    public boolean takePlace() {
        if (mutation == Mutation.PLACE_IN_TWO_STEPS) {
            boolean free = taken.get() < placesMax;
            if (free) {
                taken.incrementAndGet();
            }
            return free;
        }
        int count = taken.get();
        while (count < placesMax) {
            int seen = taken.compareAndExchange(count, count + 1);
            if (seen == count) {
                return true;
            }
            count = seen;
        }
        return false;
    }

    @Override
    public void freePlace() {
        taken.getAndDecrement();
    }

    @Override
    public int taken() {
        return taken.get();
    }

    @Override
    public int waiting() {
        return waiting.get();
    }

    @Override
    public void add(ServerQueueLincheckTest.Connect newcomer) {
        queue.add(newcomer);
    }

    @Override
    public Settled settle(ServerQueueLincheckTest.Connect newcomer) {
        if (waiting.incrementAndGet() <= waitingMax) {
            if (newcomer.changes(NEW, WAITS)) {
                return Settled.WAITS;
            }
        } else if (newcomer.changes(NEW, ENDED)) {
            if (mutation != Mutation.COUNTS_THE_REFUSED) {
                waiting.decrementAndGet();
            }
            queue.remove(newcomer);
            return Settled.FULL;
        }
        waiting.decrementAndGet();
        return Settled.SERVED;
    }

    @Override
    public boolean isEmpty() {
        return first() == null;
    }

    private ServerQueueLincheckTest.@Nullable Connect first() {
        while (true) {
            ServerQueueLincheckTest.Connect first = queue.peek();
            if (first == null || first.isWaiting()) {
                return mutation == Mutation.LAST_COME_FIRST_SERVED ? last() : first;
            }
            queue.remove(first);
        }
    }

    private ServerQueueLincheckTest.@Nullable Connect last() {
        ServerQueueLincheckTest.Connect last = null;
        for (ServerQueueLincheckTest.Connect each : queue) {
            last = each.isWaiting() ? each : last;
        }
        return last;
    }

    @Override
    public ServerQueueLincheckTest.@Nullable Connect grant() {
        ServerQueueLincheckTest.Connect first;
        while ((first = first()) != null && takePlace()) {
            if (serve(first)) {
                first.placed();
            } else if (mutation != Mutation.KEEPS_PLACE) {
                freePlace();
                if (mutation == Mutation.DOES_NOT_LOOK_AGAIN) {
                    return null;
                }
            }
        }
        return first;
    }

    @Override
    public ServerQueueLincheckTest.@Nullable Connect serve(Object kind) {
        while (true) {
            ServerQueueLincheckTest.Connect first = null;
            for (ServerQueueLincheckTest.Connect each : queue) {
                if (first == null && each.kind == kind && each.isWaiting()) {
                    first = each;
                }
            }
            if (first == null || serve(first)) {
                return first;
            }
        }
    }

    private boolean serve(ServerQueueLincheckTest.Connect waiter) {
        boolean isNew;
        if (mutation == Mutation.SERVES_THE_ENDED) {
            isNew = waiter.changes(NEW, SERVED);
            if (!isNew && waiter.changes(WAITS, SERVED)) {
                waiting.decrementAndGet();
            }
        } else if (mutation == Mutation.SERVES_IN_TWO_STEPS) {
            if (!waiter.isWaiting()) {
                return false;
            }
            isNew = waiter.changes(NEW, SERVED);
            if (!isNew) {
                waiter.changes(WAITS, SERVED);
                waiting.decrementAndGet();
            }
        } else {
            isNew = waiter.changes(NEW, SERVED);
            if (!isNew && !waiter.changes(WAITS, SERVED)) {
                return false;
            }
            if (!isNew && mutation != Mutation.COUNTS_THE_SERVED) {
                waiting.decrementAndGet();
            }
        }
        queue.remove(waiter);
        return true;
    }

    @Override
    public boolean end(ServerQueueLincheckTest.Connect waiter) {
        if (mutation == Mutation.ENDS_THE_SERVED) {
            if (!waiter.changes(WAITS, ENDED) && !waiter.changes(SERVED, ENDED)) {
                return false;
            }
        } else if (!waiter.changes(WAITS, ENDED)) {
            return false;
        }
        waiting.decrementAndGet();
        queue.remove(waiter);
        return true;
    }
}
