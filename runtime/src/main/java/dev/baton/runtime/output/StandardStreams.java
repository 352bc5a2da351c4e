package dev.baton.runtime.output;

import dev.baton.spi.threading.AnyThread;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * {@code System.out} and {@code System.err} of a process that serves. A log reader that stands still fills the pipe,
 * and a write to a full pipe blocks: on a loop, in the watchdog, in a signal's handler. So whatever prints only queues,
 * and a thread writes.
 *
 * <p>Both streams share a queue where they are one file, so that their lines stay in order; otherwise each has its own,
 * and one reader does not hold up the other. What the JVM prints itself (a thread dump, a crash) does not come through
 * here.
 */
public final class StandardStreams {
    /** A few thousand lines: what a reader that restarts may miss, and no more than a process can spare. */
    private static final long QUEUE_BYTES_MAX = 1 << 20;
    /** How long a reader may take nothing before an end does without it. */
    private static final Duration STILL_MAX = Duration.ofSeconds(1);
    /** How long all of it may take at an end; less than what a service manager waits. */
    private static final Duration DRAIN_MAX = Duration.ofSeconds(5);

    private static volatile @Nullable StandardStreams installed;

    private final LineQueue first = new LineQueue("baton-output", QUEUE_BYTES_MAX);
    private final LineQueue second = new LineQueue("baton-errors", QUEUE_BYTES_MAX);
    private volatile LineQueue errors = first;

    private StandardStreams() {
        look();
    }

    /** Puts them in the place of the JVM's own, once; what is left is written at the end of the process. */
    public static synchronized void install() {
        if (installed != null) {
            return;
        }
        StandardStreams streams = new StandardStreams();
        installed = streams;
        System.setOut(print(new LineStream(() -> streams.first, raw(FileDescriptor.out))));
        System.setErr(print(new LineStream(() -> streams.errors, raw(FileDescriptor.err))));
        Runtime.getRuntime().addShutdownHook(new Thread(StandardStreams::drain, "baton-output-end"));
    }

    private static OutputStream raw(FileDescriptor stream) {
        return new FileOutputStream(stream);
    }

    private static PrintStream print(OutputStream lines) {
        return new PrintStream(lines, false, Charset.defaultCharset());
    }

    /** Lines that were not read in time; 0 where nothing is installed. */
    @AnyThread
    public static long dropped() {
        StandardStreams streams = installed;
        return streams == null ? 0 : streams.first.dropped() + streams.second.dropped();
    }

    /**
     * Waits, within limits, until what was printed so far is written. For a thread that may wait, before a halt, which
     * runs no hooks, and before the streams become other files.
     */
    public static void drain() {
        System.out.flush();
        System.err.flush();
        StandardStreams streams = installed;
        if (streams != null) {
            streams.first.drain(STILL_MAX, DRAIN_MAX);
            streams.second.drain(STILL_MAX, DRAIN_MAX);
        }
    }

    /** The streams have become other files, after a {@link #drain}. */
    public static void changed() {
        StandardStreams streams = installed;
        if (streams != null) {
            streams.look();
        }
    }

    private void look() {
        errors = areOne() ? first : second;
    }

    private static boolean areOne() {
        try {
            Path fds = Path.of("/proc/self/fd");
            return Files.readSymbolicLink(fds.resolve("1")).equals(Files.readSymbolicLink(fds.resolve("2")));
        } catch (IOException unknown) {
            return true; // in order, then
        }
    }
}
