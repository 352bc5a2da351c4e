package dev.baton.plugin.inherited;

import dev.baton.spi.listener.Aftermath;
import dev.baton.spi.listener.ListenerKind;
import dev.baton.spi.listener.SocketOrigin;
import dev.baton.spi.listener.SocketSettings;
import dev.baton.spi.posix.SocketCalls;
import java.io.IOException;
import java.util.Optional;

/**
 * Listens on a socket that the process has inherited, by its number: {@code fd@3}. Tcp or unix, bound and listening already.
 *
 * <p>Whoever started the process may have kept it: an unbind closes it here and tells no more.
 */
public final class FdListenerKind implements ListenerKind {
    private static final String PREFIX = "fd@";
    /** Numbers run below the kernel's {@code fs.nr_open}, 2<sup>20</sup> as it comes. */
    private static final int NUMBER_MAX = (1 << 20) - 1;

    /** For Guice. */
    public FdListenerKind() {}

    @Override
    public String name() {
        return "fd";
    }

    @Override
    public boolean claims(String bind) {
        return bind.startsWith(PREFIX);
    }

    @Override
    public Optional<String> check(String bind) {
        String digits = bind.substring(PREFIX.length());
        // At most seven digits: the parse cannot overflow.
        if (!digits.matches("[0-9]{1,7}")) {
            return Optional.of("\"" + bind + "\" names no fd; write it as in fd@3");
        }
        int number = Integer.parseInt(digits);
        if (number < InheritedSocket.FIRST) {
            return Optional.of("fd " + number + " is a standard stream; inherited sockets begin at fd@3");
        }
        return number > NUMBER_MAX
                ? Optional.of("fd " + number + " cannot exist, numbers go up to " + NUMBER_MAX)
                : Optional.empty();
    }

    @Override
    public SocketOrigin origin(String bind) {
        return SocketOrigin.INHERITED;
    }

    @Override
    public int socket(String bind, SocketCalls calls) throws IOException {
        Optional<String> wrong = check(bind);
        if (wrong.isPresent()) {
            throw new IOException("cannot use " + bind + ": " + wrong.get());
        }
        int number = Integer.parseInt(bind.substring(PREFIX.length()));
        InheritedSocket.mustListen(number, bind, calls);
        return number;
    }

    @Override
    public void bind(int number, String bind, SocketCalls calls) throws IOException {
        throw new IOException("cannot bind " + bind + ": whoever passed it has bound it");
    }

    @Override
    public Aftermath adopt(int number, String bind, SocketSettings settings, SocketCalls calls) throws IOException {
        InheritedSocket.adopt(number, bind, calls);
        return Aftermath.NONE;
    }

    @Override
    public String address(int number, SocketCalls calls) throws IOException {
        return InheritedSocket.address(number, calls);
    }

    @Override
    public boolean isTriedByBinding(String address) {
        return false;
    }
}
