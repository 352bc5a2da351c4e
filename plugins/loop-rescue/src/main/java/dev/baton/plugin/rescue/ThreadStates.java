package dev.baton.plugin.rescue;

/** What the kernel says of threads. A seam for tests. */
interface ThreadStates {

    /** Unknown CPU time. */
    long UNKNOWN = -1;

    /** The CPU time that a thread has had, in nanoseconds, or {@link #UNKNOWN}. */
    long cpuNanos(long nativeId);

    /**
     * True if a thread has a processor or waits for one; false if it waits for something else, or that is not known.
     */
    boolean isRunnable(long nativeId);
}
