package dev.baton.runtime.upgrade;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.runtime.fd.FdObservers;
import dev.baton.runtime.fd.FdTable;
import dev.baton.runtime.loop.LoopRegistry;
import dev.baton.runtime.posix.Identity;
import dev.baton.runtime.posix.JnrPosix;
import dev.baton.runtime.posix.Posix;
import dev.baton.spi.posix.NativeMemory;
import dev.baton.spi.posix.Sockets;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;

/** The two sides of a handoff in this process, on real sockets, and that each test closes every one of them. */
@Timeout(value = 180, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
abstract class HandoffFixture {
    static final Duration PATIENCE = Duration.ofSeconds(30);
    /** How long a giver that lives is taken for one that is about to be gone. */
    static final Duration DYING = Duration.ofMillis(100);

    static final Deadline LONG = Deadline.in(Duration.ofMinutes(5));
    static final Posix POSIX = new JnrPosix();

    final FdTable table = new FdTable(POSIX, new LoopRegistry(), new FdObservers());
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
    final class Pair implements AutoCloseable {
        final HandoffSocket giver;
        final HandoffSocket receiver;
        final Receiver asReceiver;

        Pair(long pid) throws IOException {
            this(pid, POSIX);
        }

        /** The giver makes its calls there. */
        Pair(long pid, Posix givers) throws IOException {
            int[] fds = new int[2];
            assertThat(POSIX.socketPair(Sockets.SOCK_SEQPACKET, fds)).isZero();
            giver = new HandoffSocket(table, givers, fds[0]);
            receiver = new HandoffSocket(table, POSIX, fds[1]);
            asReceiver = new Receiver(receiver, new Peer(pid, Identity.effectiveUser()), DYING);
        }

        @Override
        public void close() {
            giver.close();
            receiver.close();
        }
    }

    /** A pid that no process has: numbers end far below. */
    static final long DEAD = Integer.MAX_VALUE;

    /** The system, which does something else before each call of one name. */
    static Posix before(String call, Runnable first) {
        return (Posix) Proxy.newProxyInstance(
                Posix.class.getClassLoader(), new Class<?>[] {Posix.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals(call)) {
                        first.run();
                    }
                    return method.invoke(POSIX, arguments);
                });
    }

    static <T> CompletableFuture<T> async(Callable<T> body) {
        return CompletableFuture.supplyAsync(() -> {
            try {
                return body.call();
            } catch (Exception e) {
                throw new CompletionException(e);
            }
        });
    }

    int listening() {
        int number = POSIX.socket(Sockets.AF_INET, Sockets.SOCK_STREAM, 0);
        assertThat(POSIX.bind(number, new InetSocketAddress(InetAddress.getLoopbackAddress(), 0)))
                .isZero();
        assertThat(POSIX.listen(number, 8)).isZero();
        return number;
    }

    static byte[] changed(Message.Writer message, int at, int value) {
        byte[] packet = message.packet();
        packet[at] = (byte) value;
        return packet;
    }

    static void raw(HandoffSocket socket, byte[] packet, int... fds) {
        try (NativeMemory memory = NativeMemory.allocate(Math.max(1, packet.length))) {
            memory.putBytes(0, packet);
            int sent = fds.length == 0
                    ? POSIX.send(socket.number(), memory.address(), packet.length)
                    : POSIX.sendFds(socket.number(), memory.address(), packet.length, fds);
            assertThat(sent).isEqualTo(packet.length);
        }
    }

    static Message.Writer listener(int... fds) {
        return new Message.Writer(Message.Type.LISTENER, fds)
                .text("web")
                .text("bind")
                .text("address");
    }
}
