package dev.baton.runtime.launcher.rehearsal;

import dev.baton.runtime.launcher.admin.AdminClient;
import dev.baton.runtime.launcher.admin.AdminException;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** What is rehearsed with: whichever process answers at the admin address. */
final class ServedProcess {
    private static final Duration LOOK = Duration.ofMillis(20);

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
    static @Nullable Long awaitEnd(long pid, Duration patience) {
        long begun = System.nanoTime();
        while (System.nanoTime() - begun < patience.toNanos()) {
            if (ProcessHandle.of(pid).filter(ProcessHandle::isAlive).isEmpty()) {
                return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun);
            }
            LockSupport.parkNanos(LOOK.toNanos());
        }
        return null;
    }
}
