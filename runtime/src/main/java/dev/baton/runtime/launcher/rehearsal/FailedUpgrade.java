package dev.baton.runtime.launcher.rehearsal;

import dev.baton.runtime.launcher.admin.AdminClient;
import dev.baton.runtime.launcher.admin.AdminException;
import dev.baton.runtime.launcher.admin.Handover;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;

/** The new process of an upgrade is killed while it starts; the old one has to go on as if nothing had been. */
final class FailedUpgrade implements Rehearsal {
    private static final Duration LOOK = Duration.ofMillis(10);
    private static final int LOOKS_MAX = 1_000;

    @Override
    public String name() {
        return "failed-upgrade";
    }

    @Override
    public String does() {
        return "upgrades, and kills the new process while it starts; the old one has to go on";
    }

    @Override
    public Optional<String> obstacle(ServedProcess process, Wishes wishes) {
        return process.admin().isLocal()
                ? Optional.empty()
                : Optional.of("the process is on another machine; run this command there");
    }

    @Override
    public void play(Scene scene) throws AdminException {
        ServedProcess process = scene.process();
        long old = process.pid();
        AdminClient.Pending upgrade = process.admin().post("/v1/upgrade");
        OptionalLong killed = OptionalLong.empty();
        for (int i = 0; i < LOOKS_MAX && killed.isEmpty(); i++) {
            killed = Handover.awaited(old);
            scene.sleep(LOOK);
        }
        if (killed.isEmpty()) {
            scene.fail("no new process was seen");
        } else {
            // As early as this it has nothing yet: whatever it is killed with, it is the old one that serves.
            ProcessHandle.of(killed.getAsLong()).ifPresent(ProcessHandle::destroyForcibly);
        }
        JsonObject report = upgrade.answer();
        long now = process.pid();
        if (report.getBoolean("upgraded", false) || now != old) {
            scene.fail("process " + now + " serves although the new process was killed");
        } else {
            scene.tell("process " + (killed.isPresent() ? killed.getAsLong() : -1) + " was killed; process " + old
                    + " continued: " + report.getString("detail", ""));
        }
    }
}
