package dev.baton.runtime.launcher.rehearsal;

/** One that talks to a listener until it is told to stop. On the clients' thread. */
interface Client {
    /** Begins. */
    void start();

    /** Begins nothing more; what is under way goes on. */
    void stop();

    /** True while something of it is under way that is to be counted. */
    boolean isAtWork();
}
