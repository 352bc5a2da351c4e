package dev.baton.runtime.posix;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.posix.Errno;
import java.util.EnumMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** A listener that takes one connection's error for its own stops accepting; one that does the opposite spins. */
class AcceptErrorTest {
    /** The highest errno of Linux, and then some. */
    private static final int ERRNO_MAX = 150;

    @Test
    void shouldKnowEveryErrno() {
        Map<AcceptError, Set<Integer>> expected = new EnumMap<>(AcceptError.class);
        expected.put(AcceptError.NOBODY_WAITS, Set.of(Errno.EAGAIN));
        expected.put(
                AcceptError.ONE_CONNECTION,
                Set.of(
                        Errno.EINTR,
                        Errno.ECONNABORTED,
                        Errno.ENETDOWN,
                        Errno.EPROTO,
                        Errno.ENOPROTOOPT,
                        Errno.EHOSTDOWN,
                        Errno.ENONET,
                        Errno.EHOSTUNREACH,
                        Errno.EOPNOTSUPP,
                        Errno.ENETUNREACH,
                        Errno.EPERM,
                        Errno.ECONNRESET,
                        Errno.ENETRESET,
                        Errno.EPROTONOSUPPORT,
                        Errno.ESOCKTNOSUPPORT,
                        Errno.ETIMEDOUT));
        expected.put(AcceptError.OUT_OF_FDS, Set.of(Errno.EMFILE, Errno.ENFILE));
        expected.put(AcceptError.OUT_OF_MEMORY, Set.of(Errno.ENOBUFS, Errno.ENOMEM, Errno.ENOSR));
        expected.put(AcceptError.LISTENER_BROKEN, everythingBut(expected));
        for (AcceptError error : AcceptError.values()) {
            assertThat(all(error)).as("%s", error).isEqualTo(expected.get(error));
        }
    }

    private static Set<Integer> everythingBut(Map<AcceptError, Set<Integer>> known) {
        return IntStream.rangeClosed(1, ERRNO_MAX)
                .filter(errno -> known.values().stream().noneMatch(each -> each.contains(errno)))
                .boxed()
                .collect(Collectors.toSet());
    }

    private static Set<Integer> all(AcceptError error) {
        return IntStream.rangeClosed(1, ERRNO_MAX)
                .filter(errno -> AcceptError.of(errno) == error)
                .boxed()
                .collect(Collectors.toSet());
    }
}
