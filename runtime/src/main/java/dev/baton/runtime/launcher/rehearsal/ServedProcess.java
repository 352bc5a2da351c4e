package dev.baton.runtime.launcher.rehearsal;

import dev.baton.runtime.launcher.admin.AdminClient;
import dev.baton.runtime.launcher.admin.AdminException;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** What is rehearsed with: whichever process answers at the admin address. */
final class ServedProcess {
    private static final Duration LOOK = Duration.ofMillis(20);
    /** Clocks are read with some distance from each other. */
    private static final Duration START_ABOUT = Duration.ofSeconds(5);
    /** A process that has drained, on a busy machine. */
    private static final Duration ENDS = Duration.ofMinutes(1);

    /** By its name: the rooms of the command line are above this one. */
    private static final String MAIN_CLASS = "dev.baton.runtime.launcher.command.Baton";

    private final AdminClient admin;

    ServedProcess(AdminClient admin) {
        this.admin = admin;
    }

    AdminClient admin() {
        return admin;
    }

    long pid() throws AdminException {
        return admin.object("/v1/status").getLong("pid", -1L);
    }

    /** Who holds its listening sockets while no process serves; empty if nobody does. */
    Optional<String> socketsKeptBy() throws AdminException {
        return Optional.ofNullable(admin.object("/v1/status").getString("sockets-kept-by"));
    }

    /** Whether it lets itself be asked for faults. */
    boolean hasChaos() throws AdminException {
        return rows("/v1/actions").stream().anyMatch(each -> "chaos/block".equals(each.getString("name")));
    }

    /** Ids of the loops that all services share, without spare loops. */
    List<Integer> sharedLoops() throws AdminException {
        return rows("/v1/loops").stream()
                .filter(each -> !each.getBoolean("spare", false) && each.getValue("lane") == null)
                .map(each -> each.getInteger("id"))
                .toList();
    }

    List<JsonObject> rows(String path) throws AdminException {
        return admin.table(path).stream().map(JsonObject.class::cast).toList();
    }

    /** The thread of a loop sleeps; answered when it goes on. */
    AdminClient.Pending block(int loop, Duration time) {
        return admin.post("/v1/chaos/block?loop=" + loop + "&ms=" + time.toMillis());
    }

    /** It ends at once, and does not answer. */
    AdminClient.Pending crash() {
        return admin.post("/v1/chaos/crash");
    }

    /** Whether a process answers at all. */
    boolean isThere() {
        try {
            return pid() >= 0;
        } catch (AdminException nobody) {
            return false;
        }
    }

    /**
     * The process as this machine knows it; empty if it is another machine's or another container's, whose number may
     * be that of any process here.
     */
    Optional<ProcessHandle> handle() throws AdminException {
        JsonObject status = admin.object("/v1/status");
        Instant started = Instant.now().minusMillis(status.getLong("uptime-ms", 0L));
        return ProcessHandle.of(status.getLong("pid", -1L))
                .filter(process -> process.info()
                        .startInstant()
                        .filter(at -> Duration.between(at, started).abs().compareTo(START_ABOUT) < 0)
                        .isPresent())
                .filter(process -> hasMainClass(process.pid()));
    }

    private static boolean hasMainClass(long pid) {
        try {
            return Files.readString(Path.of("/proc/" + pid + "/cmdline"), StandardCharsets.ISO_8859_1)
                    .contains(MAIN_CLASS);
        } catch (IOException gone) {
            return false;
        }
    }

    /** How long it may take to drain, and to end after that. */
    Duration drainMax() throws AdminException {
        return Duration.ofMillis(admin.object("/v1/status").getLong("grace-ms", 0L))
                .plus(ENDS);
    }

    /**
     * Waits until another process than one answers, and is ready.
     *
     * @return its pid, or -1 if there is none in time
     */
    long successorOf(long pid, Duration patience) {
        long deadline = System.nanoTime() + patience.toNanos();
        while (System.nanoTime() - deadline < 0) {
            try {
                JsonObject status = admin.object("/v1/status");
                long now = status.getLong("pid", -1L);
                if (now != pid && "ready".equals(status.getString("state"))) {
                    return now;
                }
            } catch (AdminException nobody) {
                // Not yet.
            }
            LockSupport.parkNanos(LOOK.toNanos());
        }
        return -1;
    }

    /**
     * Waits until a process of this machine has gone.
     *
     * @return how long that took, in milliseconds; null if it is still there after the patience
     */
    static @Nullable Long awaitEnd(ProcessHandle process, Duration patience) {
        long begun = System.nanoTime();
        while (System.nanoTime() - begun < patience.toNanos()) {
            if (!process.isAlive()) {
                return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun);
            }
            LockSupport.parkNanos(LOOK.toNanos());
        }
        return null;
    }
}
