package dev.baton.runtime.launcher.rehearsal;

import dev.baton.runtime.launcher.admin.AdminException;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** A new process takes over while one of the old one's loops is blocked: upgrades are wanted when something hangs. */
final class Upgrade implements Rehearsal {
    /** A refusal would have come by then. */
    private static final Duration REFUSED = Duration.ofMillis(50);

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
        Optional<ProcessHandle> old = process.handle();
        Duration drainMax = process.drainMax();
        block(scene, process.sharedLoops());
        long begun = System.nanoTime();
        JsonObject report = process.admin().post("/v1/upgrade").answer();
        if (!report.getBoolean("upgraded", false)) {
            scene.fail("the upgrade failed: " + report.getString("detail", ""));
            return;
        }
        scene.tell(report.getString("detail", "") + ", after "
                + Scene.seconds(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun)));
        if (old.isPresent()) {
            awaitEnd(scene, old.get(), drainMax);
        }
    }

    private static void block(Scene scene, List<Integer> loops) throws AdminException {
        if (loops.size() == 1) {
            scene.tell("no loop was blocked: there is only one");
            return;
        }
        Duration time = scene.wishes().time();
        scene.process().block(loops.get(0), time).within(REFUSED); // says so if it is
        scene.tell("loop " + loops.get(0) + " of " + loops.size() + " blocked for " + Scene.seconds(time.toMillis()));
    }

    private static void awaitEnd(Scene scene, ProcessHandle old, Duration drainMax) {
        if (old.pid() == 1) {
            scene.tell("process 1 stays, as the parent of the one that serves");
            return;
        }
        Long millis = ServedProcess.awaitEnd(old, drainMax);
        if (millis == null) {
            scene.fail("process " + old.pid() + " is still there after " + drainMax.toSeconds() + " s");
        } else {
            scene.tell("process " + old.pid() + " was gone " + Scene.seconds(millis) + " later");
        }
    }
}
