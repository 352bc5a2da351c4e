package dev.baton.runtime.fd;

import dev.baton.spi.fd.Fd;
import dev.baton.spi.fd.FdInfo;
import dev.baton.spi.fd.FdKind;
import org.jspecify.annotations.Nullable;

/** The side fields of one generation of an fd: written before the insert, reachable until the finalizer clears them. */
final class Registration {
    final Fd fd;
    final FdKind kind;
    final String plugin;
    final @Nullable FdHandler handler;
    /** Ids of the loops that dispatch a SHARED fd, ascending; null for an owned one. */
    final int @Nullable [] sharers;

    final long insertedNanos;
    /** Written under the claim of the thief. */
    int takeovers;
    /** When fdDelete orphaned it; 0 if it did not. Written once, by the deleter; a snapshot may read it late. */
    volatile long orphanedNanos;
    /** Somebody else holds the open file: closing our number does not take it out of the pollers. */
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

    boolean isSharedBy(int loop) {
        int[] ids = sharers;
        if (ids != null) {
            for (int id : ids) {
                if (id == loop) {
                    return true;
                }
            }
        }
        return false;
    }

    FdInfo info() {
        return new FdInfo(fd, kind, plugin);
    }
}
