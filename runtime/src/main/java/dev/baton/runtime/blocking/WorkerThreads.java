package dev.baton.runtime.blocking;

/** Where threads for code that may block come from. */
public interface WorkerThreads {

    /**
     * Runs a task on a thread of its own. Any thread, a loop too.
     *
     * @param name for the thread
     */
    void start(String name, Runnable task);

    /** How many pieces of work of a plugin run at once, where the configuration does not say. */
    int usual();

    /** On such a thread, before each piece of work: a simulation lets time pass here. */
    default void beforeWork() {}
}
