package dev.baton.runtime.upgrade;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.Charset;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The process that is to follow this one. What it prints before it serves comes through here, so that the one who asked
 * for the upgrade can be told; afterwards it has this one's own standard streams, since a pipe would end with this
 * process.
 */
public final class Successor {
    private static final Logger LOG = LoggerFactory.getLogger(Successor.class);

    /** What is kept of its errors: the list of everything that is wrong with a large file. */
    private static final int ERROR_CHARS_MAX = 64 * 1024;
    /** What a process that is killed, and its last words, may take. */
    private static final Duration END_MAX = Duration.ofSeconds(5);

    /** From the close of its end of the handoff, or from being refused, to its end by itself. */
    static final Duration LAST_WORDS = Duration.ofSeconds(2);

    private final Process process;
    /** Guarded by itself. */
    private final StringBuilder errors = new StringBuilder();

    private final Thread out;
    private final Thread err;

    private Successor(Process process) {
        this.process = process;
        out = reader("out", process.getInputStream(), System.out, false);
        err = reader("err", process.getErrorStream(), System.err, true);
    }

    /** Starts it. */
    static Successor start(List<String> command, Path handoff) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().put(HandoffAddress.VARIABLE, handoff.toString());
        builder.environment()
                .put(HandoffAddress.GIVER, Long.toString(ProcessHandle.current().pid()));
        // They name this process; what they say of sockets comes by the handoff, the watchdog belongs to the process
        // that serves then.
        List.of("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "WATCHDOG_PID").forEach(builder.environment()::remove);
        Process process = builder.start();
        process.getOutputStream().close();
        return new Successor(process);
    }

    private Thread reader(String name, InputStream from, PrintStream to, boolean keep) {
        Thread thread = new Thread(
                () -> {
                    byte[] bytes = new byte[4096];
                    try (from) {
                        for (int count = from.read(bytes); count > 0; count = from.read(bytes)) {
                            to.write(bytes, 0, count);
                            to.flush();
                            if (keep) {
                                keep(new String(bytes, 0, count, Charset.defaultCharset()));
                            }
                        }
                    } catch (IOException e) {
                        LOG.debug("standard {} of process {}", name, process.pid(), e);
                    }
                },
                "baton-successor-" + name);
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    private void keep(String text) {
        synchronized (errors) {
            if (errors.length() < ERROR_CHARS_MAX) {
                errors.append(text);
            }
        }
    }

    public long pid() {
        return process.pid();
    }

    /** Completes with its exit code when it has ended. */
    public CompletableFuture<Integer> exit() {
        return process.onExit().thenApply(Process::exitValue);
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** Ends it, and whatever stands between it and this one. */
    void kill() {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
    }

    /** Waits for its end, and for its last words; -1 if it does not come. */
    int exitCode() {
        return exitCodeWithin(END_MAX);
    }

    int exitCodeWithin(Duration limit) {
        try {
            if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
                return -1;
            }
            out.join(END_MAX.toMillis());
            err.join(END_MAX.toMillis());
            return process.exitValue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return -1;
        }
    }

    /** What it has printed as errors. */
    String errors() {
        synchronized (errors) {
            return errors.toString().strip();
        }
    }
}
