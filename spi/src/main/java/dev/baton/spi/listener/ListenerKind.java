package dev.baton.spi.listener;

import dev.baton.spi.threading.AnyThread;

/**
 * One kind of listening socket, for example tcp: turns a {@code bind} of the configuration into a
 * {@link ListenerEndpoint}, which makes sockets.
 *
 * <p>One instance serves all listeners of a kind that has no keys of its own; else one is made for each listener. It
 * keeps nothing of them: what a listener is told belongs to its endpoint, and what has to be remembered of a socket to
 * its {@link BoundSocket}.
 */
@AnyThread
public interface ListenerKind {

    /** Its name, for example {@code tcp}. */
    String name();

    /**
     * True if this {@code bind} has the form of this kind, right or wrong. A {@code bind} that two kinds claim is an
     * error that names both.
     */
    boolean claims(String bind);

    /**
     * Parses a {@code bind} that this kind claims, once for each listener. Opens nothing and asks no name server:
     * {@code baton check} calls it, on any machine.
     *
     * @throws InvalidBindException if it cannot be used
     */
    ListenerEndpoint parse(String bind);
}
