package dev.baton.plugin.inherited;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIOException;

import dev.baton.runtime.posix.JnrPosix;
import dev.baton.runtime.posix.Posix;
import dev.baton.spi.listener.BoundSocket;
import dev.baton.spi.listener.InvalidBindException;
import dev.baton.spi.listener.ListenerEndpoint;
import dev.baton.spi.listener.ListenerKind;
import dev.baton.spi.listener.SocketOrigin;
import dev.baton.spi.listener.SocketSettings;
import dev.baton.spi.posix.AbstractUnixAddress;
import dev.baton.spi.posix.SocketOptions;
import dev.baton.spi.posix.Sockets;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** R43, the rows of inherited sockets: which are taken, by what name, and what is left alone. */
class InheritedKindsTest {
    private static final Posix POSIX = new JnrPosix();
    private static final long PID = 4711;

    private final FdListenerKind fd = new FdListenerKind();
    private final List<Integer> open = new ArrayList<>();

    @AfterEach
    void close() {
        open.forEach(POSIX::close);
    }

    private int socket(int family, SocketAddress address, boolean listens) {
        int number = POSIX.socket(family, Sockets.SOCK_STREAM, 0);
        open.add(number);
        assertThat(POSIX.bind(number, address)).isZero();
        if (listens) {
            assertThat(POSIX.listen(number, 16)).isZero();
        }
        return number;
    }

