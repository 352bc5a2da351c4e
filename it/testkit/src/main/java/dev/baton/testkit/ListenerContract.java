package dev.baton.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIOException;

import dev.baton.runtime.posix.JnrPosix;
import dev.baton.runtime.posix.PeerAddress;
import dev.baton.runtime.posix.Posix;
import dev.baton.spi.listener.BoundSocket;
import dev.baton.spi.listener.InvalidBindException;
import dev.baton.spi.listener.ListenerEndpoint;
import dev.baton.spi.listener.ListenerKind;
import dev.baton.spi.listener.SocketOrigin;
import dev.baton.spi.listener.SocketSettings;
import dev.baton.spi.posix.Errno;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What every kind of listener promises, on real sockets: a kind's test extends this. Its endpoints open, bind and
 * describe sockets; they close none, because the caller has entered the number into the fd table by then.
 */
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
public abstract class ListenerContract {
    private static final int BACKLOG = 16;

    /** One for the process, as in production: it keeps native memory for good. */
    private static final class Kernel {
        static final Posix POSIX = new JnrPosix();
    }

    private final FaultyPosix faults = new FaultyPosix(Kernel.POSIX);
    private final Posix posix = faults.posix();
    private final List<Integer> open = new ArrayList<>();
    private final List<BoundSocket> bound = new ArrayList<>();

    /** For names that a kind makes in the file system. */
    @TempDir
    Path folder = Path.of("");

    /** For a plugin's test. */
    protected ListenerContract() {}

    /** The kind under test. */
    protected abstract ListenerKind kind();

    /**
     * A {@code bind} that can be bound on every machine, and that no other process has; asked once a test.
     *
     * @param temporary a folder that is empty
     */
    protected abstract String freeBind(Path temporary);

    /** Binds that have the form of this kind and are wrong. */
    protected abstract List<String> wrongBinds();

    /** Binds of other kinds. */
    protected abstract List<String> foreignBinds();

    /** The address to connect to, from {@link BoundSocket#address}. */
    protected abstract SocketAddress connectTo(String address);

    @AfterEach
    final void closeAll() throws IOException {
        faults.heal();
        for (int number : List.copyOf(open)) {
            close(number);
        }
        for (BoundSocket socket : bound) {
            socket.cleanUp();
        }
    }

    private int socket(String bind) throws IOException {
        int number = kind().parse(bind).socket(posix);
        open.add(number);
        return number;
    }

    private BoundSocket bind(int number, String bind) throws IOException {
        BoundSocket socket = kind().parse(bind).bind(number, SocketSettings.DEFAULT, posix);
        bound.add(socket);
        return socket;
    }

    private void close(int number) {
        open.remove((Integer) number);
        assertThat(posix.close(number)).as("close of %s", number).isZero();
    }

    /** A socket that listens; its number is the last of {@link #open}. */
    private BoundSocket listening(String bind) throws IOException {
        int number = socket(bind);
        BoundSocket socket = bind(number, bind);
        assertThat(posix.listen(number, BACKLOG)).isZero();
        return socket;
    }

    // ---- words ----------------------------------------------------------------------------------------------------

    @Test
    final void shouldClaimItsOwnBindsAndNoOthers() {
        assertThat(kind().name()).matches("[a-z][a-z0-9-]*");
        assertThat(freeBind(folder))
                .satisfies(bind -> assertThat(kind().claims(bind)).isTrue());
        assertThat(wrongBinds()).isNotEmpty().allMatch(bind -> kind().claims(bind));
        assertThat(foreignBinds()).isNotEmpty().noneMatch(bind -> kind().claims(bind));
    }

    @Test
    final void shouldSayWhatIsWrongInASentenceWithoutAFullStop() {
        for (String bind : wrongBinds()) {
            assertThatExceptionOfType(InvalidBindException.class)
                    .as(bind)
                    .isThrownBy(() -> kind().parse(bind))
                    .extracting(InvalidBindException::problem)
                    .satisfies(why ->
                            assertThat(why).isNotBlank().doesNotEndWith(".").doesNotContain("\n"));
        }
    }

    /** {@code baton check} parses on any machine: it opens nothing. */
    @Test
    final void shouldOpenNothingToParse() {
        int before = faults.calls("socket");
        kind().parse(freeBind(folder)).check(SocketSettings.DEFAULT);
        assertThat(faults.calls("socket")).isEqualTo(before);
    }

    // ---- sockets --------------------------------------------------------------------------------------------------

