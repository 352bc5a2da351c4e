package dev.baton.runtime.upgrade;

import dev.baton.runtime.listener.ListenerSpec;
import dev.baton.runtime.listener.SharedListener;
import dev.baton.runtime.posix.Posix;
import dev.baton.spi.listener.SocketOrigin;
import dev.baton.spi.listener.SocketSettings;
import java.io.IOException;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BiPredicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds for each listener the sockets that the process before had for it. Their address decides, as its kind tells; the
 * name only among several that fit, so that a listener may be renamed, or its address be written in another way.
 *
 * <p>In this order: the same name, and the address fits; the same text of the bind; the address fits, if it is one that
 * only one socket can have. A socket that this process did not make itself (an inherited one) has the text of its bind
 * alone.
 */
final class Adoption {
    private static final Logger LOG = LoggerFactory.getLogger(Adoption.class);

    private final Posix posix;
    private final Map<SharedListener, HandedListener> found = new LinkedHashMap<>();

    private Adoption(Posix posix) {
        this.posix = posix;
    }

    /** Takes what fits; what is left in {@code received} has no owner. */
    static Map<SharedListener, HandedListener> of(
            Collection<SharedListener> listeners, ReceivedSockets received, Posix posix) {
        Adoption adoption = new Adoption(posix);
        adoption.take(
                listeners,
                received,
                (spec, handed) -> spec.name().equals(handed.name()) && adoption.fits(spec, handed));
        adoption.take(
                listeners,
                received,
                (spec, handed) -> spec.bind().equals(handed.bind()) && !isAnyPort(spec) && adoption.fits(spec, handed));
        adoption.take(listeners, received, (spec, handed) -> !isAnyPort(spec) && adoption.fits(spec, handed));
        return adoption.found;
    }

    private void take(
            Collection<SharedListener> listeners,
            ReceivedSockets received,
            BiPredicate<ListenerSpec, HandedListener> suits) {
        for (SharedListener listener : listeners) {
            if (!found.containsKey(listener)) {
                HandedListener handed = received.takeListener(each -> suits.test(listener.spec(), each));
                if (handed != null) {
                    found.put(listener, handed);
                }
            }
        }
    }

    /** Port 0: every port fits. */
    private static boolean isAnyPort(ListenerSpec spec) {
        return spec.bind().endsWith(":0");
    }

    private boolean fits(ListenerSpec spec, HandedListener handed) {
        if (spec.endpoint().origin() != SocketOrigin.MADE) {
            return spec.bind().equals(handed.bind());
        }
        for (int number : handed.numbers()) {
            try {
                // Nothing is said of a file: it changes none.
                spec.endpoint().adopt(number, SocketSettings.DEFAULT, posix);
            } catch (IOException | RuntimeException other) {
                LOG.debug("{} is not for listener {}", handed, spec.name(), other);
                return false;
            }
        }
        return true;
    }
}
