package dev.baton.lincheck;

import org.jspecify.annotations.Nullable;

/** What the operations on generation 0 answer when each is one step. */
public abstract class TableSpec {
    private static final int SHARED = -1;

    private final boolean[] sharer = new boolean[TableWorld.THREADS_MAX];
    private final boolean[] held = new boolean[TableWorld.THREADS_MAX];
    private boolean live = true;
    private int owner = 1;
    private int running;

    TableSpec(int... sharers) {
        for (int loop : sharers) {
            sharer[loop] = true;
            owner = SHARED;
        }
    }

    /** Generation 0 is loop 1's. */
    public static final class Owned extends TableSpec {}

    /** Generation 0 is shared by loops 1 and 2. */
    public static final class Shared extends TableSpec {
        public Shared() {
            super(1, 2);
        }
    }

    public @Nullable String enter(int loop, int generation) {
        if (generation != 0) {
            return null;
        }
        if (held[loop]) {
            return "HOLDS";
        }
        if (!live) {
            return "STALE";
        }
        if (owner == SHARED ? !sharer[loop] : owner != loop) {
            return "NOT_OWNER";
        }
        running++;
        held[loop] = true;
        return "ENTERED";
    }

    public @Nullable String leave(int loop, int generation) {
        if (generation != 0) {
            return null;
        }
        if (!held[loop]) {
            return "HOLDS NOTHING";
        }
        running--;
        held[loop] = false;
        return "LEFT";
    }

    public @Nullable String takeover(int loop, int generation) {
        if (generation != 0) {
            return null;
        }
        if (!live) {
            return "GONE";
        }
        if (running > 0 || owner == SHARED || owner == loop) {
            return "BUSY";
        }
        owner = loop;
        running = 1;
        held[loop] = true;
        return "TAKEN";
    }

    public @Nullable String delete(int generation) {
        if (generation != 0) {
            return null;
        }
        if (!live) {
            return "NOT THERE";
        }
        live = false;
        return "DELETED";
    }

    public @Nullable String deleteAndLeave(int loop, int generation) {
        if (generation != 0) {
            return null;
        }
        if (!held[loop]) {
            return "HOLDS NOTHING";
        }
        if (!live) {
            return "NOT THERE";
        }
        live = false;
        running--;
        held[loop] = false;
        return "DELETED";
    }

    public void reopen(int loop) {}
}
