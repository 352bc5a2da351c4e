package dev.baton.runtime.launcher.rehearsal;

import dev.baton.runtime.launcher.admin.AdminException;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** A new process takes over while one of the old one's loops is blocked: upgrades are wanted when something hangs. */
final class Upgrade implements Rehearsal {
    /** Longer than the most patient drain that one would rehearse. */
    private static final Duration GONE = Duration.ofMinutes(2);

    @Override
    public String name() {
        return "upgrade";
    }

    @Override
    public String does() {
        return "upgrades the process while one of its loops is blocked";
    }

    @Override
    public Optional<String> obstacle(ServedProcess process, Wishes wishes) {
        return Optional.empty();
    }

    @Override
    public void play(Scene scene) throws AdminException {
        ServedProcess process = scene.process();
        long old = process.pid();
        List<Integer> loops = process.sharedLoops();
        if (loops.size() > 1) {
            process.block(loops.get(0), scene.wishes().time());
        }
        long begun = System.nanoTime();
        JsonObject report = process.admin().post("/v1/upgrade").answer();
        if (!report.getBoolean("upgraded", false)) {
            scene.fail("the upgrade failed: " + report.getString("detail", ""));
            return;
        }
        scene.tell(report.getString("detail", "") + ", after "
                + Scene.seconds(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun)));
        if (process.admin().isLocal()) {
            Long millis = ServedProcess.awaitEnd(old, GONE);
            if (millis == null) {
                scene.fail("process " + old + " is still there after " + GONE.toSeconds() + " s");
            } else {
                scene.tell("process " + old + " was gone " + Scene.seconds(millis) + " later");
            }
        }
    }
}