    private int tcp(boolean listens) {
        return socket(Sockets.AF_INET, new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), listens);
    }

    private static SystemdListenerKind systemd(String... environment) {
        Map<String, String> map = new HashMap<>();
        for (int i = 0; i < environment.length; i += 2) {
            map.put(environment[i], environment[i + 1]);
        }
        return new SystemdListenerKind(map, PID);
    }

    // ---- words ------------------------------------------------------------------------------------------------------

    @ParameterizedTest
    @ValueSource(strings = {"fd@", "fd@x", "fd@0", "fd@2", "fd@-3", "fd@12345678", "fd@1048576", "fd@3 "})
    void shouldSayWhatIsWrongWithANumber(String bind) {
        assertThat(fd.claims(bind)).isTrue();
        assertThatExceptionOfType(InvalidBindException.class).isThrownBy(() -> fd.parse(bind));
    }

    @ParameterizedTest
    @ValueSource(strings = {"systemd@", "systemd@a:b", "systemd@a b", "systemd@\u00e4"})
    void shouldSayWhatIsWrongWithAName(String bind) {
        assertThat(systemd().claims(bind)).isTrue();
        assertThatExceptionOfType(InvalidBindException.class)
                .isThrownBy(() -> systemd().parse(bind))
                .withMessageContaining(bind);
    }

    @Test
    void shouldClaimNothingElse() {
        for (String bind : List.of("127.0.0.1:80", "unix:/run/a", "unix:@fd@3", "*:80", "fd:3")) {
            assertThat(fd.claims(bind)).as(bind).isFalse();
            assertThat(systemd().claims(bind)).as(bind).isFalse();
        }
        assertThat(fd.parse("fd@3")).isNotNull();
        assertThat(systemd().parse("systemd@web.socket")).isNotNull();
    }

    @Test
    void shouldRefuseSettingsOfASocketThatSomebodyElseHasMade() {
        SocketSettings file = new SocketSettings(false, OptionalInt.of(0600), Optional.empty(), Optional.empty());
        SocketSettings each = new SocketSettings(true, OptionalInt.empty(), Optional.empty(), Optional.empty());
        assertThat(fd.parse("fd@3").check(file)).isPresent();
        assertThat(systemd().parse("systemd@web").check(each)).isPresent();
    }

    // ---- sockets ----------------------------------------------------------------------------------------------------

    @Test
    void shouldTakeASocketThatListens() throws IOException {
        int number = tcp(true);
        ListenerEndpoint endpoint = fd.parse("fd@" + number);
        assertThat(endpoint.origin()).isEqualTo(SocketOrigin.INHERITED);
        assertThat(endpoint.socket(POSIX)).isEqualTo(number);
        BoundSocket socket = endpoint.adopt(number, SocketSettings.DEFAULT, POSIX);
        int port = ((InetSocketAddress) POSIX.localAddress(number)).getPort();
        assertThat(socket.address()).isEqualTo("127.0.0.1:" + port);
        assertThat(socket.again()).as("a trial by binding").isEmpty();
        assertThat(POSIX.intOption(number, Sockets.IPPROTO_TCP, SocketOptions.TCP_NODELAY))
                .isEqualTo(1);
    }

    @Test
    void shouldTellUnixAddressesAsTheKindUnixWritesThem() throws IOException {
        String name = "baton-test-" + ProcessHandle.current().pid() + "-" + System.nanoTime();
        int number = socket(Sockets.AF_UNIX, new AbstractUnixAddress(name), true);
        BoundSocket socket = fd.parse("fd@" + number).adopt(number, SocketSettings.DEFAULT, POSIX);
        assertThat(socket.address()).isEqualTo("unix:@" + name);
    }

    /** The JVM's own files have numbers too: what is no listening socket is neither used nor closed. */
    @Test
    void shouldLeaveAloneWhatDoesNotListen() throws IOException {
        int deaf = tcp(false);
        assertThatIOException()
                .isThrownBy(() -> fd.parse("fd@" + deaf).socket(POSIX))
                .withMessageContaining("does not listen");
        for (Path each : List.of(Path.of("/proc/self/fd/3"), Path.of("/proc/self/fd/4"))) {
            if (Files.exists(each) && !Files.readSymbolicLink(each).toString().startsWith("socket:")) {
                assertThatIOException()
                        .isThrownBy(() -> fd.parse("fd@" + each.getFileName()).socket(POSIX))
                        .withMessageContaining("is no socket");
                assertThat(each).exists();
            }
        }
        assertThatIOException()
                .isThrownBy(() -> fd.parse("fd@1048575").socket(POSIX))
                .withMessageContaining("is no socket");
        assertThatIOException().isThrownBy(() -> fd.parse("fd@" + deaf).bind(deaf, SocketSettings.DEFAULT, POSIX));
    }

    // ---- by systemd's names -----------------------------------------------------------------------------------------

    private static String why(ListenerKind kind, String bind) {
        try {
            return "found " + kind.parse(bind).socket(POSIX);
        } catch (IOException e) {
            return String.valueOf(e.getMessage());
        }
    }

    @Test
    void shouldSayWhySystemdHasNoSuchSocket() {
        assertThat(why(systemd("LISTEN_FDS", "1"), "systemd@web")).contains("LISTEN_PID is not set");
        assertThat(why(systemd("LISTEN_PID", "1", "LISTEN_FDS", "1", "LISTEN_FDNAMES", "web"), "systemd@web"))
                .contains("LISTEN_PID is 1, this is 4711");
        assertThat(why(systemd("LISTEN_PID", "4711", "LISTEN_FDS", "many"), "systemd@web"))
                .contains("LISTEN_FDS is \"many\"");
        assertThat(why(systemd("LISTEN_PID", "4711", "LISTEN_FDS", "0"), "systemd@web"))
                .contains("has passed none");
        assertThat(why(systemd("LISTEN_PID", "4711", "LISTEN_FDS", "2", "LISTEN_FDNAMES", "api:admin"), "systemd@web"))
                .contains("has passed api, admin");
        assertThat(why(systemd("LISTEN_PID", "4711", "LISTEN_FDS", "3", "LISTEN_FDNAMES", "a:web:web"), "systemd@web"))
                .contains("several", "fd@4", "fd@5");
        // A name beyond the count belongs to no fd.
        assertThat(why(systemd("LISTEN_PID", "4711", "LISTEN_FDS", "1", "LISTEN_FDNAMES", "api:web"), "systemd@web"))
                .contains("has passed api");
    }

    /** The numbers begin at 3; a real process that gets them is in the integration tests. */
    @Test
    void shouldCountFromThreeOn() {
        assertThat(why(
                        systemd(
                                "LISTEN_PID",
                                "4711",
                                "LISTEN_FDS",
                                "999999",
                                "LISTEN_FDNAMES",
                                ":".repeat(999_996) + "web"),
                        "systemd@web"))
                .contains("fd 999999 is no socket");
        assertThat(why(systemd("LISTEN_PID", "4711", "LISTEN_FDS", "1"), "systemd@unknown"))
                .contains("systemd@unknown: fd 3 is");
    }
}
