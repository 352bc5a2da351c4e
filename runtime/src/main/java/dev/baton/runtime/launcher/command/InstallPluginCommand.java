package dev.baton.runtime.launcher.command;

import dev.baton.runtime.launcher.ExitCode;
import dev.baton.runtime.plugin.PluginCandidate;
import dev.baton.runtime.plugin.PluginException;
import dev.baton.runtime.plugin.PluginStore;
import dev.baton.runtime.server.StartException;
import io.vertx.core.json.JsonObject;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code baton plugin install ZIP}: checks a plugin and puts it into a folder of plugins. */
@Command(
        name = "install",
        mixinStandardHelpOptions = true,
        description = {
            "Checks a plugin, as `baton plugin check` does, and puts it into a folder of plugins.",
            "",
            "A version that is there already is kept in the hidden folder .ID.before. A process that runs",
            "continues with the version that it has loaded, until an upgrade."
        })
final class InstallPluginCommand implements Callable<Integer> {
    @Parameters(paramLabel = "ZIP", description = "The plugin, as its project packages it.")
    private Path zip = Path.of("");

    @Mixin
    private PluginPlace place = new PluginPlace();

    @Spec
    @SuppressWarnings("NullAway.Init") // by picocli
    private CommandSpec spec;

    @Override
    public Integer call() throws PluginException, StartException {
        if (Files.isDirectory(zip)) {
            throw new PluginException(zip + " is a folder; expected the zip of a plugin, which `mvn package` leaves in"
                    + " the project's target");
        }
        PrintWriter out = spec.commandLine().getOut();
        PluginStore store = place.store();
        store.prepare();
        try (PluginCandidate candidate = PluginCandidate.open(zip, store.root())) {
            String id = candidate.id();
            PluginTrial trial = PluginTrial.of(candidate, store.has(id) ? store.place(id) : null);
            if (trial.problem() != null) {
                spec.commandLine().getErr().println(zip + " is not installed: " + trial.problem());
                return ExitCode.CONFIG;
            }
            trial.advice().forEach(each -> out.println("warning: " + each));
            boolean replaced = store.install(id, candidate.folder());
            out.println("installed " + id + " " + trial.plugin().version() + " in " + store.place(id)
                    + (replaced ? "; the version before is in " + store.before(id) : ""));
            sayWhoRuns(id, out);
            return ExitCode.FINE;
        }
    }

    private void sayWhoRuns(String id, PrintWriter out) {
        try {
            AdminClient admin = place.admin();
            long pid = admin.object("/v1/status").getLong("pid");
            boolean loaded = admin.table("/v1/plugins").stream()
                    .anyMatch(each -> each instanceof JsonObject plugin && id.equals(plugin.getString("id")));
            out.println(
                    "the process " + pid + " runs " + (loaded ? "with the version that it has loaded" : "without it")
                            + "; to load this one: baton upgrade");
        } catch (AdminException e) {
            // No process runs, or not with this configuration: there is nothing to say of it.
        }
    }
}
