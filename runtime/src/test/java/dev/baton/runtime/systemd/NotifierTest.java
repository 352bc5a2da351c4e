package dev.baton.runtime.systemd;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.runtime.fd.FdObservers;
import dev.baton.runtime.fd.FdTable;
import dev.baton.runtime.loop.LoopRegistry;
import dev.baton.runtime.posix.JnrPosix;
import dev.baton.runtime.posix.Posix;
import dev.baton.spi.loop.Loop;
import dev.baton.spi.loop.Loops;
import dev.baton.spi.posix.AbstractUnixAddress;
import dev.baton.spi.posix.NativeMemory;
import dev.baton.spi.posix.PollFd;
import dev.baton.spi.posix.Sockets;
import io.netty.channel.EventLoop;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a service manager hears, on a real datagram socket. */
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class NotifierTest {
    private static final int PATIENCE_MILLIS = 20_000;

    private final Posix posix = new JnrPosix();
    private final FdTable table = new FdTable(posix, new LoopRegistry(), new FdObservers());
    private int manager = -1;

    @TempDir
    private Path folder = Path.of("");

    private Notifier notifier(String name, SocketAddress address) {
        manager = posix.socket(Sockets.AF_UNIX, Sockets.SOCK_DGRAM, 0);
        assertThat(posix.bind(manager, address)).isZero();
        Notifier notifier = Notifier.of(Map.of("NOTIFY_SOCKET", name), table, posix);
        assertThat(notifier.isActive()).isTrue();
        return notifier;
    }

    private Notifier notifier() {
        Path path = folder.resolve("notify");
        return notifier(path.toString(), UnixDomainSocketAddress.of(path));
    }

    @AfterEach
    void close() {
        if (manager >= 0) {
            posix.close(manager);
        }
    }

    /** The next datagram. */
    private List<String> heard() {
        return Objects.requireNonNull(heard(PATIENCE_MILLIS), "no datagram")
                .lines()
                .toList();
    }

    private @Nullable String heard(int millis) {
        try (NativeMemory poll = NativeMemory.allocate(PollFd.SIZE);
                NativeMemory bytes = NativeMemory.allocate(4096)) {
            poll.putInt(PollFd.FD_OFFSET, manager);
            poll.putShort(PollFd.EVENTS_OFFSET, PollFd.POLLIN);
            if (posix.poll(poll.address(), 1, millis) != 1) {
                return null;
            }
            int length = posix.recv(manager, bytes.address(), bytes.size());
            byte[] text = new byte[length];
            bytes.getBytes(0, text);
            return new String(text, StandardCharsets.UTF_8);
        }
    }

    @Test
    void shouldTellTheLifeOfAService() {
        Notifier notifier = notifier();
        notifier.status("starting");
        assertThat(heard()).containsExactly("STATUS=starting");
        notifier.ready("serving");
        assertThat(heard()).containsExactly("READY=1", "STATUS=serving");
        long before = System.nanoTime() / 1000;
        notifier.reloading("a new process");
        List<String> reloading = heard();
        assertThat(reloading).hasSize(3).startsWith("RELOADING=1").endsWith("STATUS=a new process");
        assertThat(Long.parseLong(reloading.get(1).substring("MONOTONIC_USEC=".length())))
                .isBetween(before, System.nanoTime() / 1000);
        notifier.stopping("draining\nREADY=1");
        assertThat(heard()).containsExactly("STOPPING=1", "STATUS=draining READY=1");
        notifier.watchdog();
        assertThat(heard()).containsExactly("WATCHDOG=1");
    }

    /** After an upgrade the manager does not know the old process: a STOPPING of its own would end the service. */
    @Test
    void shouldTellItsSuccessorAndThenNothingMore() {
        Notifier notifier = notifier();
        notifier.succeededBy(4712, "serving");
        assertThat(heard()).containsExactly("MAINPID=4712", "READY=1", "STATUS=serving");
        notifier.stopping("draining");
        notifier.status("draining");
        notifier.watchdog();
        assertThat(heard(0)).isNull();
    }

    /** The manager may listen to it before it is the service: its failed start must not end the service. */
    @Test
    void shouldSayNothingBeforeItClaimsTheService() {
        Notifier notifier = notifier();
        String self = "MAINPID=" + ProcessHandle.current().pid();
        notifier.follow();
        notifier.stopping("draining");
        notifier.ready("serving");
        notifier.status("starting");
        notifier.watchdog();
        assertThat(heard(0)).isNull();
        notifier.claim("starting");
        assertThat(heard()).containsExactly(self, "STATUS=starting");
        notifier.claimServing("serving");
        assertThat(heard()).containsExactly(self, "READY=1", "STATUS=serving");
        notifier.watchdog();
        assertThat(heard()).containsExactly("WATCHDOG=1");
        notifier.succeededBy(4712, "serving");
        assertThat(heard()).contains("MAINPID=4712");
        notifier.claimServing("serving");
        assertThat(heard(0)).as("it is over").isNull();
    }

    @Test
    void shouldReachAnAbstractSocket() {
        String name = "baton-notify-" + ProcessHandle.current().pid() + "-" + System.nanoTime();
        notifier("@" + name, new AbstractUnixAddress(name)).ready("serving");
        assertThat(heard()).contains("READY=1");
    }

    @Test
    void shouldGoOnWithoutAManager() {
        Notifier none = Notifier.of(Map.of(), table, posix);
        assertThat(none.isActive()).isFalse();
        none.ready("serving");
        assertThat(Notifier.of(Map.of("NOTIFY_SOCKET", "vsock:2:1"), table, posix)
                        .isActive())
                .isFalse();
        Notifier gone =
                Notifier.of(Map.of("NOTIFY_SOCKET", folder.resolve("gone").toString()), table, posix);
        gone.ready("serving");
        assertThat(Watchdog.start(Map.of("WATCHDOG_USEC", "1000"), none, new FakeLoops(List.of())))
                .isEmpty();
    }

    // ---- the watchdog
    // -------------------------------------------------------------------------------------------------

    @Test
    void shouldBeatAsOftenAsTheManagerWants() {
        assertThat(Watchdog.period(Map.of("WATCHDOG_USEC", "3000000"), 7)).contains(Duration.ofSeconds(3));
        assertThat(Watchdog.period(Map.of("WATCHDOG_USEC", "3000000", "WATCHDOG_PID", "7"), 7))
                .isPresent();
        assertThat(Watchdog.period(Map.of("WATCHDOG_USEC", "3000000", "WATCHDOG_PID", "8"), 7))
                .isEmpty();
        assertThat(Watchdog.period(Map.of(), 7)).isEmpty();
        for (String wrong : List.of("", "0", "-1", "soon")) {
            assertThat(Watchdog.period(Map.of("WATCHDOG_USEC", wrong), 7))
                    .as(wrong)
                    .isEmpty();
        }
    }

    /** R50: one loop that answers is enough, and it takes all of them to be silent. */
    @Test
    void shouldBeatAsLongAsOneLoopRunsTasks() {
        Notifier notifier = notifier();
        FakeLoop stuck = new FakeLoop(0);
        FakeLoop well = new FakeLoop(1);
        Map<String, String> environment = Map.of("WATCHDOG_USEC", "30000");
        try (Watchdog watchdog = Watchdog.start(environment, notifier, new FakeLoops(List.of(stuck, well)))
                .orElseThrow()) {
            assertThat(watchdog).isNotNull();
            assertThat(heard()).as("it lives when it starts").containsExactly("WATCHDOG=1");
            for (int i = 0; i < 3; i++) {
                assertThat(heard(200)).as("no loop has answered").isNull();
                Awaitility.await().until(() -> !well.tasks.isEmpty());
                well.run();
                assertThat(heard()).containsExactly("WATCHDOG=1");
            }
            assertThat(stuck.tasks).as("questions to one that does not answer").hasSize(1);
        }
    }

    private record FakeLoops(List<FakeLoop> loops) implements Loops {
        @Override
        public List<Loop> all() {
            return List.copyOf(loops);
        }

        @Override
        public @Nullable Loop current() {
            return null;
        }
    }

    /** Runs what it was given when it is told to. */
    private static final class FakeLoop implements Loop {
        private final int id;
        private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();

        FakeLoop(int id) {
            this.id = id;
        }

        void run() {
            for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
                task.run();
            }
        }

        @Override
        public int id() {
            return id;
        }

        @Override
        public boolean inLoop() {
            return false;
        }

        @Override
        public void execute(Runnable task) {
            tasks.add(task);
        }

        @Override
        public EventLoop eventLoop() {
            throw new UnsupportedOperationException();
        }
    }
}
