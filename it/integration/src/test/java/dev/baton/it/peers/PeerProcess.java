package dev.baton.it.peers;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** A server that is not Baton's, as a child of the test's process. Ends with the test. */
public final class PeerProcess implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    static final String INSTALL = "it/integration/install, as root, installs it";

    private final Process process;
    private final List<String> lines = new ArrayList<>();
    private boolean ended;

    private PeerProcess(Process process) {
        this.process = process;
        Thread reader = new Thread(this::read, "reads peer " + process.pid());
        reader.setDaemon(true);
        reader.start();
    }

    /** Skips the test if a program is not installed. */
    public static void assumeInstalled(String program) {
        boolean found = Stream.of(System.getenv("PATH").split(File.pathSeparator, -1), new String[] {"/usr/sbin"})
                .flatMap(Stream::of)
                .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
        assumeTrue(found, program + " is not there: " + INSTALL);
    }

    /** Starts a program in a folder. */
    static PeerProcess start(Path folder, String... command) throws IOException {
        return new PeerProcess(new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .start());
    }

    private void read() {
        try (BufferedReader in =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                synchronized (lines) {
                    lines.add(line);
                    lines.notifyAll();
                }
            }
        } catch (IOException e) {
            // The process is gone.
        } finally {
            synchronized (lines) {
                ended = true;
                lines.notifyAll();
            }
        }
    }

    /** Everything printed so far. */
    String text() {
        synchronized (lines) {
            return String.join("\n", lines);
        }
    }

    /** Waits for a line that has this, and returns its first group. */
    String await(Pattern wanted) throws InterruptedException {
        return await(wanted, PATIENCE);
    }

    /** As {@link #await(Pattern)}, for what takes its time. */
    String await(Pattern wanted, Duration patience) throws InterruptedException {
        long end = System.nanoTime() + patience.toNanos();
        synchronized (lines) {
            for (int i = 0; ; i++) {
                while (i == lines.size()) {
                    long left = end - System.nanoTime();
                    if (ended || left <= 0) {
                        throw new AssertionError((ended ? "ended" : "did not say " + wanted) + ":\n" + text());
                    }
                    TimeUnit.NANOSECONDS.timedWait(lines, left);
                }
                Matcher matcher = wanted.matcher(lines.get(i));
                if (matcher.find()) {
                    return matcher.group(1);
                }
            }
        }
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** Sends a signal. */
    void signal(String name) throws Exception {
        int code = new ProcessBuilder("sh", "-c", "kill -" + name + " " + process.pid())
                .start()
                .waitFor();
        if (code != 0) {
            throw new AssertionError("kill -" + name + " answers " + code + ":\n" + text());
        }
    }

    @Override
    public void close() {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
        try {
            process.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
