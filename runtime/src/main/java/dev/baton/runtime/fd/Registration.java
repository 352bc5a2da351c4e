package dev.baton.runtime.fd;

import dev.baton.spi.fd.Fd;
import dev.baton.spi.fd.FdInfo;
import dev.baton.spi.fd.FdKind;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** The side fields of one generation of an fd: written before the insert, reachable until the finalizer clears them. */
final class Registration {
    private static final VarHandle SHARERS;

    static {
        try {
            SHARERS = MethodHandles.lookup().findVarHandle(Registration.class, "sharers", int[].class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    final Fd fd;
    final FdKind kind;
    final String plugin;
    final @Nullable FdHandler handler;
    /**
     * Ids of the loops that dispatch a SHARED fd, ascending; null for an owned one. Replaced as a whole, never changed.
     */
    @SuppressWarnings("UnusedVariable") // through SHARERS
    private int @Nullable [] sharers;

    final long insertedNanos;
    /** Written under the claim of the thief. */
    int takeovers;
    /** When fdDelete orphaned it; 0 if it did not. Written once, by the deleter; a snapshot may read it late. */
    volatile long orphanedNanos;
    /** Another holds the open file: closing our number does not take it out of the pollers. */
    volatile boolean heldElsewhere;
    /** The number belongs to outside code: it is forgotten, not closed. */
    volatile boolean disowned;

    Registration(
            Fd fd,
            FdKind kind,
            String plugin,
            @Nullable FdHandler handler,
            int @Nullable [] sharers,
            long insertedNanos) {
        this.fd = fd;
        this.kind = kind;
        this.plugin = plugin;
        this.handler = handler;
        this.sharers = sharers;
        this.insertedNanos = insertedNanos;
    }

    /** The loops of a SHARED fd, not to be changed by the caller; null for an owned one. */
    int @Nullable [] sharers() {
        return (int[]) SHARERS.getAcquire(this);
    }

    boolean isSharedBy(int loop) {
        int[] ids = sharers();
        if (ids != null) {
            for (int id : ids) {
                if (id == loop) {
                    return true;
                }
            }
        }
        return false;
    }

    /** Adds a loop; false if it was there or this is no SHARED fd. */
    boolean addSharer(int loop) {
        while (true) {
            int[] seen = sharers();
            if (seen == null || isSharedBy(loop)) {
                return false;
            }
            int[] next = Arrays.copyOf(seen, seen.length + 1);
            next[seen.length] = loop;
            Arrays.sort(next);
            if (SHARERS.compareAndSet(this, seen, next)) {
                return true;
            }
        }
    }

    /** Takes a loop out, the last one too; false if it was not there. */
    boolean removeSharer(int loop) {
        while (true) {
            int[] seen = sharers();
            if (seen == null || !isSharedBy(loop)) {
                return false;
            }
            int[] next = Arrays.stream(seen).filter(id -> id != loop).toArray();
            if (SHARERS.compareAndSet(this, seen, next)) {
                return true;
            }
        }
    }

    FdInfo info() {
        return new FdInfo(fd, kind, plugin);
    }
}
