package dev.baton.runtime.launcher.command;

import dev.baton.runtime.launcher.ExitCode;
import dev.baton.runtime.launcher.admin.AdminClient;
import dev.baton.runtime.launcher.admin.AdminException;
import dev.baton.runtime.plugin.BadPluginException;
import dev.baton.runtime.plugin.PluginCandidate;
import dev.baton.runtime.plugin.PluginException;
import dev.baton.runtime.plugin.PluginStore;
import dev.baton.runtime.server.StartException;
import io.vertx.core.json.JsonObject;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
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

    @Option(
            names = "--admin",
            paramLabel = "ADDRESS",
            converter = AdminOption.Address.class,
            description =
                    "The admin address of the process that the plugin may be for. Default: as for `baton status`.")
    private @Nullable String address;

    @Mixin
    private PluginPlace place = new PluginPlace();

    @Spec
    @SuppressWarnings("NullAway.Init") // by picocli
    private CommandSpec spec;

    @Override
    public Integer call() throws PluginException, StartException {
        if (Files.isDirectory(zip)) {
            throw new ParameterException(
                    spec.commandLine(),
                    zip + " is a folder; expected the zip of a plugin, which `mvn package` leaves in the project's"
                            + " target");
        }
        PrintWriter out = spec.commandLine().getOut();
        PluginStore store = place.store();
        store.prepare();
        try (PluginCandidate candidate = PluginCandidate.open(zip, store.root())) {
            String id = candidate.id();
            PluginTrial trial = PluginTrial.of(candidate, store.findOurs(id).orElse(null));
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
        } catch (BadPluginException e) {
            spec.commandLine().getErr().println(zip + " is not installed: " + e.getMessage());
            return ExitCode.CONFIG;
        }
    }

    private void sayWhoRuns(String id, PrintWriter out) {
        try {
            AdminClient admin = place.admin(address);
            if (!(admin.object("/v1/status").getValue("pid") instanceof Number pid)) {
                return; // not Baton
            }
            boolean loaded = admin.table("/v1/plugins").stream()
                    .anyMatch(each -> each instanceof JsonObject plugin && id.equals(plugin.getValue("id")));
            out.println(
                    "the process " + pid + " runs " + (loaded ? "with the version that it has loaded" : "without it")
                            + "; to load this one: baton upgrade");
        } catch (AdminException e) {
            // No process runs, or not with this configuration: there is nothing to say of it.
        }
    }
}
