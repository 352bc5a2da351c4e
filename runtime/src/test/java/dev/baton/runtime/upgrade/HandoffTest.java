package dev.baton.runtime.upgrade;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.runtime.fd.FdObservers;
import dev.baton.runtime.fd.FdTable;
import dev.baton.runtime.loop.LoopRegistry;
import dev.baton.runtime.posix.Identity;
import dev.baton.runtime.posix.JnrPosix;
import dev.baton.runtime.posix.PassedFds;
import dev.baton.runtime.posix.Posix;
import dev.baton.runtime.upstream.IdleConnection;
import dev.baton.spi.posix.NativeMemory;
import dev.baton.spi.posix.Sockets;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * R48, R49: fds that are passed and not used are closed, whatever goes wrong; and neither side believes the other. Both sides in
 * this process, on real sockets; processes that really die are in the integration tests.
 */
@Timeout(value = 180, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class HandoffTest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    /** How long a giver that lives is taken for one that is about to be gone. */
    private static final Duration DYING = Duration.ofMillis(100);

    private static final Deadline LONG = Deadline.in(Duration.ofMinutes(5));
    private static final Posix POSIX = new JnrPosix();

    private final FdTable table = new FdTable(POSIX, new LoopRegistry(), new FdObservers());
    private long filesBefore;

    @BeforeEach
    void count() throws IOException {
        warmUp();
        filesBefore = files();
    }

    /** Classes and their jars are opened by the first use. */
    private void warmUp() throws IOException {
        try (Pair pair = new Pair(1)) {
            pair.giver.send(new Message.Writer(Message.Type.READY, 1), LONG);
            Message message = pair.receiver.receive(LONG);
            assertThat(message).isNotNull();
            pair.receiver.discard(message == null ? new int[0] : message.fds());
        }
    }

    @AfterEach
    void nothingIsLeftOpen() throws IOException {
        assertThat(files()).as("open sockets").isEqualTo(filesBefore);
    }

    /** Sockets, as everything here is: the JVM closes a file of its own now and then. */
    private static long files() throws IOException {
        long sockets = 0;
        try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
            for (Path each : all.toList()) {
                try {
                    sockets += Files.readSymbolicLink(each).toString().startsWith("socket:") ? 1 : 0;
                } catch (NoSuchFileException closed) {
                    // The listing's own.
                }
            }
        }
        return sockets;
    }

    /** Two ends; the receiver believes that the giver is a process of this pid. */
    private final class Pair implements AutoCloseable {
        final HandoffSocket giver;
        final HandoffSocket receiver;
        final Receiver asReceiver;

        Pair(long pid) throws IOException {
            int[] fds = new int[2];
            assertThat(POSIX.socketPair(Sockets.SOCK_SEQPACKET, fds)).isZero();
            giver = new HandoffSocket(table, POSIX, fds[0]);
            receiver = new HandoffSocket(table, POSIX, fds[1]);
            asReceiver = new Receiver(receiver, new Peer(pid, Identity.effectiveUser()), DYING);
        }

        @Override
        public void close() {
            giver.close();
            receiver.close();
        }
    }

    /** A pid that nobody has: numbers end far below. */
    private static final long DEAD = Integer.MAX_VALUE;

    private static <T> CompletableFuture<T> async(Callable<T> body) {
        return CompletableFuture.supplyAsync(() -> {
            try {
                return body.call();
            } catch (Exception e) {
                throw new CompletionException(e);
            }
        });
    }

    private int listening() {
        int number = POSIX.socket(Sockets.AF_INET, Sockets.SOCK_STREAM, 0);
        assertThat(POSIX.bind(number, new InetSocketAddress(InetAddress.getLoopbackAddress(), 0)))
                .isZero();
        assertThat(POSIX.listen(number, 8)).isZero();
        return number;
    }

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
            giver.sendSockets(listeners, List.of(new HandedServer(admin, number)), List.of());
            ReceivedSockets sockets = received.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            assertThat(sockets.size()).isEqualTo(1001);
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
                            PATIENCE, (suspended, resumed) -> log.add("released " + suspended + resumed), idle -> {
                                log.add(idle.upstream() + " " + idle.server() + " " + idle.plugin() + " "
                                        + idle.profile() + " " + idle.idleMillis());
                                receiver.discard(idle.number());
                            });
                    return log;
                }
            });
            try (Giver giver = Giver.accept(address, table, POSIX, pid -> pid == self, () -> true, PATIENCE)) {
                assertThat(giver.pid()).isEqualTo(self);
                giver.sendSockets(List.of(new HandedListener("web", "a", "b", number)), List.of(), List.of("gone"));
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

    // ---- R49: who is there
    // --------------------------------------------------------------------------------------------

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

    // ---- R48, R49: what it says -----------------------------------------------------------------------------------

    private static byte[] changed(Message.Writer message, int at, int value) {
        byte[] packet = message.packet();
        packet[at] = (byte) value;
        return packet;
    }

    private void raw(HandoffSocket socket, byte[] packet, int... fds) {
        try (NativeMemory memory = NativeMemory.allocate(Math.max(1, packet.length))) {
            memory.putBytes(0, packet);
            int sent = fds.length == 0
                    ? POSIX.send(socket.number(), memory.address(), packet.length)
                    : POSIX.sendFds(socket.number(), memory.address(), packet.length, fds);
            assertThat(sent).isEqualTo(packet.length);
        }
    }

    private static Message.Writer listener(int... fds) {
        return new Message.Writer(Message.Type.LISTENER, fds)
                .text("web")
                .text("bind")
                .text("address");
    }

    /** R48: 1,000 handoffs that fail in ten ways, each with sockets under way; what came is closed. */
    @Test
    void shouldLeakNothingInAThousandFailedHandoffs() throws Exception {
        int number = listening();
        for (int i = 0; i < 1000; i++) {
            int way = i < 10 ? i : i % 9; // a death is said each time
            try (Pair pair = new Pair(way == 9 ? DEAD : 1)) {
                pair.giver.send(new Message.Writer(Message.Type.HELLO), LONG);
                pair.giver.send(listener(number, number, number), LONG);
                if (way == 9) { // the giver dies: what has come is all that there is, and not all of it is wanted
                    pair.giver.close();
                    ReceivedSockets sockets = pair.asReceiver.receiveSockets();
                    assertThat(sockets.size()).isEqualTo(3);
                    sockets.closeRest();
                    continue;
                }
                switch (way) {
                    case 0 -> raw(pair.giver, changed(listener(number), 0, 'X'), number); // no magic
                    case 1 -> raw(pair.giver, changed(listener(number), 4, 99), number); // another version
                    case 2 -> raw(pair.giver, changed(listener(number), 5, '?'), number); // no such message
                    case 3 -> raw(pair.giver, listener(number, number).packet(), number); // fewer than it says
                    case 4 -> raw(pair.giver, listener().packet(), number, number); // more than it says
                    case 5 -> raw(pair.giver, Arrays.copyOf(listener(number).packet(), 12), number); // cut short
                    case 6 -> pair.giver.send(new Message.Writer(Message.Type.GO, number, number), LONG); // not now
                    case 7 -> pair.giver.send(new Message.Writer(Message.Type.SOCKETS_END).number(4), LONG); // lies
                    default -> pair.giver.send(new Message.Writer(Message.Type.REFUSED).text("no"), LONG);
                }
                assertThatExceptionOfType(HandoffException.class)
                        .as("way %s", way)
                        .isThrownBy(() -> pair.asReceiver.receiveSockets());
            }
        }
        POSIX.close(number);
    }

    @Test
    void shouldCloseFdsThatComeWhereNoneBelong() throws Exception {
        int number = listening();
        for (Message.Type type : List.of(Message.Type.HELLO, Message.Type.READY, Message.Type.SERVING)) {
            try (Pair pair = new Pair(1);
                    Giver giver = new Giver(pair.receiver, LONG, new Peer(1, 0))) {
                pair.giver.send(new Message.Writer(type, number, number), LONG);
                assertThatExceptionOfType(HandoffException.class).isThrownBy(() -> {
                    switch (type) {
                        case HELLO -> pair.asReceiver.receiveSockets();
                        case READY -> giver.awaitReady();
                        default -> giver.awaitServing();
                    }
                });
            }
        }
        POSIX.close(number);
    }

    /** Older releases do not say which plugin opened a connection. */
    @Test
    void shouldTakeConnectionsOfAnOlderRelease() throws Exception {
        int number = listening();
        try (Pair pair = new Pair(1)) {
            pair.giver.send(
                    new Message.Writer(Message.Type.IDLE, number)
                            .text("app")
                            .text("a:1")
                            .text("http")
                            .number(7),
                    LONG);
            pair.giver.send(new Message.Writer(Message.Type.END), LONG);
            List<IdleConnection> taken = new ArrayList<>();
            pair.asReceiver.follow(PATIENCE, (suspended, resumed) -> {}, taken::add);
            assertThat(taken).hasSize(1);
            IdleConnection one = taken.get(0);
            assertThat(one).isEqualTo(new IdleConnection("app", "a:1", "", "http", 7, one.number()));
            pair.receiver.discard(one.number());
        }
        POSIX.close(number);
    }

    @Test
    void shouldCloseTheConnectionsOfAPacketThatIsNotWhole() throws Exception {
        int number = listening();
        for (boolean negative : new boolean[] {true, false}) {
            try (Pair pair = new Pair(1)) {
                Message.Writer idle = new Message.Writer(Message.Type.IDLE, number, number)
                        .text("app")
                        .text("a:1")
                        .text("http")
                        .number(1);
                pair.giver.send(negative ? idle.number(-1) : idle, LONG);
                List<IdleConnection> taken = new ArrayList<>();
                assertThatExceptionOfType(HandoffException.class)
                        .isThrownBy(() -> pair.asReceiver.follow(PATIENCE, (suspended, resumed) -> {}, taken::add));
                assertThat(taken).isEmpty();
            }
        }
        POSIX.close(number);
    }

    /** What the kernel had no room for is missing, which must not look like a smaller handoff. */
    @Test
    void shouldSeeThatFdsWereLost() {
        PassedFds passed = new PassedFds();
        passed.set(new int[] {7}, true);
        assertThatExceptionOfType(HandoffException.class)
                .isThrownBy(() -> Message.read(listener(7, 8, 9).packet(), passed))
                .withMessageContaining("1 of 3 fds arrived")
                .withMessageContaining("limit of open files");
    }

    @Test
    void shouldNotTakeALivingGiverForADeadOne() throws Exception {
        try (Pair pair = new Pair(ProcessHandle.current().pid())) {
            pair.giver.close();
            assertThatExceptionOfType(HandoffException.class)
                    .isThrownBy(() -> pair.asReceiver.receiveSockets())
                    .withMessageContaining("has given up the handoff");
        }
    }

    @Test
    void shouldGoOnAloneWhenTheGiverDies() throws Exception {
        try (Pair pair = new Pair(DEAD)) {
            pair.giver.close();
            assertThat(pair.asReceiver.ready(List.of(), (out, err) -> {})).isEqualTo(Receiver.Outcome.ALONE);
            assertThat(pair.asReceiver.serving()).isEqualTo(Receiver.Outcome.ALONE);
            List<String> told = new ArrayList<>();
            assertThat(pair.asReceiver.isAlone()).isTrue();
            pair.asReceiver.follow(PATIENCE, (suspended, resumed) -> told.add("released"), idle -> told.add("idle"));
            assertThat(told).containsExactly("released");
        }
    }

    @Test
    void shouldKnowItsStarterFromAProcessThatIsDead() {
        ProcessHandle self = ProcessHandle.current();
        assertThat(Peer.isOrphanOf(self.parent().orElseThrow().pid())).isFalse();
        assertThat(Peer.isOrphanOf(DEAD)).isTrue();
    }

    // ---- what an operator changed, and processes that know nothing of it
    // ---------------------------------------------

    @Test
    void shouldHandOverWhatAnOperatorChangedAtRunTime() throws Exception {
        int number = listening();
        String text = "{\"name\": \"extra\", \"bind\": \"127.0.0.1:0\", \"service\": \"caf\u00e9\"}";
        int[] many = new int[300]; // two packets, one listener
        Arrays.fill(many, number);
        try (Pair pair = new Pair(1);
                Giver giver = new Giver(pair.giver, LONG, new Peer(1, 0))) {
            var received = async(pair.asReceiver::receiveSockets);
            pair.giver.send(new Message.Writer(Message.Type.HELLO), LONG);
            giver.sendSockets(
                    List.of(
                            new HandedListener("web", "a", "b", true, "", number),
                            new HandedListener("extra", "127.0.0.1:0", "127.0.0.1:7", false, text, many)),
                    List.of(),
                    List.of("gone", "also-gone"));
            ReceivedSockets sockets = received.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            assertThat(sockets.ended()).containsExactly("gone", "also-gone");
            HandedListener web = sockets.takeListener(any -> true);
            assertThat(web).isNotNull();
            assertThat(web.isSuspended()).isTrue();
            assertThat(web.text()).isEmpty();
            HandedListener extra = sockets.takeListener(any -> true);
            assertThat(extra).isNotNull();
            assertThat(extra.isSuspended()).isFalse();
            assertThat(extra.text()).isEqualTo(text);
            assertThat(extra.numbers()).hasSize(300);
            pair.receiver.discard(web.numbers());
            pair.receiver.discard(extra.numbers());
        }
        POSIX.close(number);
    }

    /** A process of an older version sends fewer fields: nobody was suspended, nothing was added. */
    @Test
    void shouldTakeMessagesWithoutTheFieldsThatCameLater() throws Exception {
        int number = listening();
        try (Pair pair = new Pair(1)) {
            pair.giver.send(new Message.Writer(Message.Type.HELLO), LONG);
            pair.giver.send(listener(number), LONG);
            pair.giver.send(new Message.Writer(Message.Type.SOCKETS_END).number(1), LONG);
            ReceivedSockets sockets = pair.asReceiver.receiveSockets();
            assertThat(sockets.ended()).isEmpty();
            HandedListener web = sockets.takeListener(any -> true);
            assertThat(web).isNotNull();
            assertThat(web.isSuspended()).isFalse();
            assertThat(web.text()).isEmpty();
            pair.receiver.discard(web.numbers());

            pair.giver.send(new Message.Writer(Message.Type.RELEASED), LONG);
            pair.giver.send(new Message.Writer(Message.Type.END), LONG);
            List<String> told = new ArrayList<>();
            pair.asReceiver.follow(PATIENCE, (suspended, resumed) -> told.add("" + suspended + resumed), idle -> {});
            assertThat(told).containsExactly("[][]");
        }
        try (Pair pair = new Pair(1);
                Giver giver = new Giver(pair.giver, LONG, new Peer(1, 0))) {
            pair.receiver.send(new Message.Writer(Message.Type.READY), LONG);
            assertThat(giver.awaitReady()).isEmpty();
        }
        POSIX.close(number);
    }

    /** While it drains, the old process hears what the new one lets go of, however much that is, and notices its end. */
    @Test
    void shouldHearWhatIsLetGoOf() throws Exception {
        try (Pair pair = new Pair(1);
                Giver giver = new Giver(pair.giver, LONG, new Peer(DEAD, 0))) {
            InetSocketAddress admin = new InetSocketAddress(InetAddress.getLoopbackAddress(), 9901);
            List<String> names = IntStream.range(0, 70).mapToObj(i -> "l" + i).toList();
            assertThat(giver.hear(Duration.ZERO).listeners()).isEmpty();
            pair.asReceiver.dropped(names, List.of(admin));
            List<String> heard = new ArrayList<>();
            List<SocketAddress> servers = new ArrayList<>();
            for (Giver.Dropped each = giver.hear(PATIENCE);
                    !each.listeners().isEmpty();
                    each = giver.hear(Duration.ZERO)) {
                heard.addAll(each.listeners());
                servers.addAll(each.servers());
            }
            assertThat(heard).isEqualTo(names);
            assertThat(servers).containsExactly(admin);
            assertThat(giver.hasDied()).isFalse();
            pair.receiver.close();
            assertThat(giver.hear(PATIENCE).listeners()).isEmpty();
            assertThat(giver.hasDied()).isTrue();
            assertThat(giver.hear(Duration.ZERO).listeners()).isEmpty();
        }
        try (Pair pair = new Pair(1);
                Giver giver = new Giver(
                        pair.giver, LONG, new Peer(ProcessHandle.current().pid(), 0))) {
            pair.receiver.close();
            giver.hear(PATIENCE);
            assertThat(giver.hasDied()).as("it has only closed").isFalse();
        }
    }

    /** Only a process that will say what it lets go of leaves copies with the old one. */
    @Test
    void shouldKnowWhetherItWillHearOfIt() throws Exception {
        try (Pair pair = new Pair(1);
                Giver giver = new Giver(pair.giver, LONG, new Peer(1, 0))) {
            pair.receiver.send(new Message.Writer(Message.Type.READY).texts(List.of("a note")), LONG);
            assertThat(giver.awaitReady()).containsExactly("a note");
            assertThat(giver.tellsDrops()).as("an older one").isFalse();
        }
        try (Pair pair = new Pair(1);
                Giver giver = new Giver(pair.giver, LONG, new Peer(1, 0))) {
            var there = async(() -> pair.asReceiver.ready(List.of(), (out, err) -> {}));
            assertThat(giver.awaitReady()).isEmpty();
            assertThat(giver.tellsDrops()).isTrue();
            giver.go();
            assertThat(there.get(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isEqualTo(Receiver.Outcome.DONE);
        }
    }

    @Test
    void shouldRefuseWhatIsNotAboutWhatIsLetGoOf() throws Exception {
        int number = listening();
        List<Message.Writer> wrong = List.of(
                new Message.Writer(Message.Type.SERVING),
                new Message.Writer(Message.Type.DROPPED, number)
                        .texts(List.of())
                        .texts(List.of()),
                new Message.Writer(Message.Type.DROPPED).texts(List.of("a")).texts(List.of("no address")),
                new Message.Writer(Message.Type.DROPPED).number(Long.MAX_VALUE));
        for (Message.Writer each : wrong) {
            try (Pair pair = new Pair(1);
                    Giver giver = new Giver(pair.giver, LONG, new Peer(1, 0))) {
                pair.receiver.send(each, LONG);
                assertThatExceptionOfType(HandoffException.class).isThrownBy(() -> giver.hear(PATIENCE));
            }
        }
        POSIX.close(number);
    }

    /** And it reads fewer: what it knows stands where it was. */
    @Test
    void shouldSendWhatAnOlderProcessReadsWhereItWas() throws Exception {
        int number = listening();
        try (Pair pair = new Pair(1);
                Giver giver = new Giver(pair.giver, LONG, new Peer(1, 0))) {
            giver.sendSockets(
                    List.of(new HandedListener("web", "a", "b", true, "text", number)), List.of(), List.of("x"));
            Message listener = pair.receiver.receive(LONG);
            assertThat(listener).isNotNull();
            assertThat(List.of(listener.text(), listener.text(), listener.text()))
                    .containsExactly("web", "a", "b");
            pair.receiver.discard(listener.fds());
            Message end = pair.receiver.receive(LONG);
            assertThat(end).isNotNull();
            assertThat(end.number()).isEqualTo(1);
        }
        POSIX.close(number);
    }

    @Test
    void shouldRefuseChangesThatAreNotWellFormed() throws Exception {
        int number = listening();
        List<Message.Writer> wrong = List.of(
                listener(number).number(2), // neither yes nor no
                listener(number).flag(true).number(HandedListener.TEXT_BYTES_MAX + 1), // longer than any
                listener(number).flag(true).number(Long.MAX_VALUE),
                listener(number).flag(true).number(10).number(0), // shorter than it says
                listener(number).flag(true).number(8).number(0x80FF_FFFFL), // no UTF-8
                listener(number).flag(true).number(-1));
        for (Message.Writer each : wrong) {
            try (Pair pair = new Pair(1)) {
                pair.giver.send(new Message.Writer(Message.Type.HELLO), LONG);
                pair.giver.send(each, LONG);
                assertThatExceptionOfType(HandoffException.class).isThrownBy(() -> pair.asReceiver.receiveSockets());
            }
        }
        try (Pair pair = new Pair(1)) {
            pair.giver.send(new Message.Writer(Message.Type.RELEASED).number(Message.TEXTS_MAX + 1), LONG);
            List<String> told = new ArrayList<>();
            assertThatExceptionOfType(HandoffException.class)
                    .isThrownBy(() -> pair.asReceiver.follow(
                            PATIENCE, (suspended, resumed) -> told.add("" + suspended + resumed), idle -> {}));
            assertThat(told).as("this one goes on all the same").containsExactly("[][]");
        }
        POSIX.close(number);
    }

    /** The most that anybody can want to say fits into a packet. */
    @Test
    void shouldFitTheLargestMessagesIntoAPacket() {
        String long1 = "\u20ac".repeat(2000);
        assertThat(new Message.Writer(Message.Type.READY)
                        .texts(java.util.Collections.nCopies(100, long1))
                        .packet())
                .hasSizeLessThanOrEqualTo(Message.BYTES_MAX);
        assertThat(new Message.Writer(Message.Type.LISTENER)
                        .text(long1)
                        .text(long1)
                        .text(long1)
                        .flag(true)
                        .writing("x".repeat(HandedListener.TEXT_BYTES_MAX))
                        .packet())
                .hasSizeLessThanOrEqualTo(Message.BYTES_MAX);
    }
}
