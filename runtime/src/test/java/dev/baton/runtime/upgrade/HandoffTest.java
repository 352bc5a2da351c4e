package dev.baton.runtime.upgrade;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.runtime.upstream.IdleConnection;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/**
 * R49: the steps of a handoff, and that neither side believes the other. Processes that die are in the integration
 * tests.
 */
class HandoffTest extends HandoffFixture {
    // ---- as it should be --------------------------------------------------------------------------------------------

    /** R49: more than 252 fds, of one listener and of many. */
    @Test
    void shouldPassMoreSocketsThanOnePacketHolds() throws Exception {
        int number = listening();
        int[] same = new int[700];
        Arrays.fill(same, number);
        List<HandedListener> listeners = new ArrayList<>();
        listeners.add(new HandedListener("each", "127.0.0.1:0", "127.0.0.1:1", same));
        for (int i = 0; i < 300; i++) {
            listeners.add(new HandedListener("l" + i, "unix:/" + i, "unix:/" + i, number));
        }
        InetSocketAddress admin = new InetSocketAddress(InetAddress.getLoopbackAddress(), 9901);
        try (Pair pair = new Pair(1);
                Giver giver = new Giver(pair.giver, LONG, new Peer(1, 0))) {
            var received = async(pair.asReceiver::receiveSockets);
            pair.giver.send(new Message.Writer(Message.Type.HELLO), LONG);
            giver.sendSockets(listeners, List.of(new HandedServer(admin, number)), List.of(), "keys");
            ReceivedSockets sockets = received.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            assertThat(sockets.size()).isEqualTo(1001);
            assertThat(sockets.ticketKeys()).isEqualTo("keys");
            HandedListener each =
                    sockets.takeListener(listener -> listener.name().equals("each"));
            assertThat(each).isNotNull();
            assertThat(each.numbers()).hasSize(700).doesNotHaveDuplicates();
            for (int copy : each.numbers()) {
                assertThat(POSIX.closeOnExec(copy)).as("R48: closed on exec").isEqualTo(1);
            }
            pair.receiver.discard(each.numbers());
            HandedServer server = sockets.takeServer(any -> true);
            assertThat(server).isNotNull();
            assertThat(server.address()).isEqualTo(admin);
            pair.receiver.discard(server.number());
            assertThat(sockets.closeListeners()).hasSize(300).contains("l7 (unix:/7)");
            assertThat(sockets.size()).isZero();
        }
        POSIX.close(number);
    }

    @Test
    void shouldGoThroughAllStepsBothSides() throws Exception {
        try (HandoffAddress address = HandoffAddress.open(table, POSIX)) {
            long self = ProcessHandle.current().pid();
            assertThat(mode(address.path())).isEqualTo("rw-------");
            Path folder = address.path().getParent();
            assertThat(folder).isNotNull();
            assertThat(mode(folder)).isEqualTo("rwx------");
            int number = listening();
            List<String> log = new ArrayList<>();
            var there = async(() -> {
                try (Receiver receiver = Receiver.connect(address.path(), table, POSIX)) {
                    ReceivedSockets sockets = receiver.receiveSockets();
                    assertThat(sockets.closeListeners()).hasSize(1);
                    assertThat(receiver.ready(List.of("web stays suspended"), (out, err) -> log.add("streams")))
                            .isEqualTo(Receiver.Outcome.DONE);
                    assertThat(receiver.serving()).isEqualTo(Receiver.Outcome.DONE);
                    receiver.follow(
                            PATIENCE,
                            (suspended, resumed) -> log.add("released " + suspended + resumed),
                            idle -> {
                                log.add(idle.upstream() + " " + idle.server() + " " + idle.plugin() + " "
                                        + idle.profile() + " " + idle.idleMillis());
                                receiver.discard(idle.number());
                            },
                            new Newcomers());
                    return log;
                }
            });
            try (Giver giver = Giver.accept(address, table, POSIX, pid -> pid == self, () -> true, PATIENCE)) {
                assertThat(giver.pid()).isEqualTo(self);
                giver.sendSockets(List.of(new HandedListener("web", "a", "b", number)), List.of(), List.of("gone"), "");
                assertThat(giver.awaitReady()).containsExactly("web stays suspended");
                giver.go();
                giver.awaitServing();
                giver.released(List.of("web"), List.of("file", "other"));
                giver.sendIdle(List.of(
                        new IdleConnection("app", "a:1", "proxy", "http", 7, number),
                        new IdleConnection("app", "a:1", "proxy", "http", 9, number)));
                giver.end();
                assertThat(there.get(PATIENCE.toSeconds(), TimeUnit.SECONDS))
                        .containsExactly(
                                "streams",
                                "released [web][file, other]",
                                "app a:1 proxy http 7",
                                "app a:1 proxy http 9");
            }
            POSIX.close(number);
        }
    }

