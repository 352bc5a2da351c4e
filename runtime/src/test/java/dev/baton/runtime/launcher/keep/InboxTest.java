package dev.baton.runtime.launcher.keep;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.runtime.posix.FewFds;
import dev.baton.runtime.posix.JnrPosix;
import dev.baton.runtime.posix.ParentCalls;
import dev.baton.runtime.posix.PassedFds;
import dev.baton.runtime.posix.Posix;
import dev.baton.spi.posix.AbstractUnixAddress;
import dev.baton.spi.posix.NativeMemory;
import dev.baton.spi.posix.Sockets;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Messages of servers and of strangers on a real socket: what is held, and that nothing else stays open. */
@Timeout(60)
class InboxTest {
    private final Posix posix = new JnrPosix();
    private final ParentCalls calls = new ParentCalls();
    private final HeldSockets sockets = new HeldSockets(calls);
    private final List<String> said = new ArrayList<>();
    private final List<Integer> open = new ArrayList<>();
    private final String name = "baton-test-" + Long.toHexString(System.nanoTime());
    private boolean ours = true;
    private int sender = -1;
    private int receiver;
    private Inbox inbox;

    @BeforeEach
    void listen() throws IOException {
        receiver = calls.receiver(name);
        open.add(receiver);
        inbox = new Inbox(
                calls, receiver, pid -> ours && pid == ProcessHandle.current().pid(), sockets, said::add);
        int socket = posix.socket(Sockets.AF_UNIX, Sockets.SOCK_DGRAM, 0);
        open.add(socket);
        assertThat(posix.connect(socket, new AbstractUnixAddress(name))).isZero();
        sender = socket;
    }

    @AfterEach
    void close() {
        for (int number : sockets.numbers()) {
            posix.close(number);
        }
        open.forEach(posix::close);
    }

    private int listening() {
        int number = posix.socket(Sockets.AF_INET, Sockets.SOCK_STREAM, 0);
        open.add(number);
        assertThat(posix.bind(number, new InetSocketAddress(InetAddress.getLoopbackAddress(), 0)))
                .isZero();
        assertThat(posix.listen(number, 1)).isZero();
        return number;
    }

