package dev.baton.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import dev.baton.runtime.posix.JnrPosix;
import dev.baton.runtime.posix.PeerAddress;
import dev.baton.runtime.posix.Posix;
import dev.baton.spi.listener.ListenerKind;
import dev.baton.spi.listener.SocketCleanup;
import dev.baton.spi.listener.SocketOrigin;
import dev.baton.spi.listener.SocketSettings;
import dev.baton.spi.posix.Errno;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What every kind of listener promises, on real sockets: a kind's test extends this. A kind opens, binds and describes sockets; it
 * closes none and keeps none, because whoever called it has entered the number into the fd table by then.
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
    private final List<SocketCleanup> cleanups = new ArrayList<>();

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

    /** The address to connect to, from {@link ListenerKind#address}. */
    protected abstract SocketAddress connectTo(String address);

    @AfterEach
    final void closeAll() throws IOException {
        faults.heal();
        for (int number : List.copyOf(open)) {
            close(number);
        }
        for (SocketCleanup cleanup : cleanups) {
            cleanup.run();
        }
    }

    private int socket(String bind) throws IOException {
        int number = kind().socket(bind, posix);
        open.add(number);
        return number;
    }

    private void bind(int number, String bind) throws IOException {
        cleanups.add(kind().bind(number, bind, SocketSettings.DEFAULT, posix));
    }

    private void close(int number) {
        open.remove((Integer) number);
        assertThat(posix.close(number)).as("close of %s", number).isZero();
    }

    private int listening(String bind) throws IOException {
        int number = socket(bind);
        bind(number, bind);
        assertThat(posix.listen(number, BACKLOG)).isZero();
        return number;
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
        assertThat(kind().check(freeBind(folder))).isEmpty();
        for (String bind : wrongBinds()) {
            assertThat(kind().check(bind))
                    .as(bind)
                    .hasValueSatisfying(why ->
                            assertThat(why).isNotBlank().doesNotEndWith(".").doesNotContain("\n"));
        }
    }

    /** {@code check} runs for {@code baton check}, on any machine: it opens nothing. */
    @Test
    final void shouldOpenNothingToCheck() {
        int before = faults.calls("socket");
        kind().check(freeBind(folder));
        kind().check(freeBind(folder), SocketSettings.DEFAULT);
        wrongBinds().forEach(bind -> kind().check(bind));
        assertThat(faults.calls("socket")).isEqualTo(before);
    }

    // ---- sockets --------------------------------------------------------------------------------------------------

    @Test
    final void shouldListenWhereItSays() throws Exception {
        int number = listening(freeBind(folder));
        String address = kind().address(number, posix);
        assertThat(kind().claims(address)).isTrue();
        assertThat(kind().check(address)).isEmpty();

        try (SocketChannel client = SocketChannel.open(connectTo(address));
                PeerAddress peer = new PeerAddress()) {
            assertThat(client.isConnected()).isTrue();
            int accepted = posix.accept(number, peer);
            assertThat(accepted).isNotNegative();
            open.add(accepted);
        }
    }

    /** What the caller has entered into the fd table is the caller's to close, whatever goes wrong. */
    @Test
    final void shouldCloseNothing() throws Exception {
        String bind = freeBind(folder);
        listening(bind);
        kind().address(open.get(0), posix);
        assertThat(faults.closes(open.get(0))).isZero();
    }

    @Test
    final void shouldBeBoundAgainAfterTheCloseAndTheCleanup() throws Exception {
        String bind = freeBind(folder);
        int first = listening(bind);
        String address = kind().address(first, posix);
        close(first);
        cleanups.remove(0).run();

        int second = socket(address);
        bind(second, address);
        assertThat(posix.listen(second, BACKLOG)).isZero();
        assertThat(kind().address(second, posix)).isEqualTo(address);
    }

    @Test
    final void shouldNotTakeAnAddressThatSomebodyListensOn() throws Exception {
        String address = kind().address(listening(freeBind(folder)), posix);
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
        if (kind().origin(freeBind(folder)) != SocketOrigin.MADE) {
            return; // comes adopted
        }
        String bind = freeBind(folder);
        int number = listening(bind);
        String address = kind().address(number, posix);
        int binds = faults.calls("bind");
        cleanups.set(0, kind().adopt(number, address, SocketSettings.DEFAULT, posix));
        assertThat(faults.calls("bind")).isEqualTo(binds);
        assertThat(kind().address(number, posix)).isEqualTo(address);
    }
}
