package dev.baton.runtime.upgrade;

import dev.baton.runtime.posix.ProcessCalls;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the process with the pid 1 does beside serving, as in a container: it takes the ends of orphans, and after an
 * upgrade it stays as the parent of those that serve, because the kernel ends all processes of a pid namespace with its
 * first one.
 *
 * <pre>
 * SERVING    it reaps orphans                          {@link #follow}: this process was upgraded
 * FOLLOWING  it passes signals on, and looks who       none of the line is left: it ends with the exit code of the newest;
 *            serves: the line of processes of which    {@link #serve}: it accepts again in place of one that has died
 *            each was started by the one before
 * </pre>
 *
 * <p>Each process of the line knows by its environment who has started it for an upgrade, so a process that upgrades
 * itself needs to tell nothing here, and one whose parent was killed in the middle of an upgrade is found as well. It
 * is found within a second; of one that ends before that, the exit code is not known.
 *
 * <p>Threading: a thread of its own, and any thread asks.
 */
public final class InitProcess {
    private static final Logger LOG = LoggerFactory.getLogger(InitProcess.class);

    private static final Path PROC = Path.of("/proc");
    private static final long SELF = 1;
    /** How long an orphan stays a zombie at least: this JVM takes the ends of its own children itself, and sooner. */
    private static final long ORPHAN_NANOS = 1_000_000_000;
    /** How often it is looked who serves; a process lives longer than that before it hands over to the next one. */
    private static final long LOOK_NANOS = 1_000_000_000;
    /** The numbers on every Linux but MIPS, by name. */
    private static final Map<String, Integer> SIGNALS = Map.of("HUP", 1, "INT", 2, "TERM", 15);

    private final ProcessCalls calls;
    private final Thread thread;
    /** When each zombie was first seen; for the thread. */
    private final Map<Long, Long> zombies = new HashMap<>();
    /** Those that serve or drain after this process, the newest last. Guarded by itself. */
    private final List<Member> line = new ArrayList<>();

    private volatile CompletableFuture<Integer> over = new CompletableFuture<>();
    private volatile boolean following;
    /** The exit code of the newest that has ended. Guarded by {@link #line}. */
    private int code;

    /** Which one of the line that was. Guarded by {@link #line}. */
    private int codeOf;

    private int members;

    /** A process of the line. */
    private static final class Member {
        final long pid;
        final int number;
        /** Of the first of the line, whose end this JVM takes itself. */
        final @Nullable CompletableFuture<Integer> exit;

        Member(long pid, int number, @Nullable CompletableFuture<Integer> exit) {
            this.pid = pid;
            this.number = number;
            this.exit = exit;
        }
    }

    /** A process as {@code /proc} has it. */
    private record Seen(long pid, long parent, boolean isZombie) {}

    private InitProcess(ProcessCalls calls) {
        this.calls = calls;
        this.thread = new Thread(this::run, "baton-init");
        thread.setDaemon(true);
    }

    /** Begins to take the ends of orphans; null if this process has another pid than 1. */
    public static @Nullable InitProcess ifThisIsOne() {
        if (ProcessHandle.current().pid() != SELF) {
            return null;
        }
        InitProcess init = new InitProcess(new ProcessCalls());
        init.thread.start();
        return init;
    }

    /** A child has ended, or an orphan: the signal CHLD. */
    public void childEnded() {
        LockSupport.unpark(thread);
    }

    /** Another process serves in place of this one. */
    public void follow(long pid, CompletableFuture<Integer> exit) {
        synchronized (line) {
            line.add(new Member(pid, ++members, exit));
            following = true;
        }
        exit.whenComplete((code, failure) -> LockSupport.unpark(thread));
        LOG.info("process {} serves; this one stays as its parent", pid);
    }

    /** This process serves again: the one that was to follow it is dead. */
    public void serve() {
        synchronized (line) {
            line.clear();
            following = false;
            over = new CompletableFuture<>();
        }
        LockSupport.unpark(thread);
        LOG.info("this process serves again");
    }

    /** True while another process serves in place of this one. */
    public boolean isFollowing() {
        return following;
    }

    /** Sends a signal on: HUP to the newest of the line, another one to all of it, as one of them may drain. */
    public void pass(String signal) {
        int number = SIGNALS.getOrDefault(signal, 0);
        synchronized (line) {
            extend(processes());
            int from = signal.equals("HUP") ? Math.max(0, line.size() - 1) : 0;
            line.subList(from, line.size()).forEach(member -> calls.kill(member.pid, number));
        }
    }

    /** Waits until no process is left to follow; gives back what memory it can before that. Answers the exit code. */
    public int await() {
        System.gc();
        calls.releaseMemory();
        return over.join();
    }

    private void run() {
        while (true) {
            try {
                look();
            } catch (RuntimeException e) {
                LOG.warn("cannot look after the processes of this pid namespace", e);
            }
            if (following || !zombies.isEmpty()) {
                LockSupport.parkNanos(this, LOOK_NANOS);
            } else {
                LockSupport.park(this);
            }
        }
    }

    private void look() {
        Map<Long, Seen> seen = processes();
        synchronized (line) {
            if (following) {
                extend(seen);
                line.removeIf(member -> hasEnded(member, seen));
                if (line.isEmpty()) {
                    over.complete(code);
                }
            }
        }
        long now = System.nanoTime();
        zombies.keySet()
                .removeIf(pid -> !seen.containsKey(pid) || !seen.get(pid).isZombie());
        for (Seen each : seen.values()) {
            if (each.isZombie() && each.parent() == SELF) {
                long since = zombies.computeIfAbsent(each.pid(), first -> now);
                if (now - since >= ORPHAN_NANOS) {
                    calls.reap(each.pid());
                }
            }
        }
    }

    /** Takes the end of one of the line. One that is gone was a child of another one's, and came to nothing. */
    private boolean hasEnded(Member member, Map<Long, Seen> seen) {
        CompletableFuture<Integer> exit = member.exit;
        OptionalInt ended;
        if (exit != null) {
            ended = exit.isDone() ? OptionalInt.of(exit.join()) : OptionalInt.empty();
        } else {
            Seen now = seen.get(member.pid);
            if (now == null) {
                return true;
            }
            ended = now.isZombie() && now.parent() == SELF ? calls.reap(member.pid) : OptionalInt.empty();
        }
        if (ended.isPresent() && member.number > codeOf) {
            code = ended.getAsInt();
            codeOf = member.number;
        }
        return ended.isPresent();
    }

    /** Looks for those that the newest of the line has started for an upgrade, and so on. */
    private void extend(Map<Long, Seen> seen) {
        for (int i = line.size() - 1; i >= 0 && i < line.size(); i++) {
            long giver = line.get(i).pid;
            byte[] given = (HandoffAddress.GIVER + "=" + giver).getBytes(StandardCharsets.US_ASCII);
            for (Seen each : seen.values()) {
                // Its own child, or an orphan by now: the children of those have the same in their environment.
                boolean near = each.parent() == giver || each.parent() == SELF;
                if (near && !each.isZombie() && isNew(each.pid()) && hasInEnvironment(each.pid(), given)) {
                    line.add(new Member(each.pid(), ++members, null));
                    LOG.info("process {}, which process {} has started for an upgrade, is followed", each.pid(), giver);
                    break;
                }
            }
        }
    }

    private boolean isNew(long pid) {
        return line.stream().noneMatch(member -> member.pid == pid);
    }

    private static boolean hasInEnvironment(long pid, byte[] entry) {
        try {
            String all = new String(
                    Files.readAllBytes(PROC.resolve(Long.toString(pid)).resolve("environ")),
                    StandardCharsets.ISO_8859_1);
            return ("\0" + all + "\0").contains("\0" + new String(entry, StandardCharsets.ISO_8859_1) + "\0");
        } catch (IOException goneOrAnotherUsers) {
            return false;
        }
    }

    private static Map<Long, Seen> processes() {
        Map<Long, Seen> seen = new HashMap<>();
        try (DirectoryStream<Path> all = Files.newDirectoryStream(PROC, "[0-9]*")) {
            for (Path each : all) {
                Seen process = process(each);
                if (process != null) {
                    seen.put(process.pid(), process);
                }
            }
        } catch (IOException e) {
            LOG.debug("cannot list {}", PROC, e);
        }
        return seen;
    }

    private static @Nullable Seen process(Path folder) {
        try {
            String stat = Files.readString(folder.resolve("stat"), StandardCharsets.ISO_8859_1);
            // The name in front may have anything in it, parentheses too.
            String behind = stat.substring(stat.lastIndexOf(')') + 2);
            String parent = behind.substring(2, behind.indexOf(' ', 2));
            return new Seen(
                    Long.parseLong(folder.getFileName().toString()), Long.parseLong(parent), behind.charAt(0) == 'Z');
        } catch (IOException | RuntimeException gone) {
            return null;
        }
    }
}
