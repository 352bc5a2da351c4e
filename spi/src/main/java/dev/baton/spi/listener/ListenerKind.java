package dev.baton.spi.listener;

import dev.baton.spi.posix.SocketCalls;
import dev.baton.spi.threading.OffLoop;
import java.io.IOException;
import java.util.Optional;

/** One kind of listening socket, for example tcp: how a {@code bind} of the configuration becomes an fd that listens. */
public interface ListenerKind {

    /** Its name, for example {@code tcp}. */
    String name();

    /** True if this {@code bind} has the form of this kind, right or wrong: no other kind is asked then. */
    boolean claims(String bind);

    /** Empty if the {@code bind} can be used, else what is wrong with it, as one sentence without a full stop. */
    Optional<String> check(String bind);

    /**
     * Creates a socket of the right family for a {@code bind}, neither bound nor listening. The caller enters it into
     * the fd table at once, so that every error after this ends in {@code fdDelete}.
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

    /** The real address of a bound socket, in the form of {@code bind}. */
    String address(int number, SocketCalls calls) throws IOException;
}
