package dev.baton.runtime.launcher.keep;

import dev.baton.runtime.launcher.Signals;
import dev.baton.runtime.posix.ParentCalls;
import dev.baton.runtime.posix.ParentCalls.Ended;
import dev.baton.runtime.systemd.Notifier;
import dev.baton.runtime.upgrade.HandoffAddress;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;

/**
 * The process of {@code baton run --keep}: see the package.
 *
 * <p>TERM, INT and HUP are passed on to the server. The first two to every process of it, because the one that was
 * upgraded may drain; HUP to the one that serves, once it does. When the server ends for good, this process ends with
 * the same exit code.
 */
public final class Keeper {
    /** Set by {@code bin/baton}: where it is. */
    private static final String LAUNCHER = "baton.launcher";

    private static final String SHELL = "/bin/sh";
    /** Its pid is that of the server, as each program replaces the one before. */
    private static final String SCRIPT =
            "NOTIFY_SOCKET=$1 " + Notifier.PARENT + "=$2; export NOTIFY_SOCKET " + Notifier.PARENT
                    + "; unset LISTEN_PID LISTEN_FDS LISTEN_FDNAMES WATCHDOG_PID WATCHDOG_USEC; [ \"$3\" = 0 ] || {"
                    + " LISTEN_PID=$$ LISTEN_FDS=$3 LISTEN_FDNAMES=$4; export LISTEN_PID LISTEN_FDS LISTEN_FDNAMES; };"
                    + " shift 4; exec \"$0\" \"$@\"";

    private static final int STDERR = 2;
    private static final int SIGHUP = 1;
    private static final int SIGINT = 2;
    private static final int SIGTERM = 15;
    /** What a start that is not possible is as an exit code. */
    private static final int FAILED = 1;
    /** Between two looks for a process that ends without a signal to this one: a server has reaped its successor. */
    private static final int LOOK_MILLIS = 10_000;

    private static final long NANOS_PER_MILLI = 1_000_000;

    private final ParentCalls calls = new ParentCalls();
    private final int self;
    private final Restarts restarts = new Restarts();
    private final ServingLine line;
    private final HeldSockets sockets = new HeldSockets(calls);
    private final Queue<String> signals = new ConcurrentLinkedQueue<>();
    private final List<byte[]> command;
    private final String address;
    private final int receiver;
    private final Inbox inbox;
    private final int alarm;
    private boolean running;
    private boolean ready;
    /** A HUP that came before the server could hear it. */
    private boolean hangsUp;
    /** When the next server is to be started, if none runs. */
    private long due;

    private Keeper(List<byte[]> command) throws IOException {
        this.command = command;
        this.self = Integer.parseInt(
                Files.readSymbolicLink(Path.of("/proc/self")).getFileName().toString());
        this.line = new ServingLine(self, HandoffAddress.GIVER);
        this.address = "baton-keep-" + self + "-" + Long.toHexString(System.nanoTime());
        calls.adoptOrphans();
        // First: what was given is not to be taken for one of this process's own.
        if (Integer.toString(self).equals(System.getenv("LISTEN_PID"))) {
            String count = System.getenv("LISTEN_FDS");
            if (count != null && count.matches("[0-9]{1,4}")) {
                sockets.given(Integer.parseInt(count), System.getenv("LISTEN_FDNAMES"));
            }
        }
        this.receiver = calls.receiver(address);
        this.inbox = new Inbox(calls, receiver, line::isOurs, sockets, this::say);
        this.alarm = calls.alarm();
    }

    /**
     * Ends with the exit code of the server.
     *
     * @param arguments the command line of the server
     */
    public static void main(String[] arguments) {
        int code;
        try {
            String launcher = System.getProperty(LAUNCHER);
            if (launcher == null) {
                throw new IOException("--keep starts a process, and this one was not started by bin/baton: use that");
            }
            List<byte[]> command = new ArrayList<>();
            command.add(launcher.getBytes(StandardCharsets.UTF_8));
            command.addAll(asWritten(arguments));
            code = new Keeper(command).run();
        } catch (IOException e) {
            System.err.println("baton: " + e.getMessage());
            code = FAILED;
        }
        System.err.flush();
        Runtime.getRuntime().halt(code);
    }

    /** The arguments in the bytes in which they came, which a JVM without a locale does not keep. */
    private static List<byte[]> asWritten(String[] arguments) throws IOException {
        byte[] line = Files.readAllBytes(Path.of("/proc/self/cmdline"));
        List<byte[]> all = new ArrayList<>();
        int begin = 0;
        for (int at = 0; at < line.length; at++) {
            if (line[at] == 0) {
                all.add(Arrays.copyOfRange(line, begin, at));
                begin = at + 1;
            }
        }
        return all.subList(all.size() - arguments.length, all.size());
    }

