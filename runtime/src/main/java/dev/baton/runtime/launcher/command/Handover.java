package dev.baton.runtime.launcher.command;

import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * An upgrade as whoever asked for it sees it, through the death of the process that was asked: the one that it had started goes
 * on, and answers at the same address when it serves.
 *
 * <p>This is more than politeness: as long as the command of {@code ExecReload=} runs, systemd does not end a service whose main
 * process has died, and the new process has the time to name itself.
 */
final class Handover {
    private static final Duration LOOK = Duration.ofMillis(100);

    private final AdminClient client;
    private final long old;
    private List<ProcessHandle> children = List.of();

    /** Before the upgrade is asked for. */
    Handover(AdminClient client) throws AdminException {
        this.client = client;
        this.old = client.object("/v1/status").getLong("pid", -1L);
    }

    /** The process that is asked. */
    long old() {
        return old;
    }

    /** What it answers, however long that takes. */
    JsonObject answer(AdminClient.Pending pending) throws AdminException {
        JsonObject answer = null;
        while (answer == null) {
            answer = pending.within(LOOK);
            if (answer == null && client.isLocal()) {
                // While it lives: nobody is the child of a process that is dead.
                List<ProcessHandle> now = ProcessHandle.of(old)
                        .map(ProcessHandle::descendants)
                        .map(all -> all.toList())
                        .orElse(List.of());
                children = now.isEmpty() ? children : now;
            }
        }
        return answer;
    }

    /** The process that serves in its place, or -1 when there is none and nobody left to become one. */
    long successor() {
        while (true) {
            boolean hopeless = children.stream().noneMatch(ProcessHandle::isAlive);
            try {
                JsonObject status = client.object("/v1/status");
                long pid = status.getLong("pid", -1L);
                if (pid == old) {
                    return -1; // it lives: what it has answered is the answer
                } else if ("ready".equals(status.getString("state"))) {
                    return pid;
                }
            } catch (AdminException nobody) {
                // Not yet; or never.
            }
            if (hopeless) {
                return -1;
            }
            LockSupport.parkNanos(LOOK.toNanos());
        }
    }
}
