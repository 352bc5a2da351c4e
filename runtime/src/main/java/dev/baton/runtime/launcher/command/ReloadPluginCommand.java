package dev.baton.runtime.launcher.command;

import dev.baton.runtime.config.Words;
import dev.baton.runtime.launcher.ExitCode;
import dev.baton.runtime.plugin.BadPluginException;
import dev.baton.runtime.plugin.PluginCandidate;
import dev.baton.runtime.plugin.PluginException;
import dev.baton.runtime.server.StartException;
import io.vertx.core.json.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code baton plugin reload ID}: has a running process load a plugin anew. */
@Command(
        name = "reload",
        mixinStandardHelpOptions = true,
        description = {
            "Checks a plugin that a running process has loaded, as `baton plugin check` does, and has the",
            "process load it anew.",
            "",
            "This is an upgrade: the configuration and all other plugins are read anew, too. If the plugin",
            "cannot be loaded, the process continues with what it has, and the exit code is 78."
        })
final class ReloadPluginCommand implements Callable<Integer> {
    @Parameters(paramLabel = "ID", description = "The plugin's id.")
    private String id = "";

    @Mixin
    private AdminOption admin = new AdminOption();

    @Spec
    @SuppressWarnings("NullAway.Init") // by picocli
    private CommandSpec spec;

    @Override
    public Integer call() throws PluginException, StartException, AdminException {
        AdminClient client = admin.client();
        JsonObject loaded = loaded(client);
        Path folder = folder(loaded.getString("from", ""));
        PluginTrial trial;
        try (PluginCandidate candidate = PluginCandidate.open(folder, Path.of(System.getProperty("java.io.tmpdir")))) {
            trial = PluginTrial.of(candidate, folder);
        } catch (BadPluginException e) {
            return refuse(String.valueOf(e.getMessage()));
        }
        String problem = trial.problem();
        if (problem != null) {
            return refuse(problem);
        }
        trial.advice().forEach(each -> spec.commandLine().getOut().println("warning: " + each));
        int code = UpgradeCommand.upgrade(client, null, spec.commandLine());
        if (code == ExitCode.FINE) {
            spec.commandLine()
                    .getOut()
                    .println("reloaded " + id + ": version " + trial.plugin().version() + ", before it "
                            + loaded.getString("version"));
        }
        return code;
    }

    private int refuse(String problem) {
        spec.commandLine()
                .getErr()
                .println(id + " is not reloaded, the process continues with what it has: " + problem);
        return ExitCode.CONFIG;
    }

    private JsonObject loaded(AdminClient client) throws AdminException, PluginException {
        List<JsonObject> all = client.table("/v1/plugins").stream()
                .filter(JsonObject.class::isInstance)
                .map(JsonObject.class::cast)
                .toList();
        return all.stream()
                .filter(each -> id.equals(each.getString("id")))
                .findFirst()
                .orElseThrow(() -> new PluginException("the process has no plugin '" + id + "'"
                        + Words.suggestion(
                                id,
                                all.stream().map(each -> each.getString("id")).toList(),
                                "there is none at all")
                        + "; one that was installed since is loaded by baton upgrade"));
    }

    /** Where the process has found it. */
    private Path folder(String jar) throws PluginException {
        Path folder = Path.of(jar).getParent();
        if (folder == null || !Files.isDirectory(folder)) {
            throw new PluginException("the plugin '" + id + "' cannot be checked: it was loaded from " + jar
                    + ", which is not here any more; to load what is installed: baton upgrade");
        }
        return folder;
    }
}
