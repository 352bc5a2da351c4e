package dev.baton.runtime.server;

import dev.baton.runtime.listener.BoundListeners;
import dev.baton.runtime.listener.SharedListener;
import dev.baton.runtime.upgrade.KeptSockets;
import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * New listeners on the sockets that this process has kept, because the process that it handed them to has died. The
 * listeners that it had are draining, and go on with that.
 *
 * <p>For one thread that may block.
 */
final class ListenerTakeBack {
    private static final Logger LOG = LoggerFactory.getLogger(ListenerTakeBack.class);

    private final BoundListeners listeners;
    private final Map<SharedListener, SharedListener> made = new LinkedHashMap<>();

    private ListenerTakeBack(BoundListeners listeners) {
        this.listeners = listeners;
    }

    /** Adopts what was kept; nothing is accepted yet. What cannot be taken back is logged. */
    static ListenerTakeBack of(KeptSockets kept, ListenerMaker maker, BoundListeners listeners) {
        ListenerTakeBack takeBack = new ListenerTakeBack(listeners);
        for (SharedListener before : kept.listeners()) {
            try {
                SharedListener again = maker.again(before);
                again.adopt(kept.take(before));
                if (kept.isSuspended(before)) {
                    again.suspend();
                }
                takeBack.made.put(before, again);
            } catch (IOException | RuntimeException e) {
                LOG.warn("listener {} cannot be taken back: {}", before.name(), e.getMessage());
            }
        }
        return takeBack;
    }

    /** True if there is no listener to serve with. */
    boolean isEmpty() {
        return made.isEmpty();
    }

    /** They are this process's from here on, in place of those that drain. */
    void replace() {
        made.forEach(listeners::replace);
        listeners.othersDrain();
    }

    /** They accept. */
    void start() {
        made.values().forEach(SharedListener::start);
    }

    /** Nothing comes of it. */
    void close() {
        made.values().forEach(listener -> listener.unbind(Duration.ZERO));
    }
}
