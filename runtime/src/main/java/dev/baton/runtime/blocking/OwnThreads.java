package dev.baton.runtime.blocking;

import java.security.AccessController;
import java.security.PrivilegedAction;
import java.util.concurrent.ThreadFactory;

/**
 * Makes threads of the runtime's as another factory does, without the code that asks for them on the stack: a thread
 * keeps the protection domains of the code that has made it, and with them its class loaders. That would be a plugin,
 * which asks for work or for a loop, and may be reloaded before the thread ends.
 */
public final class OwnThreads implements ThreadFactory {
    private final ThreadFactory threads;

    /** As that one does. */
    public OwnThreads(ThreadFactory threads) {
        this.threads = threads;
    }

    @Override
    @SuppressWarnings("removal") // JDKs from 24 on have threads that keep nothing of this kind
    public Thread newThread(Runnable task) {
        return AccessController.doPrivileged((PrivilegedAction<Thread>) () -> threads.newThread(task));
    }
}
