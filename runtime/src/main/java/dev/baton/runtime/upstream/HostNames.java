package dev.baton.runtime.upstream;

import dev.baton.runtime.loop.Timer;
import dev.baton.spi.threading.AnyThread;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.LongSupplier;

/** The host names of all servers: each is looked up once for all upstreams that have a server of this name. */
@AnyThread
public final class HostNames implements AutoCloseable {
    private final HostLookup lookup;
    private final Timer timer;
    private final LongSupplier clockNanos;
    /** Guarded by itself, like the count of users of each. No request asks here. */
    private final Map<String, HostName> names = new HashMap<>();

    private volatile boolean closed;

    /**
     * Nothing is asked yet.
     *
     * @param lookup asks
     * @param timer says when to ask again; its tasks do not run on a loop
     * @param clockNanos the time, of any origin
     */
    public HostNames(HostLookup lookup, Timer timer, LongSupplier clockNanos) {
        this.lookup = lookup;
        this.timer = timer;
        this.clockNanos = clockNanos;
    }

    /** A name, which is looked up from now on until {@link #close}, or until each that asked here has released it. */
    HostName name(String host) {
        String key = host.toLowerCase(Locale.ROOT);
        HostName name;
        boolean isNew;
        synchronized (names) {
            name = names.get(key);
            isNew = name == null;
            if (name == null) {
                name = new HostName(key, this);
                names.put(key, name);
            }
            name.users++;
        }
        if (isNew) {
            name.start();
        }
        return name;
    }

    /** One of those that asked for a name does not need it any longer. */
    void release(HostName name) {
        synchronized (names) {
            if (--name.users == 0) {
                names.remove(name.toString());
                name.stop();
            }
        }
    }

    HostLookup lookup() {
        return lookup;
    }

    Timer timer() {
        return timer;
    }

    long nanoTime() {
        return clockNanos.getAsLong();
    }

    boolean isClosed() {
        return closed;
    }

    /** Asks no more. */
    @Override
    public void close() {
        closed = true;
    }
}