    private int run() throws IOException {
        for (String name : List.of("TERM", "INT", "HUP", "CHLD")) {
            Signals.on(name, () -> {
                signals.add(name);
                calls.wake(alarm);
            });
        }
        say("this process holds the listening sockets and starts the server again if it dies");
        start();
        while (true) {
            Integer code = look();
            if (code != null) {
                return code;
            }
            calls.await(receiver, alarm, untilNext());
            calls.clear(alarm);
        }
    }

    private int untilNext() {
        return running ? LOOK_MILLIS : (int) Math.max(0, (due - System.nanoTime()) / NANOS_PER_MILLI + 1);
    }

    /** Does what is to be done; answers the exit code when this process is to end, else null. */
    private @Nullable Integer look() throws IOException {
        for (String name = signals.poll(); name != null; name = signals.poll()) {
            if (!name.equals("CHLD") && !signalled(name)) {
                return 0;
            }
        }
        // Before the ends: a process is asked about as long as it can be.
        inbox.read(this::heard);
        for (Ended each = calls.reap(); each != null; each = calls.reap()) {
            if (line.members().contains(each.pid())) {
                said(each);
            }
            line.ended(each);
        }
        if (running && line.isOver()) {
            return over();
        }
        if (!running && System.nanoTime() - due >= 0) {
            try {
                start();
            } catch (IOException e) {
                say("the server cannot be started: " + e.getMessage());
                return over();
            }
        }
        return null;
    }

    private void said(Ended child) {
        String how = child.signal() == 0 ? "with exit code " + child.code() : "by signal " + child.signal();
        say("process " + child.pid() + " ended " + how);
    }

    private @Nullable Integer over() {
        running = false;
        ready = false;
        int code = line.code();
        long pause = restarts.after(code, System.nanoTime());
        if (pause == Restarts.NEVER) {
            say("the server ended with exit code " + code
                    + (restarts.isStopping() ? "" : ", and is not started again"));
            return code;
        }
        due = System.nanoTime() + pause * NANOS_PER_MILLI;
        say("the server has died; " + kept() + "; it starts again "
                + (pause == 0 ? "now" : "in " + pause / 1000 + " s"));
        return null;
    }

    private String kept() {
        int count = sockets.count();
        return count + (count == 1 ? " socket is kept" : " sockets are kept");
    }

    private void start() throws IOException {
        closeOnExec();
        List<byte[]> all = new ArrayList<>();
        int[] numbers = sockets.numbers();
        for (String each : List.of(SHELL, "-c", SCRIPT)) {
            all.add(bytes(each));
        }
        all.add(command.get(0));
        for (String each :
                List.of("@" + address, Integer.toString(self), Integer.toString(numbers.length), sockets.names())) {
            all.add(bytes(each));
        }
        all.addAll(command.subList(1, command.size()));
        int pid = calls.spawn(all, numbers);
        line.begin(pid);
        running = true;
        say("started process " + pid + (sockets.count() == 0 ? "" : "; " + kept()));
        System.gc();
        calls.releaseMemory();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** The JVM opens some files without it. */
    private void closeOnExec() {
        String[] numbers = new File("/proc/self/fd").list();
        if (numbers != null) {
            for (String each : numbers) {
                int number = Integer.parseInt(each);
                if (number > STDERR) {
                    calls.closeOnExec(number);
                }
            }
        }
    }

    // ---- what it hears --------------------------------------------------------------------------------------------

    /** False if this process is to end. */
    private boolean signalled(String name) {
        boolean ends = !name.equals("HUP");
        if (!running) {
            if (ends) {
                say(name + ": ending; no server runs");
                return false;
            }
            say(name + ": starting the server now");
            due = System.nanoTime();
        } else if (ends) {
            restarts.stopping();
            say(name + ": passed on");
            int signal = name.equals("INT") ? SIGINT : SIGTERM;
            line.members().forEach(pid -> calls.kill(pid, signal));
        } else if (ready) {
            say(name + ": passed on to process " + line.main());
            calls.kill(line.main(), SIGHUP);
        } else {
            hangsUp = true; // it would end a process that does not listen to signals yet
        }
        return true;
    }

    private void heard(Notification said, int sender) {
        if (said.mainPid() != 0) {
            int before = line.main();
            line.main(said.mainPid());
            if (line.main() != before) {
                say("process " + line.main() + " is the server now");
            }
        }
        if (said.isReady()) {
            restarts.ready(System.nanoTime());
            ready = true;
            if (hangsUp) {
                hangsUp = false;
                signals.add("HUP");
                calls.wake(alarm);
            }
        }
        if (said.isStopping() && sender == line.main()) {
            restarts.stopping();
        }
    }

    /** To standard error, as the server's log; a line is lost rather than waited for. */
    private void say(String text) {
        if (calls.takesLine(STDERR)) {
            System.err.println(OffsetDateTime.now(ZoneId.systemDefault()).truncatedTo(ChronoUnit.MILLIS)
                    + " INFO  Keeper [" + self + "] " + text);
        }
    }
}
