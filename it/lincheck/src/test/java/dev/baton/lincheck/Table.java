package dev.baton.lincheck;

import dev.baton.runtime.fd.FdTable;
import dev.baton.runtime.fd.FdTable.Entry;

/** The operations of the fd table on one number: what the real table and its mutants have in common. */
interface Table {
    int BUSY = FdTable.BUSY;
    int GONE = FdTable.GONE;

    /** Inserts the number for one loop, and returns the generation; the caller holds a claim. */
    int insert(int owner);

    /** Inserts the number for several loops, and returns the generation; the caller holds a claim. */
    int insertShared(int... sharers);

    Entry enter(int generation, int loop);

    void leave(int generation);

    int takeover(int generation, int thief);

    boolean delete(int generation);

    boolean deleteAndLeave(int generation);
}
