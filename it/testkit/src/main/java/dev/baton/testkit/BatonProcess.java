package dev.baton.testkit;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A process of {@code bin/baton}, as a user starts it. Ends with the test. */
public final class BatonProcess implements AutoCloseable {
    /** Far more than a start or an end takes on a slow machine. */
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    /** What the build gives the JVM of a process that lives for seconds. */
    private static final String OPTIONS = System.getProperty("baton.java.opts", "");

    /** A build that runs in the background ignores INT, under nohup HUP too, and so would what it starts. */
    private static final List<String> AS_FROM_A_TERMINAL = List.of("env", "--default-signal=INT,HUP");

    private static final Pattern ADMIN = Pattern.compile("admin on (\\S+)");

    private final Process process;
    private final List<String> lines = new ArrayList<>();
    private final Thread reader;
    private boolean ended;

    /**
     * How a command ended.
     *
     * @param code its exit code
     * @param text what it printed, errors too
     */
    public record Outcome(int code, String text) {}

    private BatonProcess(Process process) {
        this.process = process;
        this.reader = new Thread(this::read, "reads baton " + process.pid());
        reader.setDaemon(true);
        reader.start();
    }

    /** The distribution under test. */
    public static Path distribution() {
        String path = System.getProperty("baton.dist");
        if (path == null) {
            throw new IllegalStateException("-Dbaton.dist must name the distribution's folder");
        }
        return Path.of(path).toAbsolutePath().normalize();
    }

    /** Starts {@code bin/baton} of the distribution with these arguments, in a folder. */
    public static BatonProcess start(Path folder, String... arguments) throws IOException {
        return launch(distribution().resolve("bin/baton"), folder, arguments);
    }

    /** Starts a launcher script. */
    public static BatonProcess launch(Path script, Path folder, String... arguments) throws IOException {
        return launch(script, folder, Map.of(), arguments);
    }

    /** Starts a launcher script with more in its environment. */
    public static BatonProcess launch(Path script, Path folder, Map<String, String> environment, String... arguments)
            throws IOException {
        List<String> command = new ArrayList<>(AS_FROM_A_TERMINAL);
        command.add(script.toString());
        command.addAll(List.of(arguments));
        ProcessBuilder builder =
                new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true);
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        builder.environment().merge("BATON_JAVA_OPTS", OPTIONS, (given, ours) -> ours + " " + given);
        builder.environment().putAll(environment);
        return new BatonProcess(builder.start());
    }

    /** Runs a command to its end. */
    public static Outcome run(Path folder, String... arguments) throws Exception {
        try (BatonProcess process = start(folder, arguments)) {
            return process.outcome();
        }
    }

    /** Writes {@code baton.yaml} into a folder and starts {@code baton run} there; back when it is ready. */
    public static BatonProcess serve(Path folder, String yaml) throws Exception {
        return serve(folder, Map.of(), yaml);
    }

    /** As {@link #serve(Path, String)}, with more in its environment. */
    public static BatonProcess serve(Path folder, Map<String, String> environment, String yaml) throws Exception {
        Files.writeString(folder.resolve("baton.yaml"), yaml);
        BatonProcess process = launch(distribution().resolve("bin/baton"), folder, environment, "run");
        process.await(line -> line.startsWith("ready in "));
        return process;
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
    public String text() {
        synchronized (lines) {
            return String.join("\n", lines);
        }
    }

    /** Waits for a line and returns it. */
    public String await(Predicate<String> wanted) throws InterruptedException {
        long end = System.nanoTime() + PATIENCE.toNanos();
        synchronized (lines) {
            for (int i = 0; ; i++) {
                while (i == lines.size()) {
                    long left = end - System.nanoTime();
                    if (ended || left <= 0) {
                        throw new AssertionError(
                                (ended ? "the process ended" : "the line did not come") + ":\n" + text());
                    }
                    TimeUnit.NANOSECONDS.timedWait(lines, left);
                }
                if (wanted.test(lines.get(i))) {
                    return lines.get(i);
                }
            }
        }
    }

    /** The real address of a listener, as the start-up lines tell it. */
    public String listener(String name) throws InterruptedException {
        Pattern pattern = Pattern.compile("listener " + Pattern.quote(name) + " on (\\S+) .*");
        return group(pattern, await(line -> pattern.matcher(line).matches()));
    }

    /** The real admin address. */
    public String admin() throws InterruptedException {
        return group(ADMIN, await(line -> ADMIN.matcher(line).matches()));
    }

    private static String group(Pattern pattern, String line) {
        Matcher matcher = pattern.matcher(line);
        if (!matcher.matches()) {
            throw new AssertionError(line);
        }
        return matcher.group(1);
    }

    /** The process id: the script becomes the JVM. */
    public long pid() {
        return process.pid();
    }

    /** True until it has ended. */
    public boolean isAlive() {
        return process.isAlive();
    }

    /** Sends a signal. */
    public void signal(String name) throws Exception {
        int code = new ProcessBuilder("sh", "-c", "kill -" + name + " " + process.pid())
                .start()
                .waitFor();
        if (code != 0) {
            throw new AssertionError("kill -" + name + " answers " + code + ":\n" + text());
        }
    }

    /** Waits for its end, and that of what it printed. */
    public Outcome outcome() throws InterruptedException {
        int code = exitCode();
        reader.join(PATIENCE.toMillis());
        return new Outcome(code, text());
    }

    /** Waits for its end, but not for that of what a process prints that it has left behind. */
    public int exitCode() throws InterruptedException {
        if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
            throw new AssertionError("the process has not ended:\n" + text());
        }
        return process.exitValue();
    }

    @Override
    public void close() {
        process.destroyForcibly();
        try {
            process.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
