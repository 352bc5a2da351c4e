package dev.baton.lincheck;

import dev.baton.runtime.fd.FdTable.Entry;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.jetbrains.lincheck.datastructures.ThreadIdGen;
import org.jetbrains.lincheck.datastructures.Validate;
import org.jspecify.annotations.Nullable;

/**
 * One number of an fd table and the threads that work on it; each thread is the loop of its id.
 *
 * <p>Generation 0 is there from the start. When it has been closed, {@code reopen} gets the number again, as any thread
 * of a process does, and from then on late operations on the old generation meet the new one.
 *
 * <p>What an operation answers about generation 0 is what {@link TableSpec} says. About later generations it answers
 * nothing, because whether a reopen finds the number free depends on how far a close has come, which no specification
 * in which a delete is one step can say; there the oracle watches.
 */
public abstract class TableWorld {
    static final int THREADS_MAX = 4;
    static final int GENERATIONS = 2;

    private final Oracle oracle;
    private final Kernel kernel;
    private final Table table;
    /** Which claims a thread holds; only the thread touches its row. */
    private final boolean[][] held = new boolean[THREADS_MAX][GENERATIONS];

    /** Makes the table under test. */
    interface Maker {
        Table make(Kernel kernel);
    }

    /**
     * Inserts generation 0.
     *
     * @param sharers the loops that share it; none if it is loop 1's
     */
    TableWorld(Maker maker, int... sharers) {
        oracle = new Oracle(sharers.length > 0);
        kernel = new Kernel(oracle);
        table = maker.make(kernel);
        kernel.open();
        oracle.inserted(sharers.length > 0 ? table.insertShared(sharers) : table.insert(1));
        table.leave(0);
    }

    @Operation
    public @Nullable String enter(
            @Param(gen = ThreadIdGen.class) int loop, @Param(gen = IntGen.class, conf = "0:1") int generation) {
        if (held[loop][generation]) {
            return said(generation, "HOLDS");
        }
        Entry entry = table.enter(generation, loop);
        if (entry == Entry.ENTERED) {
            entered(loop, generation);
        }
        return said(generation, entry.name());
    }

    @Operation
    public @Nullable String leave(
            @Param(gen = ThreadIdGen.class) int loop, @Param(gen = IntGen.class, conf = "0:1") int generation) {
        if (!held[loop][generation]) {
            return said(generation, "HOLDS NOTHING");
        }
        leaving(loop, generation);
        table.leave(generation);
        return said(generation, "LEFT");
    }

    @Operation
    public @Nullable String takeover(
            @Param(gen = ThreadIdGen.class) int loop, @Param(gen = IntGen.class, conf = "0:1") int generation) {
        int victim = table.takeover(generation, loop);
        if (victim == Table.BUSY || victim == Table.GONE) {
            return said(generation, victim == Table.BUSY ? "BUSY" : "GONE");
        }
        entered(loop, generation);
        return said(generation, "TAKEN");
    }

    @Operation
    public @Nullable String delete(@Param(gen = IntGen.class, conf = "0:1") int generation) {
        boolean deleted = table.delete(generation);
        if (deleted) {
            oracle.deleted(generation);
        }
        return said(generation, deleted ? "DELETED" : "NOT THERE");
    }

    @Operation
    public @Nullable String deleteAndLeave(
            @Param(gen = ThreadIdGen.class) int loop, @Param(gen = IntGen.class, conf = "0:1") int generation) {
        if (!held[loop][generation]) {
            return said(generation, "HOLDS NOTHING");
        }
        leaving(loop, generation);
        if (!table.deleteAndLeave(generation)) {
            entered(loop, generation);
            return said(generation, "NOT THERE");
        }
        oracle.deleted(generation);
        return said(generation, "DELETED");
    }

    /** Opens a file, whose number is the one under test if that is free, and inserts it for the thread's loop. */
    @Operation
    public void reopen(@Param(gen = ThreadIdGen.class) int loop) {
        if (!kernel.open()) {
            return;
        }
        int generation = table.insert(loop);
        oracle.inserted(generation);
        oracle.entered(generation);
        oracle.leaving(generation);
        table.leave(generation);
    }

    /** Lets everybody leave. Then nothing is open that was deleted, and nothing closed that was not. */
    @Validate
    public void quiet() {
        for (int loop = 0; loop < THREADS_MAX; loop++) {
            for (int generation = 0; generation < GENERATIONS; generation++) {
                if (held[loop][generation]) {
                    leaving(loop, generation);
                    table.leave(generation);
                }
            }
        }
        oracle.quiet();
    }

    private void entered(int loop, int generation) {
        held[loop][generation] = true;
        oracle.entered(generation);
    }

    private void leaving(int loop, int generation) {
        held[loop][generation] = false;
        oracle.leaving(generation);
    }

    private static @Nullable String said(int generation, String answer) {
        return generation == 0 ? answer : null;
    }
}
