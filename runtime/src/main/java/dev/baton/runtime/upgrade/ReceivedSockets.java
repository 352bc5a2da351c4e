package dev.baton.runtime.upgrade;

import dev.baton.runtime.upstream.ServerChange;
import dev.baton.runtime.upstream.ServerDown;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.function.IntConsumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The listening sockets that came from the process before and are not taken yet. What is left when the new process has
 * all it wants is closed.
 *
 * <p>Threading: any thread.
 */
public final class ReceivedSockets {
    private final List<HandedListener> listeners = new ArrayList<>();
    private final List<HandedServer> servers = new ArrayList<>();
    private final List<String> ended = new ArrayList<>();
    private final List<ServerChange> changes = new ArrayList<>();
    private final List<ServerDown> downs = new ArrayList<>();
    private final IntConsumer discard;
    private String ticketKeys = "";

    /**
     * None yet.
     *
     * @param discard closes a number
     */
    ReceivedSockets(IntConsumer discard) {
        this.discard = discard;
    }

    synchronized void add(HandedListener part) {
        for (int i = 0; i < listeners.size(); i++) {
            if (listeners.get(i).name().equals(part.name())) {
                listeners.set(i, listeners.get(i).with(part.numbers()));
                return;
            }
        }
        listeners.add(part);
    }

    synchronized void add(HandedServer server) {
        servers.add(server);
    }

    synchronized void add(ServerChange change) {
        changes.add(change);
    }

    /** How servers of upstreams differ from what the old process's configuration says. */
    public synchronized List<ServerChange> changes() {
        return List.copyOf(changes);
    }

    synchronized void add(ServerDown down) {
        downs.add(down);
    }

    /** The servers of upstreams that the old process's checks have found down. */
    public synchronized List<ServerDown> downs() {
        return List.copyOf(downs);
    }

    synchronized int changeCount() {
        return changes.size() + downs.size();
    }

    synchronized void ended(List<String> names) {
        ended.addAll(names);
    }

    /** The names of listeners of the old process's configuration that were unbound there at run time. */
    public synchronized List<String> ended() {
        return List.copyOf(ended);
    }

    synchronized void ticketKeys(String keys) {
        ticketKeys = keys;
    }

    /** The keys of session tickets of TLS there; empty if there are none. */
    public synchronized String ticketKeys() {
        return ticketKeys;
    }

    /** How many fds there are. */
    synchronized int size() {
        return servers.size()
                + listeners.stream().mapToInt(each -> each.numbers().length).sum();
    }

    /** The listeners that are not taken; their numbers stay here. */
    synchronized List<HandedListener> listeners() {
        return List.copyOf(listeners);
    }

    /** Takes the first listener that suits: its numbers are the caller's from here on. Null if none does. */
    public synchronized @Nullable HandedListener takeListener(Predicate<HandedListener> suits) {
        for (Iterator<HandedListener> all = listeners.iterator(); all.hasNext(); ) {
            HandedListener each = all.next();
            if (suits.test(each)) {
                all.remove();
                return each;
            }
        }
        return null;
    }

    /** Takes the first server's socket that suits: its number is the caller's from here on. Null if none does. */
    public synchronized @Nullable HandedServer takeServer(Predicate<HandedServer> suits) {
        for (Iterator<HandedServer> all = servers.iterator(); all.hasNext(); ) {
            HandedServer each = all.next();
            if (suits.test(each)) {
                all.remove();
                return each;
            }
        }
        return null;
    }

    /** Closes the listeners' sockets that were not taken; returns whose they were. */
    public synchronized List<String> closeListeners() {
        List<String> closed = new ArrayList<>();
        for (HandedListener each : listeners) {
            closed.add(each.name() + " (" + each.address() + ")");
            for (int number : each.numbers()) {
                discard.accept(number);
            }
        }
        listeners.clear();
        return closed;
    }

    /** Closes everything that was not taken; returns the addresses of those that were no listeners. */
    public synchronized List<SocketAddress> closeRest() {
        closeListeners();
        List<SocketAddress> closed = new ArrayList<>();
        for (HandedServer each : servers) {
            closed.add(each.address());
            discard.accept(each.number());
        }
        servers.clear();
        return closed;
    }
}
