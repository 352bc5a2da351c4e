package dev.baton.runtime.upgrade;

import dev.baton.runtime.posix.PeerCredentials;
import dev.baton.runtime.posix.Posix;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;

/**
 * The process at the other end of an upgrade's socket: whether it lives, and how it is related to this one.
 *
 * @param pid the process, as this one sees it; 0 if it is in another pid namespace
 * @param uid its effective user
 */
public record Peer(long pid, int uid) {
    /** Scripts between a process and the one that it started: a wrapper or two. */
    private static final int GENERATIONS_MAX = 8;

    /**
     * From the close of a dying process's sockets to its end; shorter than the patience of one that lives and gives up.
     */
    private static final Duration ORPHAN_MAX = Duration.ofSeconds(1);

    private static final long LOOK_NANOS = 1_000_000;

    /** The peer of a connected unix socket. */
    public static Peer of(Posix posix, int number) throws IOException {
        PeerCredentials peer = PeerCredentials.of(posix, number);
        return new Peer(peer.pid(), peer.uid());
    }

    /** True if {@code ancestor} is {@code pid} or has started it, perhaps through a script. */
    public static boolean descends(long pid, long ancestor) {
        Optional<ProcessHandle> process = ProcessHandle.of(pid);
        for (int i = 0; i < GENERATIONS_MAX && process.isPresent(); i++) {
            if (process.get().pid() == ancestor) {
                return true;
            }
            process = process.get().parent();
        }
        return false;
    }

    /**
     * True if the process that has started this one, perhaps through a script, is dead: its children are somebody
     * else's then. Waits a little, because its sockets are closed a moment before that.
     */
    public static boolean isOrphanOf(long pid) {
        long self = ProcessHandle.current().pid();
        Deadline deadline = Deadline.in(ORPHAN_MAX);
        while (descends(self, pid)) {
            if (deadline.isOver()) {
                return false;
            }
            LockSupport.parkNanos(LOOK_NANOS);
        }
        return true;
    }

    /** True as long as it can still do anything: a zombie cannot. */
    boolean isAlive() {
        try {
            String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
            // The name in front may have anything in it, parentheses too.
            char state = stat.charAt(stat.lastIndexOf(')') + 2);
            return state != 'Z' && state != 'X';
        } catch (IOException gone) {
            return false;
        }
    }
}
