package dev.baton.it.upgrade;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.runtime.posix.JnrPosix;
import dev.baton.runtime.posix.Posix;
import dev.baton.spi.posix.NativeMemory;
import dev.baton.spi.posix.PollFd;
import dev.baton.spi.posix.Sockets;
import dev.baton.testkit.BatonProcess;
import io.vertx.core.json.JsonObject;
import java.net.UnixDomainSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a service manager hears of real processes through an upgrade, one that fails and one that does not; and the unit. */
@Timeout(value = 5, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ServiceManagerIT {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Posix POSIX = new JnrPosix();

    @TempDir
    private Path folder;

    private final BlockingQueue<String> told = new LinkedBlockingQueue<>();
    private final List<String> heard = new ArrayList<>();
    private volatile boolean over;
    private Thread manager;

    /** Takes what comes at once, as a manager does: the queue of a datagram socket is short. */
    @BeforeEach
    void listen() {
        int number = POSIX.socket(Sockets.AF_UNIX, Sockets.SOCK_DGRAM, 0);
        assertThat(POSIX.bind(number, UnixDomainSocketAddress.of(folder.resolve("notify"))))
                .isZero();
        manager = new Thread(() -> hear(number), "manager");
        manager.start();
    }

    @AfterEach
    void close() throws InterruptedException {
        over = true;
        manager.join();
    }

    private void hear(int number) {
        try (NativeMemory poll = NativeMemory.allocate(PollFd.SIZE);
                NativeMemory bytes = NativeMemory.allocate(4096)) {
            while (!over) {
                poll.putInt(PollFd.FD_OFFSET, number);
                poll.putShort(PollFd.EVENTS_OFFSET, PollFd.POLLIN);
                if (POSIX.poll(poll.address(), 1, 100) == 1) {
                    byte[] text = new byte[POSIX.recv(number, bytes.address(), bytes.size())];
                    bytes.getBytes(0, text);
                    told.add(new String(text, StandardCharsets.UTF_8));
                }
            }
        } finally {
            POSIX.close(number);
        }
    }

    private String await(Predicate<String> wanted) throws InterruptedException {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            String next = told.poll(Math.max(0, end - System.nanoTime()), TimeUnit.NANOSECONDS);
            assertThat(next).as("heard so far: %s", heard).isNotNull();
            heard.add(next);
            if (wanted.test(next)) {
                return next;
            }
        }
    }

    private String await(String beginning) throws InterruptedException {
        return await(text -> text.startsWith(beginning));
    }

    @Test
    void shouldTellTheManagerWhatBecomesOfTheService() throws Exception {
        String yaml = """
                version: 1
                grace: 5s
                admin: { listen: "127.0.0.1:0" }
                listeners:
                  web: { bind: "127.0.0.1:0", service: demo }
                services:
                  demo: { type: demo-origin }
                """;
        Map<String, String> environment =
                Map.of("NOTIFY_SOCKET", folder.resolve("notify").toString(), "WATCHDOG_USEC", "1500000");
        try (UpgradeRig rig =
                new UpgradeRig(folder, yaml, BatonProcess.distribution().resolve("bin/baton"), environment)) {
            assertThat(await("READY=1")).isEqualTo("READY=1\nSTATUS=serving");
            await("WATCHDOG=1");
            await("WATCHDOG=1");

            Files.writeString(folder.resolve("baton.yaml"), yaml + "bogus: 1\n");
            assertThat(rig.upgrade("").getBoolean("upgraded")).isFalse();
            assertThat(await("RELOADING=1")).contains("\nMONOTONIC_USEC=");
            assertThat(await("READY=1")).contains("the upgrade failed", "bogus");

            Files.writeString(folder.resolve("baton.yaml"), yaml);
            long old = rig.pid();
            JsonObject report = rig.upgrade("");
            assertThat(report.getBoolean("upgraded")).as(report.encode()).isTrue();
            await("RELOADING=1");
            assertThat(await("MAINPID=")).isEqualTo("MAINPID=" + rig.pid() + "\nREADY=1\nSTATUS=serving");
            // The new one feeds the watchdog, although the environment named the old one's.
            await("WATCHDOG=1");
            UpgradeRig.awaitEnd(old);
            assertThat(heard).as("the old one's end is not the service's").noneMatch(text -> text.contains("STOPPING"));

            assertThat(rig.ask("stop").code()).isZero();
            await("STOPPING=1");
        }
    }

    /** The unit that ships says what this is built for. */
    @Test
    void shouldShipAUnitThatFits() throws Exception {
        Path units = BatonProcess.distribution().resolve("systemd");
        assertThat(Files.readAllLines(units.resolve("baton.service")))
                .contains(
                        "Type=notify",
                        "NotifyAccess=main",
                        "ExecReload=/opt/baton/bin/baton upgrade --admin 127.0.0.1:9901",
                        "WatchdogSec=30s")
                .noneMatch(line -> line.startsWith("ExecStart=") && !line.contains("bin/baton run"));
        assertThat(Files.readAllLines(units.resolve("baton.socket"))).contains("FileDescriptorName=web");
    }
}