    private void send(String text, int... fds) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        try (NativeMemory memory = NativeMemory.allocate(Math.max(1, bytes.length))) {
            memory.putBytes(0, bytes);
            int result = fds.length == 0
                    ? posix.send(sender, memory.address(), bytes.length)
                    : posix.sendFds(sender, memory.address(), bytes.length, fds);
            assertThat(result).isEqualTo(bytes.length);
        }
    }

    private List<Notification> read() {
        List<Notification> heard = new ArrayList<>();
        inbox.read((notification, pid) -> heard.add(notification));
        return heard;
    }

    private static int openFds() throws IOException {
        try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
            return (int) all.filter(each -> {
                        try {
                            return Files.readSymbolicLink(each).toString().startsWith("socket:");
                        } catch (IOException gone) {
                            return false;
                        }
                    })
                    .count();
        }
    }

    @Test
    void shouldHoldASocketOnceUntilItIsRemoved() throws IOException {
        int socket = listening();
        int before = openFds();
        for (int i = 0; i < 3; i++) {
            send("FDSTORE=1\nFDNAME=baton.1.web", socket);
            assertThat(read()).hasSize(1);
        }
        assertThat(sockets.count()).isOne();
        assertThat(sockets.names()).isEqualTo("baton.1.web");
        assertThat(calls.file(sockets.numbers()[0])).isEqualTo(calls.file(socket));
        assertThat(posix.closeOnExec(sockets.numbers()[0])).isOne();
        send("FDSTOREREMOVE=1\nFDNAME=another");
        read();
        assertThat(sockets.count()).isOne();
        send("FDSTOREREMOVE=1\nFDNAME=baton.1.web");
        read();
        assertThat(sockets.count()).isZero();
        assertThat(openFds()).isEqualTo(before);
        assertThat(said).isEmpty();
    }

    @Test
    void shouldHoldAllThatComeWithOneMessage() {
        int[] many = {listening(), listening(), listening()};
        send("FDSTORE=1\nFDNAME=x", many);
        read();
        assertThat(sockets.names()).isEqualTo("x:x:x");
    }

    /** The fds of a barrier are closed when everything before it was done: that is what the other side waits for. */
    @Test
    void shouldCloseTheFdOfABarrier() throws IOException {
        int[] pair = new int[2];
        assertThat(posix.socketPair(Sockets.SOCK_STREAM, pair)).isZero();
        send("BARRIER=1", pair[1]);
        posix.close(pair[1]);
        assertThat(read()).hasSize(1);
        try (NativeMemory memory = NativeMemory.allocate(1)) {
            assertThat(posix.recv(pair[0], memory.address(), 1)).isZero();
        }
        posix.close(pair[0]);
        assertThat(said).isEmpty();
    }

    @Test
    void shouldKeepNothingOfWhatItRefuses() throws IOException {
        int socket = listening();
        int unix = posix.socket(Sockets.AF_UNIX, Sockets.SOCK_STREAM, 0);
        open.add(unix);
        int[] most = new int[PassedFds.COUNT_MAX];
        Arrays.fill(most, unix);
        int before = openFds();
        send("FDSTORE=1\nFDNAME=not-listening", unix);
        send("FDSTORE=1", socket); // no name
        send("FDSTORE=1\nFDNAME=a:b", socket);
        send("FDSTORE=1\nFDNAME=many", most);
        send("READY=1", socket, socket);
        send("FDSTOREREMOVE=1\nFDNAME=x", socket);
        send("", socket);
        send("FDSTORE=1\nFDNAME=long\nSTATUS=" + "x".repeat(5000), socket);
        read();
        assertThat(sockets.count()).isZero();
        assertThat(openFds()).isEqualTo(before);
        assertThat(said).as("once a second").isNotEmpty().hasSizeLessThan(4);
    }

    /** The kernel drops fds for which this process has no number; those that did come are closed. */
    @Test
    void shouldKeepNothingOfAMessageWhoseFdsWereLost() throws IOException {
        int socket = listening();
        send("FDSTORE=1\nFDNAME=baton.1.web", socket, socket, socket);
        int before = openFds();
        List<Notification> heard = new ArrayList<>();
        FewFds.withRoomFor(1, () -> inbox.read((notification, pid) -> heard.add(notification)));
        assertThat(heard).isEmpty();
        assertThat(sockets.count()).isZero();
        assertThat(openFds()).isEqualTo(before);
        assertThat(said).hasSize(1);
        assertThat(said.get(0)).endsWith("it is too long, or there was no room for its fds");
    }

    @Test
    void shouldHoldMemoryBesideSockets() throws IOException {
        int memory = posix.memoryFile("changes");
        open.add(memory);
        send("FDSTORE=1\nFDNAME=baton-changes.a", memory);
        send("FDSTORE=1\nFDNAME=baton-changes.b", memory);
        read();
        assertThat(sockets.count()).as("sockets").isZero();
        assertThat(sockets.names()).isEqualTo("baton-changes.a:baton-changes.b");
        assertThat(calls.file(sockets.numbers()[1])).startsWith("/memfd:changes");
        send("FDSTOREREMOVE=1\nFDNAME=baton-changes.a");
        read();
        assertThat(sockets.names()).isEqualTo("baton-changes.b");
        assertThat(said).isEmpty();
    }

    @Test
    void shouldHearNoStranger() throws IOException {
        int socket = listening();
        int before = openFds();
        ours = false;
        send("FDSTORE=1\nFDNAME=x\nREADY=1\nSTOPPING=1", socket);
        send("MAINPID=1");
        assertThat(read()).isEmpty();
        assertThat(sockets.count()).isZero();
        assertThat(openFds()).isEqualTo(before);
        assertThat(said)
                .containsExactly("refused a message of process "
                        + ProcessHandle.current().pid() + ": that is no process of the server");
    }

    @Test
    void shouldHoldNoMoreThanItsLimit() throws IOException {
        int[] some = new int[128];
        for (int i = 0; i < some.length; i++) {
            some[i] = listening();
        }
        HeldSockets few = new HeldSockets(calls, 100);
        int before = openFds();
        for (int number : some) {
            few.store("x", posix.dup(number));
        }
        assertThat(few.count()).isEqualTo(100);
        assertThat(few.store("x", posix.dup(some[127]))).isEqualTo("there are 100 already");
        assertThat(openFds()).isEqualTo(before + 100);
        few.remove("x");
        assertThat(openFds()).isEqualTo(before);
    }
}
