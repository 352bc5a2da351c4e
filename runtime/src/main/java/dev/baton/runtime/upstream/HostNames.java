package dev.baton.runtime.upstream;

import dev.baton.runtime.loop.Timer;
import dev.baton.runtime.upstream.HostLookup.Enclosed;
import dev.baton.spi.threading.AnyThread;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The host names of all servers, and the names of services: each is looked up once for all upstreams that have a server
 * of this name.
 */
@AnyThread
public final class HostNames implements AutoCloseable {
    private final HostLookup lookup;
    private final Timer timer;
    private final LongSupplier clockNanos;
    /** Guarded by itself, like the count of users of each, and all that follows. No request asks here. */
    private final Map<String, HostName> names = new HashMap<>();

    private final Map<String, ServiceName> services = new HashMap<>();
    /** Addresses that came with the answer for a service and are for names that it is about to ask for. */
    private final Map<String, Enclosed> enclosed = new HashMap<>();

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
        Enclosed known;
        synchronized (names) {
            name = names.get(key);
            isNew = name == null;
            if (name == null) {
                name = new HostName(key, this);
                names.put(key, name);
            }
            name.users++;
            known = isNew ? enclosed.remove(key) : null;
        }
        if (known != null) {
            name.startWith(known.addresses(), known.valid());
        } else if (isNew) {
            name.start();
        }
        return name;
    }

    /** The same for a service. */
    ServiceName service(String name) {
        String key = name.toLowerCase(Locale.ROOT);
        ServiceName service;
        boolean isNew;
        synchronized (names) {
            service = services.get(key);
            isNew = service == null;
            if (service == null) {
                service = new ServiceName(key, this);
                services.put(key, service);
            }
        }
        if (isNew) {
            service.start();
        }
        return service;
    }

    /** The host name of a target: complete, so that no domain of the search list is tried. */
    static String complete(String target) {
        return target + '.';
    }

    /** Addresses that came with an answer: for the names that are here, and for those that are asked for next. */
    void enclosed(Map<String, Enclosed> hosts) {
        hosts.forEach((host, addresses) -> {
            String key = complete(host);
            HostName there = findOr(key, addresses);
            if (there != null) {
                there.learn(addresses.addresses());
            }
        });
    }

    private @Nullable HostName findOr(String key, Enclosed addresses) {
        synchronized (names) {
            HostName there = names.get(key);
            if (there == null) {
                enclosed.put(key, addresses);
            }
            return there;
        }
    }

    /** What is left of them is old soon. */
    void forgetEnclosed(Map<String, Enclosed> hosts) {
        synchronized (names) {
            hosts.keySet().forEach(host -> enclosed.remove(complete(host)));
        }
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
