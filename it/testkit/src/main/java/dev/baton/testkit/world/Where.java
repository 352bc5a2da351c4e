package dev.baton.testkit.world;

/** The worlds that there are. */
public enum Where {
    /**
     * One thread at a time, a kernel in memory, a clock that moves when no thread can continue. There is no Vert.x and
     * no file.
     */
    SIMULATION,
    /** The process's own threads, kernel and clock. */
    REAL
}
