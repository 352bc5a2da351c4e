package dev.baton.lincheck;

import dev.baton.runtime.fd.FdTable.Entry;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The fd table once more, for one number and as short as can be, with one deliberate error or none. Its word is that of
 * the real table, field by field, and so are its steps.
 */
final class MutantTable implements Table {

    /** What is wrong; the race that it opens is named by its row in the list of races, or of the claim word. */
    enum Mutation {
        NONE,
        /** Row 4: an event of an old generation enters the new one (R15). */
        ENTER_ANY_GENERATION,
        /** Row 4: an event that is late enters the orphan. */
        ENTER_ORPHANED,
        /** Row 2: the loop that has lost the fd enters it (seed). */
        ENTER_NOT_OWNER,
        /** Row 2: a loop that is not among the sharers enters. */
        ENTER_NOT_SHARER,
        /** Row 4: takes an fd that died while it looked for one that is not its own. */
        ENTER_TAKES_DEAD_FOR_UNSHARED,
        /** The enter looks, and then counts: two steps. */
        ENTER_IN_TWO_STEPS,
        /** The leave reads, and then writes: two steps. */
        LEAVE_IN_TWO_STEPS,
        /** Rows 5 and 6: asks after the step who was last, in a second read (R02). */
        LEAVE_LOOKS_TWICE,
        /** Row 6: the last leave does not close (R03). */
        LEAVE_NEVER_CLOSES,
        /** Row 8: takes an fd in which somebody runs. */
        TAKEOVER_RUNNING,
        /** Row 8: takes a shared fd from its loops. */
        TAKEOVER_SHARED,
        /** Row 8: takes what has been deleted. */
        TAKEOVER_ORPHANED,
        /** Row 7: looks, and then writes: two thieves both own it (R05). */
        TAKEOVER_IN_TWO_STEPS,
        /** R29: a thief that lost leaves its mark. */
        TAKEOVER_REFUSED_WRITES,
        /** Row 12: deletes whatever has the number now. */
        DELETE_ANY_GENERATION,
        /** Row 12: two deletes of one generation both count. */
        DELETE_TWICE,
        /** Row 10: the deleter closes although somebody runs. */
        DELETE_CLOSES_AT_ONCE,
        /** Row 9: the deleter leaves the close to a leaver, whom there may not be. */
        DELETE_NEVER_CLOSES,
        /** Rows 9 and 10: looks, and then writes (R02). */
        DELETE_IN_TWO_STEPS,
        /** Row 11: gives the claim back, and then deletes: somebody may have come between. */
        DELETE_AND_LEAVE_NEVER_LEAVES,
        /** Row 11: closes although another sharer runs. */
        DELETE_AND_LEAVE_CLOSES_AT_ONCE,
        /** Row 13: the number is freed before the slot (R10). */
        CLOSE_BEFORE_FREE,
        /** Row 13: the slot keeps its generation (R15). */
        SAME_GENERATION
    }

    private static final long LIVE = 1L << 30;
    private static final long ORPHANED = 1L << 31;
    private static final int SHARED = 0x3FFF;

    private final Mutation mutation;
    private final Kernel kernel;
    private final AtomicLong word = new AtomicLong();
    private volatile int[] sharers = {};

    MutantTable(Mutation mutation, Kernel kernel) {
        this.mutation = mutation;
        this.kernel = kernel;
    }

    private boolean is(Mutation which) {
        return mutation == which;
    }

    private static int generation(long w) {
        return (int) (w >>> 32);
    }

    private static int owner(long w) {
        return (int) (w >>> 16) & 0x3FFF;
    }

    private static int running(long w) {
        return (int) (w & 0xFFFF);
    }

    private static boolean live(long w, int generation) {
        return (w & LIVE) != 0 && generation(w) == generation;
    }

    private static long owned(long w, int owner) {
        return (w & ~(0x3FFFL << 16)) | ((long) owner << 16);
    }

    /** One step; or, where the mutation says so, not even that: whatever came between is overwritten. */
    private boolean write(long before, long after, Mutation inTwoSteps) {
        if (is(inTwoSteps)) {
            word.set(after);
            return true;
        }
        return word.compareAndSet(before, after);
    }

    @Override
    public int insert(int owner) {
        long free = word.get();
        if ((free & (LIVE | ORPHANED)) != 0 || !word.compareAndSet(free, owned(free & (-1L << 32), owner) | LIVE | 1)) {
            throw new IllegalStateException("in the table already");
        }
        return generation(free);
    }

