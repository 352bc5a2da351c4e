package dev.baton.runtime.listener;

import dev.baton.runtime.upstream.ListenerAddresses;
import dev.baton.spi.listener.ListenerState;
import dev.baton.spi.posix.AbstractUnixAddress;
import io.netty.util.NetUtil;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * The listeners of a process by name, sorted. Some come and go while it runs, and an upgrade gives them to another
 * process: where the two meet over one listener, one CAS of its {@link Place} says which of them it was.
 *
 * <p>Threading: any thread.
 */
public final class BoundListeners implements ListenerAddresses {
    private static final String UNIX = "unix:";

    private final ConcurrentMap<String, Entry> byName = new ConcurrentSkipListMap<>();
    /** Those of the configuration, also when they are gone. */
    private final Set<String> configured = ConcurrentHashMap.newKeySet();

    private volatile Runnable changes = () -> {};

    /**
     * Whose business a listener is:
     *
     * <pre>
     * OPENING -> HERE     {@link #opened}: one that is added at run time is one of this process's
     * OPENING -> LEFT_OUT {@link #hand}: an upgrade has gone by without it
     * HERE    -> ENDING   {@link #ending}: an operator unbinds it
     * ENDING  -> HERE     {@link #goesOn}: that failed, and so did every other unbind that ran beside it
     * HERE    -> HANDED   {@link #hand}: an upgrade gives it to another process
     * HANDED  -> HERE     {@link #takeBack}: that failed
     * HANDED  -> GIVEN    {@link #given}: the other process serves it, and it only drains here
     * GIVEN   -> LEFT_OUT {@link #othersDrain}: that process has died, and this one serves again without it
     * </pre>
     *
     * <p>A listener that was handed and comes back because the other process has died is another one: {@link #replace}.
     */
    private enum Place {
        OPENING,
        HERE,
        ENDING,
        HANDED,
        GIVEN,
        LEFT_OUT
    }

    private static final class Entry {
        final SharedListener listener;
        /** What it was added by at run time; empty for one of the configuration. */
        final String text;
        /** Whether it is one of the configuration. */
        final boolean configured;
        /** Those whose sockets it has got, which drain. */
        final List<SharedListener> before;

        final AtomicReference<Place> place;
        /** Unbinds that run: more than one, where a second has a shorter grace. */
        final AtomicInteger unbinds = new AtomicInteger();
        /** Of one that is given: whether an operator has suspended it. */
        volatile boolean suspendedByOperator;

        Entry(SharedListener listener, String text, boolean configured, List<SharedListener> before, Place place) {
            this.listener = listener;
            this.text = text;
            this.configured = configured;
            this.before = before;
            this.place = new AtomicReference<>(place);
        }

        boolean isBeingUnbound() {
            return place.get() == Place.ENDING && listener.state() != ListenerState.STOPPED;
        }

        boolean move(Place from, Place to) {
            return place.compareAndSet(from, to);
        }
    }

    /** Adds one of the configuration. False if the name is taken. */
    public boolean add(SharedListener listener) {
        configured.add(listener.name());
        return byName.putIfAbsent(listener.name(), new Entry(listener, "", true, List.of(), Place.HERE)) == null;
    }

    /** Adds one at run time, by a text; it is to be opened, and then {@link #opened}. False if the name is taken. */
    public boolean add(SharedListener listener, String text) {
        return byName.putIfAbsent(listener.name(), new Entry(listener, text, false, List.of(), Place.OPENING)) == null;
    }

    /**
     * One that was added at run time serves. False if an upgrade has gone by without it: it is none of this process's
     * then.
     */
    public boolean opened(SharedListener listener) {
        Entry entry = entry(listener);
        boolean opened = entry != null && entry.move(Place.OPENING, Place.HERE);
        changes.run();
        return opened;
    }

    /**
     * An operator wants to unbind it; {@link #goesOn} follows, unless it is stopped then.
     *
     * @return false if it is not opened yet, or is another process's by now
     */
    public boolean ending(SharedListener listener) {
        Entry entry = entry(listener);
        if (entry == null) {
            return true;
        }
        entry.unbinds.incrementAndGet(); // first: an unbind that fails just now must not take it back
        if (entry.move(Place.HERE, Place.ENDING) || entry.place.get() == Place.ENDING) {
            changes.run();
            return true;
        }
        entry.unbinds.decrementAndGet();
        return false;
    }

    /** Nothing came of an unbind. */
    public void goesOn(SharedListener listener) {
        Entry entry = entry(listener);
        if (entry != null && entry.unbinds.decrementAndGet() == 0) {
            entry.move(Place.ENDING, Place.HERE);
            changes.run();
        }
    }

    /**
     * An upgrade comes by.
     *
     * @return whether the other process is to have it; not one that is only being added
     * @throws IOException if it is being unbound: the socket may be deaf to new connections for good, which the other
     *     process would not know, and its address is not free yet
     */
    public boolean hand(SharedListener listener) throws IOException {
        Entry entry = entry(listener);
        if (entry == null || entry.move(Place.OPENING, Place.LEFT_OUT)) {
            return false;
        }
        if (entry.move(Place.HERE, Place.HANDED)) {
            return true;
        }
        if (entry.isBeingUnbound()) {
            throw new IOException(beingUnbound(listener));
        }
        return false;
    }

    /** Why nothing can be handed over now; null if nothing is in the way. It may be by the time of {@link #hand}. */
    @Nullable
    public String obstacle() {
        return byName.values().stream()
                .filter(Entry::isBeingUnbound)
                .findFirst()
                .map(entry -> beingUnbound(entry.listener))
                .orElse(null);
    }

