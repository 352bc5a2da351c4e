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
import org.jspecify.annotations.Nullable;

/** The listeners of a process by name, sorted. Some come and go while it runs; any thread. */
final class BoundListeners implements ListenerAddresses {
    private static final String UNIX = "unix:";

    private final ConcurrentMap<String, SharedListener> byName = new ConcurrentSkipListMap<>();
    /** Of those that were added at run time: what they were added by. */
    private final ConcurrentMap<SharedListener, String> texts = new ConcurrentHashMap<>();
    /** Those of the configuration, also when they are gone. */
    private final Set<String> configured = ConcurrentHashMap.newKeySet();

    /** Adds one of the configuration. False if the name is taken. */
    boolean add(SharedListener listener) {
        configured.add(listener.name());
        return byName.putIfAbsent(listener.name(), listener) == null;
    }

    /** Adds one at run time, by a text. False if the name is taken. */
    boolean add(SharedListener listener, String text) {
        texts.put(listener, text); // first: whoever finds the listener finds its text
        boolean added = byName.putIfAbsent(listener.name(), listener) == null;
        if (!added) {
            texts.remove(listener);
        }
        return added;
    }

    void remove(SharedListener listener) {
        byName.remove(listener.name(), listener);
        texts.remove(listener);
    }

    /** What a listener was added by at run time; empty for one of the configuration. */
    String textOf(SharedListener listener) {
        return texts.getOrDefault(listener, "");
    }

    /** The names of the configuration whose listener was unbound, or removed. */
    List<String> unbound() {
        List<String> names = new ArrayList<>();
        for (String name : configured) {
            SharedListener listener = byName.get(name);
            if (listener == null || listener.state() == ListenerState.STOPPED) {
                names.add(name);
            }
        }
        return names;
    }

    Collection<SharedListener> all() {
        return byName.values();
    }

    Collection<String> names() {
        return byName.keySet();
    }

    @Nullable
    SharedListener find(String name) {
        return byName.get(name);
    }

    @Override
    public @Nullable SocketAddress addressOf(String name) {
        SharedListener listener = byName.get(name);
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
