package dev.baton.runtime.launcher;

import dev.baton.runtime.listener.SharedListener;
import dev.baton.runtime.upstream.ListenerAddresses;
import dev.baton.spi.listener.ListenerState;
import dev.baton.spi.posix.AbstractUnixAddress;
import io.netty.util.NetUtil;
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
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * The listeners of a process by name, sorted. Some come and go while it runs, and an upgrade gives them to another process:
 * where the two meet over one listener, one CAS of its {@link Place} says which of them it was.
 *
 * <p>Threading: any thread.
 */
final class BoundListeners implements ListenerAddresses {
    private static final String UNIX = "unix:";

    private final ConcurrentMap<String, Entry> byName = new ConcurrentSkipListMap<>();
    /** Those of the configuration, also when they are gone. */
    private final Set<String> configured = ConcurrentHashMap.newKeySet();

    /**
     * Whose business a listener is:
     *
     * <pre>
     * OPENING -> HERE     {@link #opened}: one that is added at run time is one of this process's
     * OPENING -> LEFT_OUT {@link #hand}: an upgrade has gone by without it
     * HERE    -> ENDING   {@link #ending}: an operator unbinds it
     * ENDING  -> HERE     {@link #goesOn}: that failed
     * HERE    -> HANDED   {@link #hand}: an upgrade gives it to another process
     * HANDED  -> HERE     {@link #takeBack}: that failed
     * </pre>
     */
    private enum Place {
        OPENING,
        HERE,
        ENDING,
        HANDED,
        LEFT_OUT
    }

    private static final class Entry {
        final SharedListener listener;
        /** What it was added by at run time; empty for one of the configuration. */
        final String text;

        final AtomicReference<Place> place;

        Entry(SharedListener listener, String text, Place place) {
            this.listener = listener;
            this.text = text;
            this.place = new AtomicReference<>(place);
        }

        boolean move(Place from, Place to) {
            return place.compareAndSet(from, to);
        }
    }

    /** Adds one of the configuration. False if the name is taken. */
    boolean add(SharedListener listener) {
        configured.add(listener.name());
        return byName.putIfAbsent(listener.name(), new Entry(listener, "", Place.HERE)) == null;
    }

    /** Adds one at run time, by a text; it is to be opened, and then {@link #opened}. False if the name is taken. */
    boolean add(SharedListener listener, String text) {
        return byName.putIfAbsent(listener.name(), new Entry(listener, text, Place.OPENING)) == null;
    }

    /** One that was added at run time serves. False if an upgrade has gone by without it: it is none of this process's then. */
    boolean opened(SharedListener listener) {
        Entry entry = entry(listener);
        return entry != null && entry.move(Place.OPENING, Place.HERE);
    }

    /**
     * An operator wants to unbind it.
     *
     * @return false if it is not opened yet, or is another process's by now
     */
    boolean ending(SharedListener listener) {
        Entry entry = entry(listener);
        return entry == null || entry.move(Place.HERE, Place.ENDING) || entry.place.get() == Place.ENDING;
    }

    /** Nothing came of its unbind. */
    void goesOn(SharedListener listener) {
        Entry entry = entry(listener);
        if (entry != null) {
            entry.move(Place.ENDING, Place.HERE);
        }
    }

    /**
     * An upgrade comes by.
     *
     * @return whether the other process is to have it. Not one that is only being added, and not one that was added and is
     *     being unbound; what the configuration has and is being unbound is the other configuration's business.
     */
    boolean hand(SharedListener listener) {
        Entry entry = entry(listener);
        if (entry == null || entry.move(Place.OPENING, Place.LEFT_OUT)) {
            return false;
        }
        return entry.move(Place.HERE, Place.HANDED) || (entry.place.get() == Place.ENDING && entry.text.isEmpty());
    }

    /** Nothing came of the upgrade. */
    void takeBack() {
        byName.values().forEach(entry -> entry.move(Place.HANDED, Place.HERE));
    }

    private @Nullable Entry entry(SharedListener listener) {
        Entry entry = byName.get(listener.name());
        return entry != null && entry.listener == listener ? entry : null;
    }

    void remove(SharedListener listener) {
        Entry entry = entry(listener);
        if (entry != null) {
            byName.remove(listener.name(), entry);
        }
    }

    /** What a listener was added by at run time; empty for one of the configuration. */
    String textOf(SharedListener listener) {
        Entry entry = entry(listener);
        return entry == null ? "" : entry.text;
    }

    /** The names of the configuration whose listener was unbound, or removed, or is about to be. */
    List<String> unbound() {
        List<String> names = new ArrayList<>();
        for (String name : configured) {
            Entry entry = byName.get(name);
            if (entry == null || entry.place.get() == Place.ENDING || entry.listener.state() == ListenerState.STOPPED) {
                names.add(name);
            }
        }
        return names;
    }

    Collection<SharedListener> all() {
        return byName.values().stream().map(entry -> entry.listener).toList();
    }

    Collection<String> names() {
        return byName.keySet();
    }

    @Nullable
    SharedListener find(String name) {
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

    /** The real address of a bound socket: always a literal; a wildcard is reached through loopback, as the kernel does. */
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
