package dev.baton.runtime.launcher.rehearsal;

import dev.baton.runtime.launcher.admin.AdminException;
import io.vertx.core.json.JsonObject;
import java.util.Optional;

/** A loop is added and retires again; its connections go on, on others. */
final class LoopsComeAndGo implements Rehearsal {

    @Override
    public String name() {
        return "loops";
    }

    @Override
    public String does() {
        return "adds a loop, and retires it again with the connections that it has by then";
    }

    @Override
    public Optional<String> obstacle(ServedProcess process, Wishes wishes) {
        return Optional.empty();
    }

    @Override
    public void play(Scene scene) throws AdminException {
        JsonObject added = scene.process().admin().post("/v1/loops").answer();
        if (isFailed(added)) {
            scene.fail("no loop could be added: " + added.getString("detail", ""));
            return;
        }
        int loop = added.getInteger("loop", -1);
        Thread interrupted = new Thread(() -> retireQuietly(scene, loop), "rehearsal-undo");
        Runtime.getRuntime().addShutdownHook(interrupted);
        boolean asked = false;
        try {
            scene.sleep(scene.wishes().time());
            int connections = connections(scene.process(), loop);
            asked = true;
            JsonObject retired = retire(scene, loop);
            if (isFailed(retired)) {
                scene.fail("loop " + loop + " did not retire: " + retired.getString("detail", ""));
            } else {
                scene.tell("loop " + loop + " came, and retired "
                        + Scene.seconds(scene.wishes().time().toMillis()) + " later with " + connections
                        + " connections");
            }
        } finally {
            if (!asked) {
                retireQuietly(scene, loop);
            }
            Runtime.getRuntime().removeShutdownHook(interrupted);
        }
    }

    private static JsonObject retire(Scene scene, int loop) throws AdminException {
        return scene.process().admin().post("/v1/loops/" + loop + "/retire").answer();
    }

    /** The command is interrupted: the process is not to keep what it had not before. */
    private static void retireQuietly(Scene scene, int loop) {
        try {
            retire(scene, loop);
        } catch (AdminException gone) {
            // Then it has no loop more.
        }
    }

    private static int connections(ServedProcess process, int loop) throws AdminException {
        return process.rows("/v1/loops").stream()
                .filter(each -> each.getInteger("id") == loop)
                .mapToInt(each -> each.getInteger("connections", 0))
                .sum();
    }

    private static boolean isFailed(JsonObject result) {
        return "failed".equals(result.getString("outcome"));
    }
}
