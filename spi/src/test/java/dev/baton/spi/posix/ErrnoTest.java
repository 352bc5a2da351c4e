package dev.baton.spi.posix;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What a person reads when a system call fails. */
class ErrnoTest {

    @Test
    void shouldNameAndExplainEveryConstant() throws IllegalAccessException {
        Set<Integer> numbers = new HashSet<>();
        for (Field field : Errno.class.getFields()) {
            assertThat(Modifier.isStatic(field.getModifiers())).isTrue();
            int errno = field.getInt(null);
            assertThat(numbers.add(errno))
                    .as("%s is a number of its own", field.getName())
                    .isTrue();
            assertThat(Errno.name(errno)).isEqualTo(field.getName());
            assertThat(Errno.text(errno)).as(field.getName()).isNotEqualTo("unknown error");
            assertThat(Errno.explain(errno)).startsWith(field.getName() + " (").endsWith(")");
        }
        assertThat(numbers).hasSizeGreaterThan(50);
    }

    @Test
    void shouldExplainAnUnknownNumber() {
        assertThat(Errno.explain(999)).isEqualTo("errno 999 (unknown error)");
    }

    @Test
    void shouldSayWhatToDoAboutAPrivilegedPort() throws UnknownHostException {
        byte[] ipv6 = new byte[16];
        ipv6[15] = 1;
        InetSocketAddress port80 = new InetSocketAddress("0.0.0.0", 80);
        PosixException e = PosixException.of("bind tcp", port80, -Errno.EACCES);
        assertThat(e).hasMessage("cannot bind tcp 0.0.0.0:80: EACCES (ports below 1024 need CAP_NET_BIND_SERVICE)");
        assertThat(e.errno()).isEqualTo(Errno.EACCES);
        assertThat(PosixException.of(
                        "bind tcp", new InetSocketAddress(InetAddress.getByAddress(ipv6), 8080), -Errno.EACCES))
                .hasMessageStartingWith("cannot bind tcp [0:0:0:0:0:0:0:1]:8080: EACCES (permission denied");
    }

    @Test
    void shouldSayWhatToDoAboutAnAddressInUse() {
        assertThat(PosixException.of(
                        "bind tcp", new InetSocketAddress(InetAddress.getLoopbackAddress(), 8080), -Errno.EADDRINUSE))
                .hasMessage("cannot bind tcp 127.0.0.1:8080: EADDRINUSE"
                        + " (another process listens there; ss -ltnp shows it)");
        assertThat(PosixException.of("bind unix", UnixDomainSocketAddress.of("/run/a"), -Errno.EADDRINUSE))
                .hasMessage("cannot bind unix /run/a: EADDRINUSE"
                        + " (another process listens there or left the file behind; ss -lxp shows it)");
    }

    @Test
    void shouldSayWhatToDoAboutTooManyOpenFiles() {
        assertThat(PosixException.of("create an epoll instance", -Errno.EMFILE))
                .hasMessageStartingWith("cannot create an epoll instance: EMFILE (")
                .hasMessageContaining("ulimit -n");
    }

    @Test
    void shouldNotMakeAFailureOfASuccess() {
        assertThatThrownBy(() -> PosixException.of("bind", 0)).isInstanceOf(IllegalArgumentException.class);
    }
}
