package dev.baton.it.upgrade;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.runtime.posix.JnrPosix;
import dev.baton.runtime.posix.Posix;
import dev.baton.spi.posix.NativeMemory;
import dev.baton.spi.posix.PollFd;
import dev.baton.spi.posix.Sockets;
import dev.baton.testkit.BatonProcess;
import io.vertx.core.json.JsonObject;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.UnixDomainSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What a service manager hears of real processes through an upgrade, one that fails and one that does not; and the
 * unit.
 */
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
                  demo: { type: http, routes: [ { handler: demo-origin } ] }
                """;
        Map<String, String> environment =
                Map.of("NOTIFY_SOCKET", folder.resolve("notify").toString(), "WATCHDOG_USEC", "1500000");
        try (UpgradeRig rig =
                new UpgradeRig(folder, yaml, BatonProcess.distribution().resolve("bin/baton"), environment)) {
            assertThat(await("READY=1")).isEqualTo("READY=1\nSTATUS=serving");
            await("FDSTORE=1\nFDNAME=baton-probe");
            await("FDSTORE=1\nFDNAME=baton.");
            assertThat(rig.object("/v1/status").getValue("sockets-kept-by"))
                    .as("this manager closes what it is given")
                    .isNull();
            await("WATCHDOG=1");
            await("WATCHDOG=1");

            Files.writeString(folder.resolve("baton.yaml"), yaml + "bogus: 1\n");
            assertThat(rig.upgrade("").getBoolean("upgraded")).isFalse();
            assertThat(await("RELOADING=1")).contains("\nMONOTONIC_USEC=");
            String mine = "MAINPID=" + rig.pid() + "\n";
            assertThat(await(text -> text.contains("READY=1")))
                    .startsWith(mine)
                    .contains("the upgrade failed", "bogus");

            // One that has come further, and ends in an orderly way: it must not say STOPPING for the service.
            try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
                Files.writeString(
                        folder.resolve("baton.yaml"),
                        yaml.replace(
                                "listeners:\n",
                                "listeners:\n  more: { bind: \"127.0.0.1:" + taken.getLocalPort()
                                        + "\", service: demo }\n"));
                assertThat(rig.upgrade("").getBoolean("upgraded")).isFalse();
            }
            assertThat(await(text -> text.contains("READY=1"))).startsWith(mine).contains("EADDRINUSE");

            Files.writeString(folder.resolve("baton.yaml"), yaml);
            long old = rig.pid();
            JsonObject report = rig.upgrade("");
            assertThat(report.getBoolean("upgraded")).as(report.encode()).isTrue();
            await("RELOADING=1");
            String next = "MAINPID=" + rig.pid() + "\nREADY=1\nSTATUS=serving";
            // By itself, by the old one, and once more when that has let go: whoever may be heard has said it.
            for (int i = 0; i < 3; i++) {
                assertThat(await("MAINPID=")).isEqualTo(next);
            }
            // The new one feeds the watchdog, although the environment named the old one's.
            await("WATCHDOG=1");
            UpgradeRig.awaitEnd(old);
            assertThat(heard).as("the old one's end is not the service's").noneMatch(text -> text.contains("STOPPING"));

            assertThat(rig.ask("stop").code()).isZero();
            await("STOPPING=1");
        }
    }

    private static final String DEMO = """
            version: 1
            grace: 5s
            admin: { listen: "127.0.0.1:0" }
            listeners:
              web: { bind: "127.0.0.1:PORT", service: demo }
            services:
              demo: { type: http, routes: [ { handler: demo-origin } ] }
            """;

    /**
     * The main process is killed when the new one has just been started and has not asked for anything: that one binds
     * for itself. The command that asked for the upgrade waits meanwhile: as long as it runs, systemd does not end the
     * service.
     */
    @Tag("long")
    @Test
    void shouldNameItselfWhenTheMainProcessIsKilledAtItsStart() throws Exception {
        Path launcher = folder.resolve("baton");
        Path real = BatonProcess.distribution().resolve("bin/baton");
        Path wait = folder.resolve("go");
        Files.createSymbolicLink(launcher, real);
        Map<String, String> environment =
                Map.of("NOTIFY_SOCKET", folder.resolve("notify").toString());
        long next = -1;
        try (UpgradeRig rig = new UpgradeRig(folder, DEMO.replace("PORT", "0"), launcher, environment)) {
            await("READY=1");
            // With the admin address that everybody knows: whoever asks finds the next one there.
            Files.writeString(
                    folder.resolve("baton.yaml"),
                    Files.readString(folder.resolve("baton.yaml"))
                            .replace("listen: \"127.0.0.1:0\"", "listen: \"" + rig.admin() + "\""));
            Path made = folder.resolve("made");
            Files.writeString(
                    made,
                    "#!/bin/sh\necho $$ > '" + wait + ".pid'\nwhile [ ! -e '" + wait + "' ]; do sleep 0.1; done\nexec '"
                            + real + "' \"$@\" > '" + folder + "/out' 2>&1\n");
            Files.setPosixFilePermissions(made, PosixFilePermissions.fromString("rwx------"));
            Files.move(made, launcher, StandardCopyOption.ATOMIC_MOVE);
            Path command = folder.resolve("command");
            Process upgrade = new ProcessBuilder(real.toString(), "upgrade", "--admin", rig.admin())
                    .redirectErrorStream(true)
                    .redirectOutput(command.toFile())
                    .start();
            try {
                await("RELOADING=1");
                Path pid = folder.resolve("go.pid");
                Awaitility.await()
                        .atMost(PATIENCE)
                        .until(() -> Files.exists(pid) && !Files.readString(pid).isBlank());
                next = Long.parseLong(Files.readString(pid).strip());
                ProcessHandle.of(rig.pid()).orElseThrow().destroyForcibly(); // SIGKILL
                UpgradeRig.awaitEnd(rig.pid());
                assertThat(upgrade.isAlive()).as("the command waits").isTrue();
                Files.createFile(wait);
                assertThat(await("MAINPID=")).startsWith("MAINPID=" + next + "\nSTATUS=starting");
                assertThat(await(text -> text.contains("READY=1")))
                        .isEqualTo("MAINPID=" + next + "\nREADY=1\nSTATUS=serving");
                assertThat(upgrade.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS))
                        .isTrue();
                assertThat(Files.readString(command))
                        .isEqualTo("upgraded: process " + next + " serves, process " + rig.pid()
                                + " died during the upgrade\n");
                assertThat(upgrade.exitValue()).isZero();
                assertThat(heard).noneMatch(text -> text.contains("STOPPING"));
            } finally {
                upgrade.destroyForcibly();
                ProcessHandle.of(next).ifPresent(ProcessHandle::destroyForcibly);
            }
        }
    }

    @Tag("long")
    @ParameterizedTest
    @ValueSource(strings = {"sockets", "go"})
    void shouldNameItselfWhenTheMainProcessIsKilledLater(String step) throws Exception {
        killAt(step);
    }

    @Tag("long")
    @ParameterizedTest
    @ValueSource(strings = {"connect", "ready", "serving"})
    void shouldNameItselfWhenTheMainProcessIsKilledAtAnyOtherStep(String step) throws Exception {
        killAt(step);
    }

    /** The same later: it has the sockets; it is about to serve; it serves and the old one has said nothing yet. */
    private void killAt(String step) throws Exception {
        Files.writeString(folder.resolve("baton.yaml"), DEMO);
        Path out = folder.resolve("out");
        String launcher = BatonProcess.distribution().resolve("bin/baton").toString();
        ProcessBuilder builder = new ProcessBuilder(
                        "/bin/sh", "-c", "exec " + FakeProcesses.java("predecessor", step, launcher, "run"))
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(out.toFile());
        builder.environment().put("NOTIFY_SOCKET", folder.resolve("notify").toString());
        Process old = builder.start();
        long next = -1;
        try {
            assertThat(old.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
            // First: whatever is wrong, it is not to be left behind.
            Matcher pid = Pattern.compile("pid (\\d+)").matcher(Files.readString(out));
            assertThat(pid.find()).isTrue();
            next = Long.parseLong(pid.group(1));
            assertThat(old.exitValue())
                    .as("killed; it said %s", Files.readString(out))
                    .isEqualTo(128 + 9);
            String serving = await(text -> text.contains("READY=1"));
            assertThat(serving).isEqualTo("MAINPID=" + next + "\nREADY=1\nSTATUS=serving");
            if (!step.equals("go") && !step.equals("serving")) {
                // It had found out before it was told to serve, and has not waited until it does.
                assertThat(heard.get(0)).startsWith("MAINPID=" + next + "\nSTATUS=starting");
            }
            ProcessHandle.of(next).orElseThrow().destroy();
            await("STOPPING=1");
            UpgradeRig.awaitEnd(next);
        } finally {
            old.destroyForcibly();
            ProcessHandle.of(next).ifPresent(ProcessHandle::destroyForcibly);
        }
    }

    /** The unit that ships says what this is built for. */
    @Test
    void shouldShipAUnitThatFits() throws Exception {
        Path units = BatonProcess.distribution().resolve("systemd");
        assertThat(Files.readAllLines(units.resolve("baton.service")))
                .contains(
                        "Type=notify",
                        "NotifyAccess=all",
                        "ExecReload=/opt/baton/bin/baton upgrade -c /etc/baton/baton.yaml",
                        "WatchdogSec=30s",
                        "FileDescriptorStoreMax=1024",
                        "Restart=always",
                        "RestartPreventExitStatus=78")
                .noneMatch(line -> line.startsWith("ExecStart=") && !line.contains("bin/baton run"));
        assertThat(Files.readAllLines(units.resolve("baton.socket"))).contains("FileDescriptorName=web");
    }
}
