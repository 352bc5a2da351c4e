package dev.baton.runtime.posix;

import dev.baton.spi.posix.Errno;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How much the kernel prefers other threads to one: on Linux a thread has its own, whatever POSIX says of processes.
 */
public final class Niceness {
    private static final Logger LOG = LoggerFactory.getLogger(Niceness.class);

    private Niceness() {}

    /**
     * Makes the calling thread give way to others. Everybody may do that; not everybody may take it back. Where the
     * kernel refuses, as a filter of system calls can, that is logged and changes nothing.
     *
     * @param nice 0 to 19
     */
    public static void ofThisThread(int nice) {
        if (nice > 0 && LibC.Processes.setpriority(nice) < 0) {
            LOG.warn(
                    "thread {} cannot be made nice {} ({}): it competes with the others as an equal",
                    Thread.currentThread().getName(),
                    nice,
                    Errno.explain(LibC.lastError()));
        }
    }
}