    private static String beingUnbound(SharedListener listener) {
        return "listener " + listener.name() + " is being unbound: try again after that";
    }

    /** Nothing came of the upgrade. */
    public void takeBack() {
        byName.values().forEach(entry -> entry.move(Place.HANDED, Place.HERE));
    }

    /**
     * The other process serves it, and this one suspends it: an operator has not. To be called before, and after with
     * what the suspend has shown.
     *
     * @param suspended whether an operator has suspended it
     */
    public void given(SharedListener listener, boolean suspended) {
        Entry entry = entry(listener);
        if (entry != null) {
            entry.suspendedByOperator = suspended;
            entry.move(Place.HANDED, Place.GIVEN);
            changes.run();
        }
    }

    /** The other process has died, and what can be taken back is: the others that it had only drain. */
    public void othersDrain() {
        byName.values().forEach(entry -> {
            entry.move(Place.HANDED, Place.LEFT_OUT);
            entry.move(Place.GIVEN, Place.LEFT_OUT);
        });
        changes.run();
    }

    /** The other process has died: a listener of the same name has its sockets from here on. */
    public void replace(SharedListener handed, SharedListener listener) {
        Entry entry = entry(handed);
        List<SharedListener> before = new ArrayList<>(draining(handed));
        before.add(handed);
        byName.put(
                handed.name(),
                new Entry(listener, textOf(handed), entry != null && entry.configured, before, Place.HERE));
        changes.run();
    }

    private @Nullable Entry entry(SharedListener listener) {
        Entry entry = byName.get(listener.name());
        return entry != null && entry.listener == listener ? entry : null;
    }

    public void remove(SharedListener listener) {
        Entry entry = entry(listener);
        if (entry != null
                && byName.remove(listener.name(), entry)
                && listener.spec().service() instanceof FilteredService filtered) {
            filtered.closeFilters();
        }
    }

    /** What a listener was added by at run time; empty for one of the configuration. */
    public String textOf(SharedListener listener) {
        Entry entry = entry(listener);
        return entry == null ? "" : entry.text;
    }

    /** Whether it is one of the configuration; false if it was added at run time, under whatever name. */
    public boolean isConfigured(SharedListener listener) {
        Entry entry = entry(listener);
        return entry != null && entry.configured;
    }

    /** Those whose sockets it has got in {@link #replace}, and that have connections still. */
    public List<SharedListener> draining(SharedListener listener) {
        Entry entry = entry(listener);
        return entry == null
                ? List.of()
                : entry.before.stream().filter(each -> each.connections() > 0).toList();
    }

    /**
     * The listeners that an operator has suspended, or added at run time, and that serve or will again; also while an
     * upgrade hands them over, and after it, as they were then.
     */
    public List<ChangedListener> changed() {
        List<ChangedListener> changed = new ArrayList<>();
        for (Entry entry : byName.values()) {
            // Before the place: if it is suspended because it was given, then the place says so.
            ListenerState state = entry.listener.state();
            Place place = entry.place.get();
            boolean given = place == Place.GIVEN; // what it is here, as it drains, says nothing
            boolean serves = given
                    || ((place == Place.HERE || place == Place.HANDED)
                            && state != ListenerState.NEW
                            && state != ListenerState.STOPPED);
            boolean suspended = given ? entry.suspendedByOperator : state == ListenerState.SUSPENDED;
            if (serves && (suspended || !entry.text.isEmpty())) {
                SharedListener listener = entry.listener;
                changed.add(new ChangedListener(listener.name(), listener.spec().bind(), suspended, entry.text));
            }
        }
        return changed;
    }

    /** Has somebody told, who must neither wait nor throw, when {@link #changed} may be another one. */
    public void whenChanged(Runnable told) {
        changes = told;
    }

    /** The names of the configuration whose listener was unbound, or removed. */
    public List<String> unbound() {
        List<String> names = new ArrayList<>();
        for (String name : configured) {
            Entry entry = byName.get(name);
            if (entry == null || entry.listener.state() == ListenerState.STOPPED) {
                names.add(name);
            }
        }
        return names;
    }

    public Collection<SharedListener> all() {
        return byName.values().stream().map(entry -> entry.listener).toList();
    }

    public Collection<String> names() {
        return byName.keySet();
    }

    @Nullable
    public SharedListener find(String name) {
        Entry entry = byName.get(name);
        return entry == null ? null : entry.listener;
    }

    @Override
    public @Nullable SocketAddress addressOf(String name) {
        SharedListener listener = find(name);
        if (listener == null || listener.state() == ListenerState.NEW || listener.state() == ListenerState.STOPPED) {
            return null;
        }
        return parse(listener.address());
    }

    /**
     * The real address of a bound socket: always a literal; a wildcard is reached through loopback, as the kernel does.
     */
    private static @Nullable SocketAddress parse(String address) {
        if (address.startsWith(UNIX)) {
            String name = address.substring(UNIX.length());
            return name.startsWith("@") ? new AbstractUnixAddress(name.substring(1)) : UnixDomainSocketAddress.of(name);
        }
        int colon = address.lastIndexOf(':');
        if (colon < 1) {
            return null;
        }
        String host = address.substring(0, colon);
        boolean brackets = host.startsWith("[") && host.endsWith("]");
        byte[] bytes =
                NetUtil.createByteArrayFromIpAddressString(brackets ? host.substring(1, host.length() - 1) : host);
        if (bytes == null) {
            return null;
        }
        try {
            return new InetSocketAddress(
                    InetAddress.getByAddress(bytes), Integer.parseInt(address.substring(colon + 1)));
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException("listener address " + address, e);
        }
    }
}
