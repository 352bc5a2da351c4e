package dev.baton.runtime.launcher.admin;

import dev.baton.runtime.upgrade.HandoffAddress;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.OptionalLong;
import java.util.concurrent.locks.LockSupport;

/**
 * An upgrade as the one who asked for it sees it, through the death of the process that was asked: the one that it had
 * started continues, and answers at the same address when it serves.
 *
 * <p>This is more than politeness: as long as the command of {@code ExecReload=} runs, systemd does not end a service
 * whose main process has died, and the new process has the time to name itself.
 */
public final class Handover {
    private static final long LOOK_NANOS = 100_000_000;
    /** In a row. A process that begins another program has no environment for a moment, and is not seen then. */
    private static final int HOPELESS_LOOKS = 3;

    private final AdminClient client;
    private final long old;

    /** Before the upgrade is asked for. */
    public Handover(AdminClient client) throws AdminException {
        this.client = client;
        this.old = client.object("/v1/status").getLong("pid", -1L);
    }

    /** The process that is asked. */
    public long old() {
        return old;
    }

    /** The process that serves in its place, or -1 when there is none and none is left to become one. */
    public long successor() {
        int hopeless = 0;
        while (true) {
            hopeless = !client.isLocal() || !isAwaited(old) ? hopeless + 1 : 0;
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
            if (hopeless >= HOPELESS_LOOKS) {
                return -1;
            }
            LockSupport.parkNanos(LOOK_NANOS);
        }
    }

    /** True if a process lives that this one has started for an upgrade. */
    static boolean isAwaited(long old) {
        return awaited(old).isPresent();
    }

    /**
     * The process that one has started for an upgrade; empty if there is none. By what that was given to know it by,
     * and not as a child: a dead process has no children.
     *
     * @param old process id of the one that has started it
     */
    public static OptionalLong awaited(long old) {
        byte[] given = (HandoffAddress.GIVER + "=" + old + "\0").getBytes(StandardCharsets.US_ASCII);
        return ProcessHandle.allProcesses()
                .mapToLong(ProcessHandle::pid)
                .filter(process -> environmentHas(process, given))
                .findFirst();
    }

    private static boolean environmentHas(long pid, byte[] entry) {
        byte[] environment;
        try {
            environment = Files.readAllBytes(Path.of("/proc/" + pid + "/environ"));
        } catch (IOException goneOrAnotherUsers) {
            return false;
        }
        for (int at = 0; at + entry.length <= environment.length; at++) {
            boolean begins = at == 0 || environment[at - 1] == 0;
            if (begins && Arrays.equals(environment, at, at + entry.length, entry, 0, entry.length)) {
                return true;
            }
        }
        return false;
    }
}
