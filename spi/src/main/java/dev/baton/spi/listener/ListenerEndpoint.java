package dev.baton.spi.listener;

import dev.baton.spi.posix.SocketCalls;
import dev.baton.spi.threading.AnyThread;
import dev.baton.spi.threading.OffLoop;
import java.io.IOException;
import java.util.Optional;

/**
 * Where a listener listens: a parsed {@code bind}, which makes the listener's sockets. Immutable.
 *
 * <p>The calls for one socket, in order: {@link #socket}; then {@link #bind}, and listen(2) by the caller, if the
 * origin is {@link SocketOrigin#MADE}; else {@link #adopt}. The caller enters the number into the fd table before the
 * second call and closes it after any error, so an endpoint closes nothing that it has returned.
 */
public interface ListenerEndpoint {

    /**
     * Empty if it can do what the configuration says of its sockets; else what it cannot, as one sentence without a
     * full stop.
     */
    @AnyThread
    default Optional<String> check(SocketSettings settings) {
        if (settings.describesFile()) {
            return Optional.of("mode, user and group belong to unix sockets that have a path");
        }
        return settings.perLoop()
                ? Optional.of("sockets: per-loop is not possible, there is one socket for all loops")
                : Optional.empty();
    }

    /** How its sockets come into being. */
    @AnyThread
    default SocketOrigin origin() {
        return SocketOrigin.MADE;
    }

    /**
     * Gives a socket: a new one of the right family, neither bound nor listening, or the one that the process got, if
     * the origin says so.
     *
     * @return the kernel's number
     * @throws IOException for example {@code cannot create a socket for tcp [::1]:80: EAFNOSUPPORT}
     */
    @OffLoop
    int socket(SocketCalls calls) throws IOException;

    /**
     * Sets the options of a socket from {@link #socket} and binds it. Clients cannot connect before the caller has
     * called {@code listen}; it does not if it only tries whether the address is free.
     *
     * @throws IOException {@code cannot bind tcp 0.0.0.0:80: EACCES (ports below 1024 need CAP_NET_BIND_SERVICE)};
     *     nothing but the number is left to clean up then
     */
    @OffLoop
    BoundSocket bind(int number, SocketSettings settings, SocketCalls calls) throws IOException;

    /**
     * Accepts a socket that is bound and listens already: one that this process inherited, or that the process before
     * it has handed over. The runtime has made sure that it listens.
     *
     * @throws IOException if it is not one of this endpoint's
     */
    @OffLoop
    BoundSocket adopt(int number, SocketSettings settings, SocketCalls calls) throws IOException;
}
