package dev.baton.it.upgrade;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.baton.testkit.BatonProcess;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;

/** A launcher whose process has the pid 1, as in a container. */
public final class PidNamespace {
    private PidNamespace() {}

    /** How a pid namespace is made here, by root or by anybody. */
    private static List<String> unshare() throws Exception {
        for (String options : List.of("", "-r ")) {
            String command = "unshare " + options + "-p -f --kill-child --mount-proc -m";
            Process tried = new ProcessBuilder("sh", "-c", command + " true")
                    .redirectErrorStream(true)
                    .start();
            if (tried.waitFor() == 0) {
                return List.of(command.split(" ", -1));
            }
        }
        return List.of();
    }

    /** Makes a script that starts {@code bin/baton} with the pid 1; the test is skipped where that cannot be done. */
    public static Path launcher(Path folder) throws Exception {
        List<String> unshare = unshare();
        assumeTrue(!unshare.isEmpty(), "pid namespaces can be made here");
        Path script = folder.resolve("container");
        Files.writeString(
                script,
                "#!/bin/sh\nexec " + String.join(" ", unshare) + " '"
                        + BatonProcess.distribution().resolve("bin/baton") + "' \"$@\"\n");
        Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwx------"));
        return script;
    }

    /** The process with the pid 1, by its pid here. */
    public static ProcessHandle init(BatonProcess container) {
        return ProcessHandle.of(container.pid())
                .orElseThrow()
                .children()
                .findFirst()
                .orElseThrow();
    }
}
