package dev.baton.runtime.fd;

import dev.baton.spi.fd.Fd;
import dev.baton.spi.fd.FdKind;
import org.jspecify.annotations.Nullable;

/** One fd of the table, as it was read at one moment. The source of all snapshots. */
public final class FdState {
    private final Registration registration;
    private final long word;

    FdState(Registration registration, long word) {
        this.registration = registration;
        this.word = word;
    }

    /** The pair. */
    public Fd fd() {
        return registration.fd;
    }

    /** What stands behind it. Nothing may run on it without a claim. */
    public @Nullable FdHandler handler() {
        return registration.handler;
    }

    /** What it is used for. */
    public FdKind kind() {
        return registration.kind;
    }

    /** Id of the plugin that it serves. */
    public String plugin() {
        return registration.plugin;
    }

    /** The loop's id, {@link FdTable#NONE} or {@link FdTable#SHARED}. */
    public int owner() {
        return ClaimWord.owner(word);
    }

    /** How many claims are held. */
    public int running() {
        return ClaimWord.running(word);
    }

    /** True if it was deleted and not closed yet. */
    public boolean orphaned() {
        return ClaimWord.isOrphaned(word);
    }

    /** How often it changed its owner. */
    public int takeovers() {
        return registration.takeovers;
    }

    /** Time since it was inserted, in ms. */
    public long ageMs(long nowNanos) {
        return Math.max(0, (nowNanos - registration.insertedNanos) / 1_000_000);
    }

    /** Time since it was orphaned, in ms; 0 if it is not or was just now. */
    public long orphanedForMs(long nowNanos) {
        long since = registration.orphanedNanos;
        return since == 0 ? 0 : Math.max(0, (nowNanos - since) / 1_000_000);
    }

    /** Ids of the loops that may hold a claim: the sharers, or the owner. */
    public int[] loops() {
        int[] sharers = registration.sharers();
        if (sharers != null) {
            return sharers.clone();
        }
        return owner() <= ClaimWord.MAX_LOOP ? new int[] {owner()} : new int[0];
    }
}
