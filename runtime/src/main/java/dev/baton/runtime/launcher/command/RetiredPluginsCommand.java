package dev.baton.runtime.launcher.command;

import dev.baton.runtime.launcher.ExitCode;
import dev.baton.runtime.launcher.admin.AdminException;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code baton plugin retired}: what is left of the versions of plugins that were replaced. */
@Command(
        name = "retired",
        mixinStandardHelpOptions = true,
        description = {
            "Shows the versions of plugins that were replaced and are not gone, and what still uses each.",
            "",
            "With --collect the process collects garbage first, and looks in a dump of its heap for what holds",
            "the classes of those that nothing uses: a static field, a thread, a thread-local value. The process",
            "stands still for that, for about a second for each gigabyte of its heap. The dump is removed."
        })
final class RetiredPluginsCommand implements Callable<Integer> {
    @Option(names = "--collect", description = "Looks for what holds those that nothing uses.")
    private boolean collect;

    @Option(names = "--json", description = "Prints the JSON of the admin API.")
    private boolean json;

    @Mixin
    private AdminOption admin = new AdminOption();

    @Spec
    @SuppressWarnings("NullAway.Init") // by picocli
    private CommandSpec spec;

    @Override
    public Integer call() throws AdminException {
        JsonObject answer =
                admin.client().post("/v1/retired-plugins?collect=" + collect).answer();
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(answer.encode());
            return ExitCode.FINE;
        }
        JsonArray all = answer.getJsonArray("retired", new JsonArray());
        if (all.isEmpty()) {
            out.println("nothing is left of versions that were replaced");
        }
        for (int i = 0; i < all.size(); i++) {
            JsonObject each = all.getJsonObject(i);
            out.println("plugin " + each.getString("id") + ", version " + each.getString("version")
                    + ", loaded as number " + each.getInteger("generation"));
            each.getJsonArray("users", new JsonArray()).forEach(user -> out.println("  serves " + user));
            each.getJsonArray("holders", new JsonArray()).forEach(holder -> out.println("  is held by " + holder));
        }
        return ExitCode.FINE;
    }
}
