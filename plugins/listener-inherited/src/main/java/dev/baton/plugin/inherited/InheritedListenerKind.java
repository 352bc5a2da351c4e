package dev.baton.plugin.inherited;

import dev.baton.spi.listener.ListenerKind;
import dev.baton.spi.listener.SocketCleanup;
import dev.baton.spi.listener.SocketOrigin;
import dev.baton.spi.listener.SocketSettings;
import dev.baton.spi.posix.SocketCalls;
import java.io.IOException;
import java.util.Optional;

/** Listens on sockets that somebody has passed, bound and listening already; how one is named, the kinds say. */
abstract class InheritedListenerKind implements ListenerKind {
    private final String prefix;
    private final String binder;

    /**
     * A kind.
     *
     * @param prefix what its bind addresses begin with
     * @param binder who has bound them
     */
    InheritedListenerKind(String prefix, String binder) {
        this.prefix = prefix;
        this.binder = binder;
    }

    /** The number of the socket that a bind address which {@link #check} finds nothing wrong with names. */
    abstract int number(String bind) throws IOException;

    /** The bind address without its prefix. */
    final String rest(String bind) {
        return bind.substring(prefix.length());
    }

    @Override
    public final boolean claims(String bind) {
        return bind.startsWith(prefix);
    }

    @Override
    public final SocketOrigin origin(String bind) {
        return SocketOrigin.INHERITED;
    }

    @Override
    public final int socket(String bind, SocketCalls calls) throws IOException {
        Optional<String> wrong = check(bind);
        if (wrong.isPresent()) {
            throw new IOException("cannot use " + bind + ": " + wrong.get());
        }
        int number = number(bind);
        InheritedSocket.mustListen(number, bind, calls);
        return number;
    }

    @Override
    public final void bind(int number, String bind, SocketCalls calls) throws IOException {
        throw new IOException("cannot bind " + bind + ": " + binder + " has bound it");
    }

    @Override
    public final SocketCleanup adopt(int number, String bind, SocketSettings settings, SocketCalls calls)
            throws IOException {
        InheritedSocket.adopt(number, bind, calls);
        return SocketCleanup.NONE;
    }

    @Override
    public final String address(int number, SocketCalls calls) throws IOException {
        return InheritedSocket.address(number, calls);
    }

    @Override
    public final boolean isTriedByBinding(String address) {
        return false;
    }
}
