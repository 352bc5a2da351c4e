package dev.baton.spi.listener;

import dev.baton.spi.posix.SocketCalls;
import dev.baton.spi.threading.AnyThread;
import dev.baton.spi.threading.OffLoop;
import java.io.IOException;
import java.util.Optional;

/**
 * One kind of listening socket, for example tcp: how a {@code bind} of the configuration becomes an fd that listens.
 *
 * <p>One instance serves all listeners of the kind and keeps nothing of them; what has to be remembered of a socket goes into
 * its {@link SocketCleanup}. The calls for one socket, in order: {@link #socket}, then {@link #bind(int, String, SocketSettings,
 * SocketCalls)} and listen(2) if it is {@link SocketOrigin#MADE}, else {@link #adopt}; {@link #address}; perhaps
 * {@link #refuse}, {@link #queued} and {@link #handshakes}; and after the close the cleanup.
 */
public interface ListenerKind {

    /** Answer of {@link #queued}: this kind cannot tell. */
    int UNKNOWN = -1;

    /** Its name, for example {@code tcp}. */
    String name();

    /** True if this {@code bind} has the form of this kind, right or wrong: no other kind is asked then. */
    boolean claims(String bind);

    /** Empty if the {@code bind} can be used, else what is wrong with it, as one sentence without a full stop. */
    Optional<String> check(String bind);

    /**
     * Empty if the kind can do what the configuration says of the socket of a {@code bind} that {@link #check(String)} found
     * right; else what it cannot, as one sentence without a full stop.
     */
    default Optional<String> check(String bind, SocketSettings settings) {
        if (settings.describesFile()) {
            return Optional.of("mode, user and group belong to unix sockets that have a path, not to " + name());
        }
        return settings.perLoop()
                ? Optional.of("sockets: per-loop is not possible, " + name() + " has one socket for all loops")
                : Optional.empty();
    }

    /** How the sockets of a {@code bind} come into being. */
    default SocketOrigin origin(String bind) {
        return SocketOrigin.MADE;
    }

    /**
     * Gives a socket for a {@code bind}: a new one of the right family, neither bound nor listening, or the one that the
     * process got, if the origin says so. The caller enters it into the fd table at once, so that every error after this ends
     * in {@code fdDelete}.
     *
     * @return the kernel's number
     * @throws IOException for example {@code cannot create a socket for tcp [::1]:80: EAFNOSUPPORT}
     */
    @OffLoop
    int socket(String bind, SocketCalls calls) throws IOException;

    /**
     * Sets the socket's options and binds it; the caller then calls {@code listen}, or deletes the fd if it only wanted
     * to know whether the address is free.
     *
     * @throws IOException {@code cannot bind tcp 0.0.0.0:80: EACCES (ports below 1024 need CAP_NET_BIND_SERVICE)}
     */
    @OffLoop
    void bind(int number, String bind, SocketCalls calls) throws IOException;

    /**
     * Binds as {@link #bind(int, String, SocketCalls)} does, with what the configuration says of the socket. Nobody can
     * connect before the caller has called {@code listen}.
     *
     * @return what is to be done after the close
     * @throws IOException as there
     */
    @OffLoop
    default SocketCleanup bind(int number, String bind, SocketSettings settings, SocketCalls calls) throws IOException {
        bind(number, bind, calls);
        return SocketCleanup.NONE;
    }

    /**
     * Accepts a socket that is bound and listens already: one that this process inherited, or that the process before it has
     * handed over. The runtime has made sure that it listens.
     *
     * @return what is to be done after the close
     * @throws IOException if it is not one of this {@code bind}
     */
    @OffLoop
    default SocketCleanup adopt(int number, String bind, SocketSettings settings, SocketCalls calls)
            throws IOException {
        return SocketCleanup.NONE;
    }

    /**
     * The real address of a bound socket, in the form of {@code bind}; of one that was not made here, in the form in which the
     * kind that makes such sockets writes it.
     */
    String address(int number, SocketCalls calls) throws IOException;

    /**
     * Makes the kernel refuse new connections (or ignore them, so that the client tries again) and keep those that wait for
     * accept. For good.
     *
     * @return whether it could
     */
    @AnyThread
    default boolean refuse(int number, SocketCalls calls) {
        return false;
    }

    /** How many connections wait for accept, or {@link #UNKNOWN}. Cost: a system call. */
    @AnyThread
    default int queued(int number, SocketCalls calls) {
        return UNKNOWN;
    }

    /**
     * How many connections to an address are being established and may still come to wait for accept. Cost: may be
     * O(connections of the machine).
     *
     * @param address from {@link #address}
     */
    @OffLoop
    default int handshakes(String address) {
        return 0;
    }

    /**
     * True if a socket that can be bound to the address shows that it is free, which the runtime then tries after an unbind;
     * false if the address is free as soon as the cleanup is over.
     *
     * @param address from {@link #address}
     */
    default boolean isTriedByBinding(String address) {
        return true;
    }
}