    private static String mode(Path path) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
    }

    @Test
    void shouldLeaveNoFileBehind() throws Exception {
        Path path;
        try (HandoffAddress address = HandoffAddress.open(table, POSIX)) {
            path = address.path();
            assertThat(path).exists();
        }
        assertThat(path).doesNotExist();
        assertThat(path.getParent()).doesNotExist();
    }

    @Test
    void shouldTakeTheFirstFolderThatCanBeWritten() throws Exception {
        Path nowhere = Path.of("/proc/none");
        Path usual = Path.of(System.getProperty("java.io.tmpdir"));
        try (HandoffAddress address = HandoffAddress.open(table, POSIX, List.of(nowhere, usual))) {
            assertThat(address.path()).startsWithRaw(usual);
        }
        assertThatThrownBy(() -> HandoffAddress.open(table, POSIX, List.of(nowhere)))
                .isInstanceOf(IOException.class)
                .hasMessage("cannot make a folder for the handoff's socket: none of /proc/none can be written"
                        + " (XDG_RUNTIME_DIR names another one)");
        assertThat(HandoffAddress.parents(
                        "/" + "x".repeat(100), Map.of("RUNTIME_DIRECTORY", "/run/a:/run/b", "XDG_RUNTIME_DIR", "/c")))
                .as("no name that is too long for a socket")
                .extracting(Path::toString)
                .containsExactly("/run/a", "/run/b", "/c", "/tmp", "/run", "/dev/shm", "/var/tmp");
    }

    // ---- R49: who is there ----------------------------------------------------------------------------------------

    @Test
    void shouldRefuseAProcessThatItHasNotStartedAndGoOnWaiting() throws Exception {
        try (HandoffAddress address = HandoffAddress.open(table, POSIX)) {
            List<Long> asked = new ArrayList<>();
            var connecting = async(() -> {
                // It is refused before its first word or after it.
                assertThatThrownBy(() -> {
                            try (Receiver stranger =
                                    Receiver.connect(address.path(), table, POSIX, pid -> true, DYING)) {
                                stranger.receiveSockets();
                            }
                        })
                        .isInstanceOf(HandoffException.class);
                return Receiver.connect(address.path(), table, POSIX);
            });
            try (Giver giver = Giver.accept(
                    address,
                    table,
                    POSIX,
                    pid -> {
                        asked.add(pid);
                        return asked.size() > 1;
                    },
                    () -> true,
                    PATIENCE)) {
                assertThat(asked).hasSize(2);
                connecting.get(PATIENCE.toSeconds(), TimeUnit.SECONDS).close();
                assertThatExceptionOfType(HandoffException.class)
                        .isThrownBy(giver::awaitReady)
                        .withMessageContaining("has ended before it was ready");
            }
        }
    }

    @Test
    void shouldTakeNothingFromAProcessThatHasNotStartedIt() throws Exception {
        try (HandoffAddress address = HandoffAddress.open(table, POSIX)) {
            assertThatExceptionOfType(HandoffException.class)
                    .isThrownBy(() -> Receiver.connect(address.path(), table, POSIX, pid -> false, DYING))
                    .withMessageContaining("has not started this one");
        }
        assertThatExceptionOfType(HandoffException.class)
                .isThrownBy(() -> Receiver.connect(Path.of("/nowhere/handoff"), table, POSIX))
                .withMessageContaining("no longer waits");
    }

    @Test
    void shouldGiveUpWhenNobodyComes() throws Exception {
        try (HandoffAddress address = HandoffAddress.open(table, POSIX)) {
            assertThatExceptionOfType(HandoffException.class)
                    .isThrownBy(
                            () -> Giver.accept(address, table, POSIX, pid -> true, () -> true, Duration.ofMillis(100)))
                    .withMessageContaining("within 100 ms");
            assertThatExceptionOfType(HandoffException.class)
                    .isThrownBy(() -> Giver.accept(address, table, POSIX, pid -> true, () -> false, PATIENCE))
                    .withMessageContaining("has ended before it was ready");
        }
    }

    @Test
    void shouldGiveUpOnAProcessThatHangs() throws Exception {
        try (Pair pair = new Pair(1);
                Giver giver = new Giver(pair.giver, Deadline.in(Duration.ofMillis(50)), new Peer(1, 0))) {
            assertThatExceptionOfType(HandoffException.class)
                    .isThrownBy(giver::awaitReady)
                    .withMessageContaining("said nothing within 50 ms");
            giver.refuse("too late");
            assertThatExceptionOfType(HandoffException.class)
                    .isThrownBy(() -> pair.asReceiver.receiveSockets())
                    .withMessageContaining("refuses: too late");
        }
    }
}