    @Override
    public int insertShared(int... loops) {
        sharers = loops;
        return insert(SHARED);
    }

    @Override
    public Entry enter(int generation, int loop) {
        while (true) {
            long w = word.get();
            boolean current = is(Mutation.ENTER_ANY_GENERATION) || generation(w) == generation;
            boolean enterable = (w & (is(Mutation.ENTER_ORPHANED) ? LIVE | ORPHANED : LIVE)) != 0;
            if (!current || !enterable) {
                return Entry.STALE;
            }
            if (!mayEnter(owner(w), loop)) {
                boolean dead = owner(w) == SHARED
                        && !live(word.get(), generation)
                        && !is(Mutation.ENTER_TAKES_DEAD_FOR_UNSHARED);
                return dead ? Entry.STALE : Entry.NOT_OWNER;
            }
            if (write(w, w + 1, Mutation.ENTER_IN_TWO_STEPS)) {
                return Entry.ENTERED;
            }
        }
    }

    private boolean mayEnter(int owner, int loop) {
        if (owner != SHARED) {
            return owner == loop || is(Mutation.ENTER_NOT_OWNER);
        }
        for (int sharer : sharers) {
            if (sharer == loop) {
                return true;
            }
        }
        return is(Mutation.ENTER_NOT_SHARER);
    }

    @Override
    public void leave(int generation) {
        long before;
        if (is(Mutation.LEAVE_IN_TWO_STEPS)) {
            before = word.get();
            word.set(before - 1);
        } else {
            before = word.getAndAdd(-1);
        }
        long after = is(Mutation.LEAVE_LOOKS_TWICE) ? word.get() : before - 1;
        if ((after & ORPHANED) != 0 && running(after) == 0 && !is(Mutation.LEAVE_NEVER_CLOSES)) {
            finish(after);
        }
    }

    @Override
    public int takeover(int generation, int thief) {
        while (true) {
            long w = word.get();
            boolean orphan = is(Mutation.TAKEOVER_ORPHANED) && (w & ORPHANED) != 0 && generation(w) == generation;
            if (!live(w, generation) && !orphan) {
                return GONE;
            }
            int owner = owner(w);
            if ((running(w) != 0 && !is(Mutation.TAKEOVER_RUNNING))
                    || (owner == SHARED && !is(Mutation.TAKEOVER_SHARED))
                    || owner == thief) {
                if (is(Mutation.TAKEOVER_REFUSED_WRITES)) {
                    word.compareAndSet(w, owned(w, thief));
                }
                return BUSY;
            }
            if (write(w, owned(w, thief) + 1, Mutation.TAKEOVER_IN_TWO_STEPS)) {
                return owner;
            }
        }
    }

    @Override
    public boolean delete(int generation) {
        while (true) {
            long w = word.get();
            boolean again = is(Mutation.DELETE_TWICE) && (w & ORPHANED) != 0 && generation(w) == generation;
            boolean other = is(Mutation.DELETE_ANY_GENERATION) && (w & LIVE) != 0;
            if (!live(w, generation) && !again && !other) {
                return false;
            }
            long orphaned = (w & ~LIVE) | ORPHANED;
            if (write(w, orphaned, Mutation.DELETE_IN_TWO_STEPS)) {
                if ((running(orphaned) == 0 || is(Mutation.DELETE_CLOSES_AT_ONCE))
                        && !is(Mutation.DELETE_NEVER_CLOSES)) {
                    finish(orphaned);
                }
                return true;
            }
        }
    }

    @Override
    public boolean deleteAndLeave(int generation) {
        while (true) {
            long w = word.get();
            if (!live(w, generation)) {
                return false;
            }
            long orphaned = ((w & ~LIVE) | ORPHANED) - (is(Mutation.DELETE_AND_LEAVE_NEVER_LEAVES) ? 0 : 1);
            if (word.compareAndSet(w, orphaned)) {
                if (running(orphaned) == 0 || is(Mutation.DELETE_AND_LEAVE_CLOSES_AT_ONCE)) {
                    finish(orphaned);
                }
                return true;
            }
        }
    }

    private void finish(long orphaned) {
        sharers = new int[0];
        long free = (long) (generation(orphaned) + (is(Mutation.SAME_GENERATION) ? 0 : 1)) << 32;
        if (is(Mutation.CLOSE_BEFORE_FREE)) {
            kernel.close(Kernel.NUMBER);
            word.set(free);
        } else {
            word.set(free);
            kernel.close(Kernel.NUMBER);
        }
    }
}
