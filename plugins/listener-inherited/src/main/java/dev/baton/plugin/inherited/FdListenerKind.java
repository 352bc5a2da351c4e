package dev.baton.plugin.inherited;

import java.util.Optional;

/**
 * Listens on a socket that the process has inherited, by its number: {@code fd@3}. Tcp or unix, bound and listening already.
 *
 * <p>Whoever started the process may have kept it: an unbind closes it here and tells no more.
 */
public final class FdListenerKind extends InheritedListenerKind {
    private static final String PREFIX = "fd@";
    /** Numbers run below the kernel's {@code fs.nr_open}, 2<sup>20</sup> as it comes. */
    private static final int NUMBER_MAX = (1 << 20) - 1;

    /** For Guice. */
    public FdListenerKind() {
        super(PREFIX, "whoever passed it");
    }

    @Override
    public String name() {
        return "fd";
    }

    @Override
    public Optional<String> check(String bind) {
        String digits = rest(bind);
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
    int number(String bind) {
        return Integer.parseInt(rest(bind));
    }
}
