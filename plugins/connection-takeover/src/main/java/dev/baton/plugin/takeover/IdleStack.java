package dev.baton.plugin.takeover;

import dev.baton.spi.loop.Loop;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The idle connections of one loop, the last one put first: a lock-free linked stack.
 *
 * <p>Only the loop pushes; any loop pops; any thread withdraws entries, which stay as dead nodes until they are popped
 * or unlinked. Unlinking in the middle is safe beside pops and pushes because a walker unlinks only what is not in any
 * more, because nothing is ever inserted in the middle, and because a node never comes back. (One thread at a time
 * walks: two would not lose anything either, but link dead nodes in again that the other has unlinked.)
 *
 * <ol>
 *   <li>the walker reads {@code a -> d -> b}, d dead, and writes {@code a.next = b};
 *   <li>a popper that read {@code a.next == d} before makes d the head: d.next is b still, and d is dropped when
 *       popped;
 *   <li>a popper that pops {@code a} meanwhile makes the walker's write one into a node that cannot be reached.
 * </ol>
 *
 * <p>No live entry is lost in any of these: it leaves the stack only by a pop of that very node. A dead one that the
 * walker unlinked in vain (3) is met again by a pop or the next walk.
 */
final class IdleStack {
    /** Dead nodes, beyond as many as live ones, that may wait; below this a walk is not worth its while. */
    private static final int DEAD_SLACK = 16;

    private static final VarHandle HEAD;
    private static final VarHandle DEAD;
    private static final VarHandle WALKING;

    static {
        try {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            HEAD = lookup.findVarHandle(IdleStack.class, "head", IdleEntry.class);
            DEAD = lookup.findVarHandle(IdleStack.class, "dead", int.class);
            WALKING = lookup.findVarHandle(IdleStack.class, "walking", boolean.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    final Loop loop;

    /** Where the loop begins to look for others' connections; touched by the loop only. */
    int nextVictim;

    /** Ticks of the loop's sweep timer, and whether it runs; touched by the loop only. */
    int tick;

    boolean ticking;

    /** The loop that sweeps: this one, or after its end another. Written by whichever it is, or was just now. */
    Loop sweeper;

    @SuppressWarnings("UnusedVariable") // by HEAD
    private @Nullable IdleEntry head;

    @SuppressWarnings("UnusedVariable") // by DEAD
    private int dead;

    @SuppressWarnings("UnusedVariable") // by WALKING
    private boolean walking;

    IdleStack(Loop loop) {
        this.loop = loop;
        this.sweeper = loop;
        this.nextVictim = loop.id() + 1;
    }

    boolean isEmpty() {
        return HEAD.getAcquire(this) == null;
    }

    void push(IdleEntry entry) {
        IdleEntry first;
        do {
            first = (IdleEntry) HEAD.getAcquire(this);
            entry.next(first);
        } while (!HEAD.compareAndSet(this, first, entry));
    }

    /** Pops the latest entry that is not dead, won for the caller; null if there is none. */
    @Nullable
    IdleEntry pop() {
        while (true) {
            IdleEntry first = (IdleEntry) HEAD.getAcquire(this);
            if (first == null) {
                return null;
            }
            if (!HEAD.compareAndSet(this, first, first.next())) {
                continue;
            }
            // A connection remembers its last entry: without this, one that is in use for long would keep alive what
            // lay
            // below it. Others that still look at the node lose their compare-and-set, as it is not the head any more.
            first.next(null);
            if (first.winForTaker()) {
                return first;
            }
            unlinked(first);
        }
    }

    /** Counts an entry that was withdrawn and, when the dead outnumber the idle, unlinks them: O(1) amortised. */
    void withdrawn(int idle) {
        int count = (int) DEAD.getAndAdd(this, 1) + 1;
        if (count >= idle + DEAD_SLACK) {
            walk(entry -> false);
        }
    }

    /**
     * Unlinks dead entries, after having asked about each live one whether it is to be withdrawn. Does nothing if
     * another thread does it just now.
     *
     * @param withdraw returns true if it withdrew the entry; called in the order of the stack
     */
    void walk(Predicate<IdleEntry> withdraw) {
        if (!WALKING.compareAndSet(this, false, true)) {
            return;
        }
        try {
            IdleEntry previous = null;
            IdleEntry entry = (IdleEntry) HEAD.getAcquire(this);
            while (entry != null) {
                IdleEntry next = entry.next();
                if ((entry.isIn() && !withdraw.test(entry)) || !unlink(previous, entry, next)) {
                    previous = entry;
                }
                entry = next;
            }
        } finally {
            WALKING.setRelease(this, false);
        }
    }

    /** Dead nodes that are still linked; for tests. */
    int deadCount() {
        return (int) DEAD.getAcquire(this);
    }

    private boolean unlink(@Nullable IdleEntry previous, IdleEntry entry, @Nullable IdleEntry next) {
        if (previous != null) {
            previous.next(next);
        } else if (!HEAD.compareAndSet(this, entry, next)) {
            return false; // pushed upon or popped meanwhile: it waits for the next walk, or is gone
        }
        unlinked(entry);
        return true;
    }

    private void unlinked(IdleEntry entry) {
        if (entry.markUnlinked()) {
            DEAD.getAndAdd(this, -1);
        }
    }
}
