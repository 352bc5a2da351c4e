package dev.baton.runtime.listener;

import dev.baton.runtime.channel.ChannelEnv;
import dev.baton.runtime.pack.Parcel;
import dev.baton.spi.filter.ConnectionFilter;
import dev.baton.spi.listener.UnbindStrategy;
import dev.baton.spi.service.Service;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntSupplier;

/**
 * What plugins have made for a listener at one time. Each connection belongs to the one that was there when it was
 * accepted, until it goes over to the next ({@link ServingChange}).
 */
public final class Serving {
    private final Service service;
    private final UnbindStrategy unbind;
    private final int reload;
    private final Map<Told, Member> members = new EnumMap<>(Told.class);
    /** Connections that have left the listener's list, and are not over: on their way to somebody else. */
    private final AtomicLong departed = new AtomicLong();
    /** Those of them that somebody has, or that have ended. */
    private final AtomicLong arrived = new AtomicLong();

    /** What a connection was told. */
    enum Told {
        NOTHING,
        TO_DRAIN,
        /** It is packed: its end here is no end of it. */
        TO_GO
    }

    /**
     * How a connection belongs to it. There is one for each thing that it may have been told, for all connections.
     *
     * @param serving what it belongs to
     * @param told what it was told
     */
    record Member(Serving serving, Told told) {
        /** The same, told something else. */
        Member told(Told now) {
            return serving.member(now);
        }
    }

    /**
     * One for new connections.
     *
     * @param service what speaks on them, with the listener's filters before it
     * @param unbind how the listener is unbound
     * @param reload the reload in which the service was made, by its number in this process; 0 at the start
     */
    public Serving(Service service, UnbindStrategy unbind, int reload) {
        this.service = service;
        this.unbind = unbind;
        this.reload = reload;
        for (Told each : Told.values()) {
            members.put(each, new Member(this, each));
        }
    }

    /** What speaks on new connections, with the listener's filters before it. */
    public Service service() {
        return service;
    }

    /** How the listener is unbound. */
    public UnbindStrategy unbind() {
        return unbind;
    }

    /** The reload in which the service was made: its connections to servers are set up by the code of that version. */
    public int reload() {
        return reload;
    }

    /** The service without filters. */
    public Service bare() {
        return service instanceof FilteredService filtered ? filtered.service() : service;
    }

    /** Whether its service says that it can go on with a connection that was packed. */
    boolean unpacks(Parcel parcel, ListenerSpec spec, ChannelEnv env) {
        try {
            return service.unpacks(parcel.state());
        } catch (Throwable t) { // a plugin's
            env.failures().failed(spec.plugin(), t);
            return false;
        }
    }

    /** The filters before the service, in the order in which they are asked. */
    List<ConnectionFilter> connectionFilters() {
        return service instanceof FilteredService filtered
                ? filtered.filters().stream()
                        .map(FilteredService.Filter::filter)
                        .toList()
                : List.of();
    }

    /** Types of the filters before the service, in the order in which they are asked. */
    List<String> filters() {
        return service instanceof FilteredService filtered
                ? filtered.filters().stream().map(FilteredService.Filter::type).toList()
                : List.of();
    }

    // ---- those that are on their way --------------------------------------------------------------------------------

    /** A connection is about to leave the listener's list, and may come back: it counts until {@link #arrived}. */
    void departs() {
        departed.getAndIncrement();
    }

    /** One that has departed is somebody else's, or in the list again, or has ended. */
    void arrived() {
        arrived.getAndIncrement();
    }

    /**
     * How many connections use it: those in a list, and those that are on their way. One that changes from one to the
     * other meanwhile may be counted twice and is not missed: it departs before it leaves the list and arrives after it
     * is in it again, and arrivals are read first, departures last.
     *
     * @param listed counts those in the list
     */
    int count(IntSupplier listed) {
        long before = arrived.get();
        return (int) (listed.getAsInt() + departed.get() - before);
    }

    /** How a connection belongs to it. */
    Member member(Told told) {
        return Objects.requireNonNull(members.get(told));
    }
}
