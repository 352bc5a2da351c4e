package dev.baton.runtime.launcher.rehearsal;

import dev.baton.runtime.launcher.admin.AdminException;
import io.vertx.core.json.JsonObject;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Plugins are loaded anew; what is under way ends with the version with which it began. */
final class Reload implements Rehearsal {

    @Override
    public String name() {
        return "reload";
    }

    @Override
    public String does() {
        return "reloads each plugin that can be replaced, or the one that --plugin names";
    }

    @Override
    public Optional<String> obstacle(ServedProcess process, Wishes wishes) throws AdminException {
        String wished = wishes.plugin();
        return wished == null || plugins(process).contains(wished)
                ? Optional.empty()
                : Optional.of("the process has no plugin \"" + wished + "\" loaded; `baton plugins` lists them");
    }

    @Override
    public void play(Scene scene) throws AdminException {
        String wished = scene.wishes().plugin();
        List<String> reloaded = new ArrayList<>();
        List<String> refused = new ArrayList<>();
        for (String each : wished == null ? plugins(scene.process()) : List.of(wished)) {
            JsonObject report = scene.process()
                    .admin()
                    .post("/v1/plugins/" + URLEncoder.encode(each, StandardCharsets.UTF_8) + "/reload")
                    .answer();
            String detail = report.getString("detail", "");
            if ("reloaded".equals(report.getString("outcome"))) {
                reloaded.add(each);
            } else if (wished != null || "wrong".equals(report.getString("outcome"))) {
                scene.fail(each + " is not reloaded: " + detail);
            } else {
                refused.add(each);
            }
        }
        if (!reloaded.isEmpty()) {
            scene.tell("reloaded: " + String.join(", ", reloaded));
        }
        if (!refused.isEmpty()) {
            scene.tell("cannot be replaced in a running process: " + String.join(", ", refused));
        }
        if (reloaded.isEmpty() && wished == null) {
            scene.fail("no plugin could be replaced");
        }
    }

    private static List<String> plugins(ServedProcess process) throws AdminException {
        return process.rows("/v1/plugins").stream()
                .filter(each -> each.getString("problem") == null)
                .map(each -> each.getString("id"))
                .toList();
    }
}
