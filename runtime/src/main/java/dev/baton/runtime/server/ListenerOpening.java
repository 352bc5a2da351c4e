package dev.baton.runtime.server;

import dev.baton.runtime.listener.BoundListeners;
import dev.baton.runtime.listener.SharedListener;
import dev.baton.runtime.systemd.FdStore;
import dev.baton.runtime.upgrade.HandedListener;
import dev.baton.runtime.upgrade.Predecessor;
import dev.baton.spi.listener.ListenerState;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Opens the listeners of a process that starts: with the sockets that the process before had for them, else by binding.
 *
 * <p>What the file says now goes before what an operator did to the process before, because it is what an operator
 * wrote last; and a service that the file does not mention must not be lost:
 *
 * <pre>
 * in the process before                  in the file now      here
 * suspended at run time                  yes                  suspended
 * unbound or removed at run time         yes                  bound again
 * added at run time                      no                   continues, by the text that it was added by
 * added at run time                      the same address     the file's, with the socket
 * added at run time                      another address      the file's; the socket is closed
 *                                        by the same name
 * in its file                            no                   closed
 * </pre>
 *
 * <p>Each row but the first of a listener that was not changed is told to the one who asked for the upgrade.
 *
 * <p>Of a process that has died the sockets are left, and what an operator had changed ({@link FdStore}); not which
 * listeners were unbound. What no listener takes is closed before anything is bound, because no process serves it and
 * it would keep its address taken. A listener that was added at run time continues with its socket, or not at all. One
 * that was suspended stays so with its socket, or, where none was kept, by the same name with the same bind: under
 * another address it is another listener.
 *
 * <p>For the starting thread.
 */
final class ListenerOpening {
    private static final Logger LOG = LoggerFactory.getLogger(ListenerOpening.class);

    private final BoundListeners listeners;
    private final ListenerChanges changes;
    private final Predecessor before;
    private final FdStore store;

    ListenerOpening(BoundListeners listeners, ListenerChanges changes, Predecessor before, FdStore store) {
        this.listeners = listeners;
        this.changes = changes;
        this.before = before;
        this.store = store;
    }

    /** Opens all; answers why those that cannot be opened cannot. */
    List<String> open() {
        List<String> problems = new ArrayList<>();
        List<SharedListener> configured = List.copyOf(listeners.all());
        Map<SharedListener, HandedListener> handed = before.adopt(configured);
        if (before.isDead()) {
            handed = adoptKept(handed);
        }
        for (SharedListener listener : configured) {
            HandedListener sockets = handed.get(listener);
            try {
                if (sockets != null) {
                    adopt(listener, sockets);
                } else if (listener.state() == ListenerState.NEW) {
                    bind(listener);
                }
            } catch (IOException | IllegalStateException e) {
                problems.add("listener " + listener.name() + ": " + e.getMessage());
            }
        }
        if (problems.isEmpty()) {
            before.others().forEach(this::other);
        }
        return problems;
    }

    /**
     * Opens the listeners of which the service manager has kept the sockets, and has it give up the others; answers
     * none, as those are open then. One that cannot use its sockets is bound anew.
     */
    private Map<SharedListener, HandedListener> adoptKept(Map<SharedListener, HandedListener> kept) {
        kept.forEach((listener, sockets) -> {
            try {
                adopt(listener, sockets);
                before.note("listener " + listener.name() + " continues on " + listener.address()
                        + ", which was kept for it");
            } catch (IOException | IllegalStateException e) { // its sockets are closed
                before.note("listener " + listener.name() + " cannot use the socket that was kept for it: "
                        + e.getMessage());
            }
        });
        for (HandedListener other : before.others()) {
            if (other.text().isEmpty()) {
                before.close(other);
                before.note(other.name() + " (" + other.address() + "), which was kept, is closed: no listener has it");
            } else {
                other(other);
            }
        }
        store.dropUnused();
        return Map.of();
    }

    private void bind(SharedListener listener) throws IOException {
        listener.open();
        if (before.hadSuspended(listener.name(), listener.spec().bind())) {
            staySuspended(listener);
        }
        if (before.hadUnbound(listener.name())) {
            before.note("listener " + listener.name() + " is bound again on " + listener.address()
                    + ": the configuration has it, although it was unbound at run time");
        }
    }

    private void adopt(SharedListener listener, HandedListener sockets) throws IOException {
        listener.adoptShared(sockets.numbers());
        if (sockets.isSuspended()) {
            staySuspended(listener);
        }
    }

    private void staySuspended(SharedListener listener) {
        listener.suspend(); // before it was started: it never accepts in between
        before.note("listener " + listener.name() + " stays suspended");
    }

    /** One that the configuration does not have. */
    private void other(HandedListener handed) {
        String who = handed.name() + " (" + handed.address() + ")";
        if (handed.text().isEmpty()) {
            before.close(handed);
            before.note("no longer in the configuration: " + who + " is closed");
            return;
        }
        SharedListener listener;
        try {
            listener = changes.carryOver(handed);
        } catch (Throwable t) { // Errors as well: plugins have a part in it, and the upgrade is more than this listener
            LOG.debug("listener {} of the process before", who, t);
            before.close(handed);
            ended(who, t);
            return;
        }
        try {
            adopt(listener, handed);
            before.adopted(handed, listener);
            before.note("listener " + who + " continues: it was added at run time, the configuration does not have it");
        } catch (IOException | IllegalStateException e) {
            listeners.remove(listener); // its sockets are closed
            ended(who, e);
        }
    }

    private void ended(String who, Throwable why) {
        before.note("listener " + who + " is closed: it was added at run time and cannot stay: " + why.getMessage());
    }
}