    @Test
    final void shouldListenWhereItSays() throws Exception {
        String address = listening(freeBind(folder)).address();
        assertThat(kind().claims(address)).isTrue();
        assertThat(kind().parse(address)).isNotNull();

        try (SocketChannel client = SocketChannel.open(connectTo(address));
                PeerAddress peer = new PeerAddress()) {
            assertThat(client.isConnected()).isTrue();
            int accepted = posix.accept(open.get(0), peer);
            assertThat(accepted).isNotNegative();
            open.add(accepted);
        }
    }

    /** What the caller has entered into the fd table is the caller's to close, whatever goes wrong. */
    @Test
    final void shouldCloseNothing() throws Exception {
        BoundSocket socket = listening(freeBind(folder));
        assertThat(socket.queued()).isBetween(BoundSocket.UNKNOWN, 0);
        assertThat(faults.closes(open.get(0))).isZero();
    }

    @Test
    final void shouldBeBoundAgainAfterTheCloseAndTheCleanup() throws Exception {
        BoundSocket first = listening(freeBind(folder));
        close(open.get(0));
        bound.remove(0).cleanUp();

        BoundSocket second = listening(first.address());
        assertThat(second.address()).isEqualTo(first.address());
    }

    /**
     * For the other sockets of a listener, and for the trial after an unbind: the port that the kernel chose counts.
     */
    @Test
    final void shouldBindTheSameAddressAgain() throws Exception {
        BoundSocket first = listening(freeBind(folder));
        Optional<ListenerEndpoint> again = first.again();
        close(open.get(0));
        bound.remove(0).cleanUp();
        if (again.isPresent()) {
            int number = again.get().socket(posix);
            open.add(number);
            BoundSocket second = again.get().bind(number, SocketSettings.DEFAULT, posix);
            bound.add(second);
            assertThat(second.address()).isEqualTo(first.address());
        }
    }

    @Test
    final void shouldNotTakeAnAddressThatIsListenedOn() throws Exception {
        String address = listening(freeBind(folder)).address();
        int second = socket(address);
        assertThatIOException()
                .isThrownBy(() -> bind(second, address))
                .withMessageContaining(address)
                .withMessageContaining("EADDRINUSE");
        assertThat(faults.closes(second)).isZero();
        // The first one is as it was.
        try (SocketChannel client = SocketChannel.open(connectTo(address))) {
            assertThat(client.isConnected()).isTrue();
        }
    }

    /** R10: an error at each step names what was asked for and the errno, and leaves the number to the caller. */
    @ParameterizedTest
    @CsvSource({
        "socket, EMFILE",
        "socket, ENFILE",
        "socket, ENOBUFS",
        "bind, EADDRINUSE",
        "bind, EACCES",
        "bind, ENOMEM"
    })
    final void shouldNameWhatItCouldNotDo(String call, String errno) throws Exception {
        String bind = freeBind(folder);
        int number = call.equals("socket") ? -1 : socket(bind);
        faults.plant(call, -errno(errno));
        int closes = faults.closes();
        assertThatIOException()
                .isThrownBy(() -> {
                    if (call.equals("socket")) {
                        socket(bind);
                    } else {
                        bind(number, bind);
                    }
                })
                .withMessageContaining(errno)
                .withMessageContaining(kind().name());
        assertThat(number < 0 ? 0 : faults.closes(number)).isZero();
        assertThat(faults.closes())
                .as("closes of numbers that it opened itself")
                .isGreaterThanOrEqualTo(closes);
    }

    private static int errno(String name) {
        return switch (name) {
            case "EMFILE" -> Errno.EMFILE;
            case "ENFILE" -> Errno.ENFILE;
            case "ENOBUFS" -> Errno.ENOBUFS;
            case "EADDRINUSE" -> Errno.EADDRINUSE;
            case "EACCES" -> Errno.EACCES;
            case "ENOMEM" -> Errno.ENOMEM;
            default -> throw new IllegalArgumentException(name);
        };
    }

    /** What a hand-over gives to the next process: the same address, and nothing bound anew. */
    @Test
    final void shouldAdoptASocketThatListens() throws Exception {
        String bind = freeBind(folder);
        if (kind().parse(bind).origin() != SocketOrigin.MADE) {
            return; // comes adopted
        }
        String address = listening(bind).address();
        int binds = faults.calls("bind");
        BoundSocket adopted = kind().parse(address).adopt(open.get(0), SocketSettings.DEFAULT, posix);
        bound.set(0, adopted);
        assertThat(faults.calls("bind")).isEqualTo(binds);
        assertThat(adopted.address()).isEqualTo(address);
    }
}
