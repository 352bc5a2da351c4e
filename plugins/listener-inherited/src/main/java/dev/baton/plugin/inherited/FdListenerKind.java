package dev.baton.plugin.inherited;

import dev.baton.spi.listener.InvalidBindException;
import dev.baton.spi.listener.ListenerEndpoint;
import dev.baton.spi.listener.ListenerKind;

/**
 * Listens on a socket that the process has inherited, by its number: {@code fd@3}. Tcp or unix, bound and listening
 * already.
 *
 * <p>The process that started this one may have kept it: an unbind closes it here and tells no more.
 */
public final class FdListenerKind implements ListenerKind {
    private static final String PREFIX = "fd@";
    /** Numbers run below the kernel's {@code fs.nr_open}, 2<sup>20</sup> as it comes. */
    private static final int NUMBER_MAX = (1 << 20) - 1;

    @Override
    public String name() {
        return "fd";
    }

    @Override
    public boolean claims(String bind) {
        return bind.startsWith(PREFIX);
    }

    @Override
    public ListenerEndpoint parse(String bind) {
        String digits = bind.substring(PREFIX.length());
        // At most seven digits: the parse cannot overflow.
        if (!digits.matches("[0-9]{1,7}")) {
            throw new InvalidBindException("\"" + bind + "\" names no fd; write it as in fd@3");
        }
        int number = Integer.parseInt(digits);
        if (number < InheritedSocket.FIRST) {
            throw new InvalidBindException(
                    "fd " + number + " is a standard stream; inherited sockets begin at fd@" + InheritedSocket.FIRST);
        }
        if (number > NUMBER_MAX) {
            throw new InvalidBindException("fd " + number + " cannot exist, numbers go up to " + NUMBER_MAX);
        }
        return new InheritedEndpoint(bind, "the process that passed it", () -> number);
    }
}
