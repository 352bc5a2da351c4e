package dev.baton.runtime.launcher.rehearsal;

import dev.baton.runtime.launcher.admin.AdminClient;
import dev.baton.runtime.launcher.admin.AdminException;
import dev.baton.runtime.launcher.admin.Handover;
import io.vertx.core.json.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;

/** The new process of an upgrade is killed while it starts; the old one has to go on as if nothing had been. */
final class FailedUpgrade implements Rehearsal {
    private static final Duration LOOK = Duration.ofMillis(10);

    @Override
    public String name() {
        return "failed-upgrade";
    }

    @Override
    public String does() {
        return "upgrades, and kills the new process while it starts; the old one has to go on";
    }

    @Override
    public Optional<String> obstacle(ServedProcess process, Wishes wishes) throws AdminException {
        Optional<ProcessHandle> old = process.handle();
        if (old.isEmpty()) {
            return Optional.of("the process is on another machine, or in a container; run this command there");
        } else if (!Files.isReadable(Path.of("/proc/" + old.get().pid() + "/environ"))) {
            return Optional.of("the process is another user's; run this command as that user, or as root");
        }
        return Handover.awaited(old.get().pid()).isPresent()
                ? Optional.of("an upgrade is under way")
                : Optional.empty();
    }

    @Override
    public void play(Scene scene) throws AdminException {
        ServedProcess process = scene.process();
        long old = process.pid();
        AdminClient.Pending upgrade = process.admin().post("/v1/upgrade");
        OptionalLong next = OptionalLong.empty();
        JsonObject report = null;
        while (next.isEmpty() && report == null) {
            next = Handover.awaited(old);
            report = upgrade.within(LOOK);
        }
        // As early as this it has nothing yet: whatever it is killed with, it is the old one that serves.
        boolean killed = report == null
                && next.isPresent()
                && ProcessHandle.of(next.getAsLong())
                        .map(ProcessHandle::destroyForcibly)
                        .orElse(false);
        report = report == null ? upgrade.answer() : report;
        String detail = report.getString("detail", "");
        if (!killed) {
            scene.fail("the new process could not be killed: " + detail);
        } else if (report.getBoolean("upgraded", false) || process.pid() != old) {
            scene.fail("process " + process.pid() + " serves although the new process was killed");
        } else {
            scene.tell("process " + next.getAsLong() + " was killed; process " + old + " continued: " + detail);
        }
    }
}
