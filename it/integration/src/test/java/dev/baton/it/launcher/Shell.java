package dev.baton.it.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.testkit.BatonProcess;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/**
 * The shell of somebody who follows a page: {@code BATON} is the distribution, and {@code java} the JDK of this build.
 * It stays in the folder to which it has changed.
 */
final class Shell {
    private static final int MINUTES = 5;

    private final Map<String, String> environment = new TreeMap<>();
    private Path folder;
    private int minutes = MINUTES;

    Shell(Path folder) {
        String java = System.getProperty("java.home");
        this.folder = folder;
        environment.put("JAVA_HOME", java);
        environment.put("PATH", java + "/bin" + File.pathSeparator + System.getenv("PATH"));
        environment.put("BATON", BatonProcess.distribution().toString());
    }

    /** Sets a variable. */
    Shell with(String name, String value) {
        environment.put(name, value);
        return this;
    }

    /** Programs of this folder come before others of their name. */
    Shell withPrograms(Path programs) {
        return with("PATH", programs + File.pathSeparator + environment.get("PATH"));
    }

    /** Gives commands this long in place of 5 minutes. */
    Shell withMinutes(int limit) {
        minutes = limit;
        return this;
    }

    /** Where it is. */
    Path folder() {
        return folder;
    }

    /** Runs commands until one fails, which fails the test. Returns what they have printed, errors too. */
    String run(String commands) throws IOException, InterruptedException {
        Path output = Files.createTempFile("baton-shell", ".txt");
        Path where = Files.createTempFile("baton-shell", ".where");
        ProcessBuilder builder = new ProcessBuilder("sh", "-euc", commands + "\npwd > '" + where + "'\n")
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile());
        builder.environment().putAll(environment);
        Process process = builder.start();
        try {
            boolean ended = process.waitFor(minutes, TimeUnit.MINUTES);
            String text = Files.readString(output, StandardCharsets.UTF_8);
            assertThat(ended).as("%s\n%s", commands, text).isTrue();
            assertThat(process.exitValue()).as("%s\n%s", commands, text).isZero();
            folder = Path.of(Files.readString(where).strip());
            return text;
        } finally {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
            Files.delete(output);
            Files.delete(where);
        }
    }
}
