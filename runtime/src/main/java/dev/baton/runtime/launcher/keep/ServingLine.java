package dev.baton.runtime.launcher.keep;

import dev.baton.runtime.posix.ParentCalls.Ended;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The processes of the server: the one that this process has started, and those that follow it by upgrades, each
 * started by the one before. The newest that has said that it serves is the main one; others drain, or are just being
 * started.
 *
 * <p>This process adopts orphans, so everything that a server starts stays its descendant, and it learns how a process
 * ended whose own parent is gone.
 */
final class ServingLine {
    private static final Path PROC = Path.of("/proc");
    /** No process has so many parents. */
    private static final int PARENTS_MAX = 64;

    private final int self;
    /** What says in the environment of a process that another one has started it for an upgrade. */
    private final String giver;

    private final List<Integer> members = new ArrayList<>();
    /** All that ever were, of one start. */
    private final List<Integer> former = new ArrayList<>();

    private int main;
    private int mainCode;
    private int lastCode;

    /** A process, as {@code /proc} has it. */
    private record Seen(int parent, boolean isZombie) {}

    /**
     * No process yet.
     *
     * @param giver the variable in the environment that tells who has started a process for an upgrade
     */
    ServingLine(int self, String giver) {
        this.self = self;
        this.giver = giver;
    }

    /** A server was started. */
    void begin(int pid) {
        members.clear();
        former.clear();
        add(pid);
        main = pid;
        mainCode = -1;
        lastCode = -1;
    }

    private void add(int pid) {
        if (!members.contains(pid)) {
            members.add(pid);
            former.add(pid);
        }
    }

    /** True if a process descends from this one, and so may speak for the server. */
    boolean isOurs(int pid) {
        int each = pid;
        for (int i = 0; i < PARENTS_MAX && each > 0; i++) {
            if (each == self) {
                return each != pid;
            }
            Seen seen = seen(each);
            each = seen == null ? 0 : seen.parent;
        }
        return false;
    }

    /** A process says which one is the main one. */
    void main(int pid) {
        if (isOurs(pid) && pid != main) {
            add(pid);
            main = pid;
            mainCode = -1;
        }
    }

    int main() {
        return main;
    }

    /** The pids of all. */
    List<Integer> members() {
        return List.copyOf(members);
    }

    /** A child has ended. */
    void ended(Ended child) {
        if (members.remove(Integer.valueOf(child.pid()))) {
            lastCode = child.code();
            if (child.pid() == main) {
                mainCode = child.code();
            }
        }
    }

    /**
     * True if none is left. Those that an ended one was about to hand over to are looked for: they may serve without
     * it.
     */
    boolean isOver() {
        // One whose parent is another server was that one's to reap.
        members.removeIf(pid -> seen(pid) == null);
        if (members.isEmpty()) {
            successors().forEach(this::add);
        }
        return members.isEmpty();
    }

    /** The exit code of the main one; of the last one that ended, where another process has reaped the main one. */
    int code() {
        return mainCode >= 0 ? mainCode : Math.max(lastCode, 1);
    }

    private List<Integer> successors() {
        List<Integer> found = new ArrayList<>();
        try (DirectoryStream<Path> all = Files.newDirectoryStream(PROC, "[0-9]*")) {
            for (Path each : all) {
                int pid = Integer.parseInt(each.getFileName().toString());
                Seen seen = seen(pid);
                if (seen != null
                        && seen.parent == self
                        && !seen.isZombie
                        && !former.contains(pid)
                        && isSuccessor(each)) {
                    found.add(pid);
                }
            }
        } catch (IOException e) {
            // There is no /proc: a successor that is not found is not waited for.
        }
        return found;
    }

    private boolean isSuccessor(Path process) {
        try {
            String all = "\0" + new String(Files.readAllBytes(process.resolve("environ")), StandardCharsets.ISO_8859_1)
                    + "\0";
            return former.stream().anyMatch(pid -> all.contains("\0" + giver + "=" + pid + "\0"));
        } catch (IOException gone) {
            return false;
        }
    }

    private static @Nullable Seen seen(int pid) {
        try {
            String stat = new String(
                    Files.readAllBytes(PROC.resolve(Integer.toString(pid)).resolve("stat")),
                    StandardCharsets.ISO_8859_1);
            // The name in front may have anything in it, parentheses too.
            String behind = stat.substring(stat.lastIndexOf(')') + 2);
            return new Seen(Integer.parseInt(behind.substring(2, behind.indexOf(' ', 2))), behind.charAt(0) == 'Z');
        } catch (IOException | RuntimeException gone) {
            return null;
        }
    }
}
