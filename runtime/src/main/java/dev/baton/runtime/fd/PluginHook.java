package dev.baton.runtime.fd;

import dev.baton.spi.fd.FdHook;
import dev.baton.spi.fd.FdInfo;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A plugin's fd hook, and the time that it has taken. */
public final class PluginHook {
    private static final Logger LOG = LoggerFactory.getLogger(PluginHook.class);
    /** A hook has to return at once: it runs under claims, and under the locks of the deleting thread. */
    static final long SLOW_NANOS = 5_000_000;

    private static final long TOLD_EVERY_NANOS = 60_000_000_000L;

    private final String plugin;
    private final FdHook hook;
    private final LongAdder nanos = new LongAdder();
    private final AtomicLong toldNext = new AtomicLong(System.nanoTime());

    /** A hook that has taken no time yet. */
    public PluginHook(String plugin, FdHook hook) {
        this.plugin = plugin;
        this.hook = hook;
    }

    /** Id of its plugin. */
    public String plugin() {
        return plugin;
    }

    /** The time it has taken so far, in milliseconds. */
    public long millis() {
        return TimeUnit.NANOSECONDS.toMillis(nanos.sum());
    }

    FdHook hook() {
        return hook;
    }

    /** It has taken some nanoseconds. Warns of a slow one, once a minute at most. */
    void took(long taken, FdInfo info) {
        nanos.add(taken);
        if (taken < SLOW_NANOS) {
            return;
        }
        long now = System.nanoTime();
        long next = toldNext.get();
        if (now - next >= 0 && toldNext.compareAndSet(next, now + TOLD_EVERY_NANOS)) {
            LOG.warn(
                    "fd hook of plugin {} took {} ms for {} ({}): a hook must return at once, it holds up the thread that"
                            + " inserts, takes over or deletes an fd",
                    plugin,
                    TimeUnit.NANOSECONDS.toMillis(taken),
                    info.fd(),
                    info.kind());
        }
    }
}
