package dev.baton.runtime.fd;

import dev.baton.runtime.posix.Posix;
import dev.baton.spi.fd.ClosedBy;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.fd.FdKind;
import dev.baton.spi.fd.Fds;
import dev.baton.spi.fd.TakeoverResult;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All fds of the process, and who may run in each now.
 *
 * <p>The state of an fd is one claim word (the table of its transitions is in {@code ClaimWord}); every operation is
 * one CAS or one getAndAdd on it. None waits for another thread, locks or calls back into its caller. A CAS that fails
 * is tried again only because another thread got on.
 *
 * <p>Memory order: enter, takeover and fdDelete read with acquire and write with a volatile weak CAS, which also
 * validates the plain read of the registration in between: a registration is cleared only after the word has changed
 * for good. leave is a volatile getAndAdd, insert a volatile CAS, the finalizer releases and closes last.
 *
 * <p>The loops of a SHARED fd may change while it lives ({@link #addSharer}, {@link #removeSharer}): they are an array
 * that is never written to, replaced as a whole by a volatile CAS, and read with acquire by row 2 and by the finalizer.
 * Row 2 needs no more: each loop looks for its own id only, on its own thread. A loop that is being added enters for
 * the first time in a task that was queued after the replacement, so it sees itself; one that is being removed takes
 * itself out, on its own thread, so it cannot be between the look and the CAS. What is to be kept is that <em>the loops
 * in the array are at least those whose poller has the fd</em>, for the finalizer takes it out of the pollers of
 * exactly these where the close does not: a loop is added before it may poll, and is removed after its poller has let
 * go. A finalizer that reads the array before an addition misses nothing: the word is ORPHANED by then, the new loop's
 * enter is refused (row 4), and it polls only under a claim. One that reads it after an enter sees that loop: its enter
 * came after the addition, and the finalizer after its leave.
 *
 * <p>Thread-safe; {@code enter} and {@code takeover} only by the thread of the loop that they name.
 */
public final class FdTable implements Fds {
    private static final Logger LOG = LoggerFactory.getLogger(FdTable.class);

    /** Owner of an fd that no loop dispatches. */
    public static final int NONE = ClaimWord.NONE;
    /** Owner of an fd that a set of loops dispatches. */
    public static final int SHARED = ClaimWord.SHARED;
    /** What {@code plugin} says of fds that are the runtime's own. */
    public static final String RUNTIME = "runtime";
    /** The highest id that a loop can have. */
    public static final int MAX_LOOP = ClaimWord.MAX_LOOP;
    /** The most fds that a process can have on Linux by default ({@code fs.nr_open}); numbers run below it. */
    public static final int MAX_FDS = 1 << 20;

    private static final int CHUNK_BITS = 8;
    private static final int CHUNK_SIZE = 1 << CHUNK_BITS;
    /** Longs from one word to the next: 128 bytes, a cache line and the one that the prefetcher pulls along. */
    private static final int STRIDE = 16;

    private static final VarHandle WORDS = MethodHandles.arrayElementVarHandle(long[].class);

    private final AtomicReferenceArray<Chunk> chunks = new AtomicReferenceArray<>(MAX_FDS >>> CHUNK_BITS);
    private final Posix posix;
    private final FdPollers pollers;
    private final FdObservers observers;

    /** 256 numbers: 32 KiB of words, made when the first of them is inserted. */
    private static final class Chunk {
        final long[] words = new long[(CHUNK_SIZE + 1) * STRIDE];
        final @Nullable Registration[] registrations = new Registration[CHUNK_SIZE];
    }

    /**
     * An empty table.
     *
     * @param posix closes
     * @param pollers takes dying fds out of pollers
     * @param observers are told of each change
     */
    public FdTable(Posix posix, FdPollers pollers, FdObservers observers) {
        this.posix = posix;
        this.pollers = pollers;
        this.observers = observers;
    }

    /** What became of an enter. */
    public enum Entry {
        /** The caller holds a claim. */
        ENTERED,
        /** Row 3: another loop owns it by now; the caller takes it out of its own poller. */
        NOT_OWNER,
        /** Row 4: the registration is gone; the caller must not touch the number. */
        STALE
    }

    // ---- insert ---------------------------------------------------------------------------------------------------

    /** {@inheritDoc} */
    @Override
    public Fd fdInsert(int number, FdKind kind) {
        return fdInsert(number, kind, RUNTIME);
    }

    /** Closes a number that could not become a channel, and that may or may not be in the table already. */
    public void discard(int number, FdKind kind) {
        try {
            fdDelete(fdInsert(number, kind));
        } catch (IllegalStateException inserted) {
            LOG.error("fd {} is lost", number, inserted);
        }
    }

    /** {@link #fdInsert(int, FdKind)} for a plugin, which then is the one that may delete it ({@link OwnedFds}). */
    Fd fdInsert(int number, FdKind kind, String plugin) {
        Fd fd = insert(number, kind, plugin, null, NONE, null);
        leave(fd);
        return fd;
    }

    /**
     * Row 1 for an fd that no loop dispatches, and on which its user keeps a claim for as long as it makes calls with
     * the number: a delete from outside takes effect when the user lets it go with {@link #fdRelease}, so the number
     * cannot become another's in between.
     */
    public Fd fdInsertHeld(int number, FdKind kind) {
        return insert(number, kind, RUNTIME, null, NONE, null);
    }

    /** Deletes what {@link #fdInsertHeld} has inserted and gives the claim back, whoever has deleted it meanwhile. */
    public void fdRelease(Fd fd) {
        if (!fdDeleteAndLeave(fd)) {
            leave(fd);
        }
    }

    /**
     * Row 1 for an fd that one loop owns, or none for now. The caller holds a claim and must leave; before that it adds
     * the fd to the owner's poller.
     *
     * @param number the kernel's number; from here on only this table closes it
     * @param owner id of the owning loop, whose thread is calling, or {@link #NONE}
     */
    public Fd fdInsert(int number, FdKind kind, String plugin, FdHandler handler, int owner) {
        assert (owner >= 0 && owner <= MAX_LOOP) || owner == NONE : owner;
        return insert(number, kind, plugin, handler, owner, null);
    }

    /**
     * Row 1 for an fd that a set of loops shares. The caller holds a claim and must leave.
     *
     * @param sharers ids of the loops, ascending; not empty
     */
    public Fd fdInsertShared(int number, FdKind kind, String plugin, FdHandler handler, int... sharers) {
        assert sharers.length > 0;
        return insert(number, kind, plugin, handler, SHARED, sharers.clone());
    }

    /**
     * Adds a loop to those that share an fd. Any thread, whatever becomes of the fd meanwhile. Afterwards the loop may
     * enter, and under that claim poll it.
     *
     * @return false if it shares the fd already, or the fd is gone or not SHARED
     */
    public boolean addSharer(Fd fd, int loop) {
        assert loop >= 0 && loop <= MAX_LOOP : loop;
        Registration registration = registrationOf(fd);
        return registration != null && registration.addSharer(loop);
    }

    /**
     * Takes a loop from those that share an fd, the last one too. By the loop itself when its poller has let the fd go,
     * or by anybody when it has ended.
     *
     * @return false if it did not share the fd, or the fd is gone
     */
    public boolean removeSharer(Fd fd, int loop) {
        Registration registration = registrationOf(fd);
        return registration != null && registration.removeSharer(loop);
    }

    /**
     * The registration of this generation, which may be gone by the time that it is returned: its fields are then
     * garbage.
     */
    private @Nullable Registration registrationOf(Fd fd) {
        if (fd.number() < 0 || fd.number() >= MAX_FDS) {
            return null; // never was one
        }
        Chunk chunk = chunks.getAcquire(fd.number() >>> CHUNK_BITS);
        Registration registration = chunk == null ? null : chunk.registrations[fd.number() & (CHUNK_SIZE - 1)];
        return registration == null || !registration.fd.equals(fd) ? null : registration;
    }

    /** Id of the plugin that an fd serves, {@link #RUNTIME} for the runtime's own; null if it is gone. Any thread. */
    @Nullable
    String plugin(Fd fd) {
        Registration registration = registrationOf(fd);
        return registration == null ? null : registration.plugin;
    }

    private Fd insert(
            int number, FdKind kind, String plugin, @Nullable FdHandler handler, int owner, int @Nullable [] sharers) {
        if (number < 0 || number >= MAX_FDS) {
            throw new IllegalArgumentException("fd number " + number + ": must be 0 to " + (MAX_FDS - 1));
        }
        Chunk chunk = chunkFor(number);
        long free = (long) WORDS.getAcquire(chunk.words, index(number));
        if (!ClaimWord.isFree(free)) {
            throw inTable(number, free);
        }
        Fd fd = new Fd(number, ClaimWord.generation(free));
        Registration registration = new Registration(fd, kind, plugin, handler, sharers, System.nanoTime());
        // Before the CAS: a thread that sees the word LIVE sees these fields.
        chunk.registrations[number & (CHUNK_SIZE - 1)] = registration;
        if (!WORDS.compareAndSet(chunk.words, index(number), free, ClaimWord.inserted(free, owner))) {
            throw inTable(number, (long) WORDS.getAcquire(chunk.words, index(number)));
        }
        observers.inserted(registration, owner);
        return fd;
    }

    private static IllegalStateException inTable(int number, long word) {
        return new IllegalStateException("fd " + number + " is in the table already (" + ClaimWord.describe(word)
                + "): this number was closed without fdDelete");
    }

    // ---- enter and leave ------------------------------------------------------------------------------------------

    /**
     * Rows 2 to 4. Only by the thread of the loop, which does not hold a claim on an owned fd already.
     *
     * @param loop id of the calling loop
     */
    public Entry enter(int number, int generation, int loop) {
        Chunk chunk = chunks.getAcquire(number >>> CHUNK_BITS);
        if (chunk == null) {
            return Entry.STALE;
        }
        long[] words = chunk.words;
        int index = index(number);
        while (true) {
            long word = (long) WORDS.getAcquire(words, index);
            if (!ClaimWord.isLive(word, generation)) {
                return Entry.STALE;
            }
            int owner = ClaimWord.owner(word);
            if (owner != loop) {
                if (owner != SHARED) {
                    return Entry.NOT_OWNER;
                }
                Registration registration = chunk.registrations[number & (CHUNK_SIZE - 1)];
                if (registration == null || !registration.isSharedBy(loop)) {
                    // Row 3 only if what was read is the word's: the fd may have died between the two reads, and the
                    // number have been inserted again, which is row 4. No CAS validates it here as it does below.
                    // SharedEventEventDelete of it/jcstress.
                    VarHandle.loadLoadFence();
                    return ClaimWord.isLive((long) WORDS.getAcquire(words, index), generation)
                            ? Entry.NOT_OWNER
                            : Entry.STALE;
                }
            } else {
                assert ClaimWord.running(word) == 0 : "entered twice: fd " + number + " " + ClaimWord.describe(word);
            }
            if (WORDS.weakCompareAndSet(words, index, word, word + ClaimWord.RUNNING_ONE)) {
                return Entry.ENTERED;
            }
        }
    }

    /**
     * Rows 5 and 6: gives a claim back. If the fd was orphaned and this was the last claim, finalizes and closes it.
     * Stands in a finally.
     */
    public void leave(Fd fd) {
        Chunk chunk = chunkOf(fd.number());
        long before = (long) WORDS.getAndAdd(chunk.words, index(fd.number()), -ClaimWord.RUNNING_ONE);
        assert ClaimWord.generation(before) == fd.generation() && ClaimWord.running(before) > 0
                : "left without a claim: " + fd + " " + ClaimWord.describe(before);
        if (ClaimWord.isOrphaned(before) && ClaimWord.running(before) == 1) {
            finish(chunk, fd, before - ClaimWord.RUNNING_ONE, ClosedBy.LEAVER);
        }
    }

    /** The handler of an fd on which the caller holds a claim. */
    public @Nullable FdHandler handler(int number) {
        Registration registration = chunkOf(number).registrations[number & (CHUNK_SIZE - 1)];
        return registration == null ? null : registration.handler;
    }

    /** Who is told of each change. */
    public FdObservers observers() {
        return observers;
    }

    // ---- takeover -------------------------------------------------------------------------------------------------

    /** Names no victim. */
    public static final int ANY_VICTIM = -1;

    /**
     * Rows 7 and 8, by the thread of the thief. TAKEN: the caller holds a claim; it adds the fd to its own poller and
     * leaves. Everything else has written nothing.
     *
     * @param thief id of the calling loop
     * @param victim only from this loop (a rescue), or {@link #ANY_VICTIM}
     * @return the id of the loop that owned it ({@link #NONE} included) if taken, else {@link #BUSY} or {@link #GONE}
     */
    public int fdTakeover(Fd fd, int thief, int victim) {
        Chunk chunk = chunkOf(fd.number());
        int index = index(fd.number());
        while (true) {
            long word = (long) WORDS.getAcquire(chunk.words, index);
            if (!ClaimWord.isLive(word, fd.generation())) {
                observers.takeoverRefused(TakeoverResult.GONE);
                return GONE;
            }
            int owner = ClaimWord.owner(word);
            if (ClaimWord.running(word) != 0
                    || owner == SHARED
                    || owner == thief
                    || (victim != ANY_VICTIM && owner != victim)) {
                observers.takeoverRefused(TakeoverResult.BUSY);
                return BUSY;
            }
            if (WORDS.weakCompareAndSet(chunk.words, index, word, ClaimWord.taken(word, thief))) {
                Registration registration = registration(chunk, fd.number());
                if (owner != NONE) {
                    registration.takeovers++;
                }
                observers.takenOver(registration, owner, thief);
                return owner;
            }
        }
    }

    /** Answer of {@link #fdTakeover}: a thread runs in it, or it is not to be had by one loop, or from this victim. */
    public static final int BUSY = -1;
    /** Answer of {@link #fdTakeover}: it was deleted. */
    public static final int GONE = -2;

    // ---- delete ---------------------------------------------------------------------------------------------------

    /** Rows 9, 10 and 12. */
    @Override
    public boolean fdDelete(Fd fd) {
        return delete(fd, 0);
    }

    /**
     * Row 11: deletes an fd on which the caller holds a claim, and gives that claim back in the same step; the fd is
     * closed when this returns, unless others run in it too.
     *
     * @return false, and the claim still held, if another thread has deleted it before
     */
    public boolean fdDeleteAndLeave(Fd fd) {
        return delete(fd, ClaimWord.RUNNING_ONE);
    }

    /**
     * Deletes an fd whose number belongs to outside code: everything happens but the close.
     *
     * @return as {@link #fdDelete}
     */
    public boolean fdDisown(Fd fd) {
        Registration registration = registrationOf(fd);
        if (registration == null) {
            return false;
        }
        registration.disowned = true;
        if (delete(fd, 0)) {
            return true;
        }
        // Deleted from outside meanwhile. The caller's claim is not given back yet, so nobody has closed it: whoever
        // leaves last does.
        registration.disowned = false;
        return false;
    }

    /**
     * Notes that another holds the open file behind an fd (it was dup'ed, inherited or passed to another process): it
     * is taken out of the pollers before it is closed.
     */
    public void heldElsewhere(Fd fd) {
        Registration registration = registrationOf(fd);
        if (registration != null) {
            registration.heldElsewhere = true;
        }
    }

    private boolean delete(Fd fd, long given) {
        Chunk chunk = chunks.getAcquire(fd.number() >>> CHUNK_BITS);
        if (chunk == null) {
            return false;
        }
        int index = index(fd.number());
        while (true) {
            long word = (long) WORDS.getAcquire(chunk.words, index);
            if (!ClaimWord.isLive(word, fd.generation())) {
                return false;
            }
            assert given == 0 || ClaimWord.running(word) > 0 : "gives back a claim that it does not hold: " + fd;
            // Read before the CAS: after it the last user may have cleared it.
            Registration registration = chunk.registrations[fd.number() & (CHUNK_SIZE - 1)];
            long orphaned = ClaimWord.orphaned(word) - given;
            if (WORDS.weakCompareAndSet(chunk.words, index, word, orphaned)) {
                if (ClaimWord.running(orphaned) == 0) {
                    finish(chunk, fd, orphaned, ClosedBy.DELETER);
                } else if (registration != null) {
                    registration.orphanedNanos = System.nanoTime() | 1;
                    observers.orphaned(registration);
                }
                return true;
            }
        }
    }

    /** Row 13. Exclusive: the word is ORPHANED 0, which every other operation refuses. */
    private void finish(Chunk chunk, Fd fd, long word, ClosedBy by) {
        int number = fd.number();
        Registration registration = registration(chunk, number);
        int owner = ClaimWord.owner(word);
        observers.closing(registration, owner, by);
        takeOutOfPollers(registration, owner);
        FdHandler handler = registration.handler;
        if (handler != null) {
            handler.finalizing(owner);
        }
        chunk.registrations[number & (CHUNK_SIZE - 1)] = null;
        WORDS.setRelease(chunk.words, index(number), ClaimWord.freed(word));
        // Last: from the close on the number can be another's, which must find the slot FREE and the fields cleared.
        if (!registration.disowned) {
            int result = posix.close(number);
            if (result < 0) {
                observers.closeFailed(registration, result);
            }
        }
        if (handler != null) {
            handler.closed();
        }
    }

    private void takeOutOfPollers(Registration registration, int owner) {
        if (pollers.closeRemoves() && !registration.heldElsewhere && !registration.disowned) {
            return;
        }
        int[] sharers = registration.sharers();
        if (sharers != null) {
            for (int loop : sharers) {
                takeOutOfPoller(registration, loop);
            }
        } else if (owner <= MAX_LOOP) {
            takeOutOfPoller(registration, owner);
        }
    }

    private void takeOutOfPoller(Registration registration, int loop) {
        try {
            pollers.remove(loop, registration.fd);
        } catch (Throwable t) { // only this can close the fd, and what its poller still tells is stale
            observers.removeFailed(registration, loop, t);
        }
    }

    // ---- reading --------------------------------------------------------------------------------------------------

    /**
     * The id of the loop that owns an fd now, or {@link #NONE} or {@link #SHARED}.
     *
     * @return {@link #GONE} once the slot is FREE again: then {@link FdHandler#finalizing} has told the last owner
     */
    public int owner(Fd fd) {
        long word = (long) WORDS.getAcquire(chunkOf(fd.number()).words, index(fd.number()));
        return ClaimWord.generation(word) == fd.generation() && !ClaimWord.isFree(word) ? ClaimWord.owner(word) : GONE;
    }

    /** True until {@link #fdDelete} has been called. */
    public boolean isLive(Fd fd) {
        return ClaimWord.isLive(
                (long) WORDS.getAcquire(chunkOf(fd.number()).words, index(fd.number())), fd.generation());
    }

    /** The plugin that an fd serves, or null if this registration is gone. */
    public @Nullable String pluginOf(int number, int generation) {
        Chunk chunk = chunks.getAcquire(number >>> CHUNK_BITS);
        Registration registration = chunk == null ? null : chunk.registrations[number & (CHUNK_SIZE - 1)];
        return registration == null || registration.fd.generation() != generation ? null : registration.plugin;
    }

    /** Shows every fd in the table, by number. Each is read by itself, nothing is stopped. Cost: O(highest number). */
    public void forEach(FdVisitor visitor) {
        for (int c = 0; c < chunks.length(); c++) {
            Chunk chunk = chunks.getAcquire(c);
            if (chunk == null) {
                continue;
            }
            for (int i = 0; i < CHUNK_SIZE; i++) {
                long word = (long) WORDS.getAcquire(chunk.words, index(i));
                Registration registration = chunk.registrations[i];
                if (registration != null
                        && !ClaimWord.isFree(word)
                        && registration.fd.generation() == ClaimWord.generation(word)) {
                    visitor.visit(new FdState(registration, word));
                }
            }
        }
    }

    /** Takes what {@link #forEach} shows. */
    @FunctionalInterface
    public interface FdVisitor {
        /** Shows one fd. */
        void visit(FdState state);
    }

    // ---- the array ------------------------------------------------------------------------------------------------

    private static int index(int number) {
        // One stride of padding in front: the array's header would share its line with the first word.
        return ((number & (CHUNK_SIZE - 1)) + 1) * STRIDE;
    }

    private static Registration registration(Chunk chunk, int number) {
        Registration registration = chunk.registrations[number & (CHUNK_SIZE - 1)];
        if (registration == null) {
            throw new AssertionError("fd " + number + " has a claim and no registration");
        }
        return registration;
    }

    private Chunk chunkOf(int number) {
        Chunk chunk = chunks.getAcquire(number >>> CHUNK_BITS);
        if (chunk == null) {
            throw new IllegalArgumentException("fd " + number + " was never in this table");
        }
        return chunk;
    }

    private Chunk chunkFor(int number) {
        int c = number >>> CHUNK_BITS;
        Chunk chunk = chunks.getAcquire(c);
        if (chunk == null) {
            Chunk made = new Chunk();
            chunk = chunks.compareAndExchange(c, null, made);
            if (chunk == null) {
                chunk = made;
            }
        }
        return chunk;
    }
}
