package dev.baton.runtime.launcher.command;

import dev.baton.runtime.launcher.ExitCode;
import dev.baton.runtime.plugin.PluginException;
import dev.baton.runtime.plugin.PluginStore;
import dev.baton.runtime.server.StartException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code baton plugin remove ID}: takes a plugin out of its folder of plugins. */
@Command(
        name = "remove",
        mixinStandardHelpOptions = true,
        description = {
            "Takes a plugin out of a folder of plugins, and keeps it in the hidden folder .ID.before.",
            "",
            "A process that runs continues with what it has loaded, until an upgrade."
        })
final class RemovePluginCommand implements Callable<Integer> {
    @Parameters(paramLabel = "ID", description = "The plugin's id.")
    private String id = "";

    @Mixin
    private PluginPlace place = new PluginPlace();

    @Spec
    @SuppressWarnings("NullAway.Init") // by picocli
    private CommandSpec spec;

    @Override
    public Integer call() throws PluginException, StartException {
        if (!id.matches("[a-z][a-z0-9-]*")) {
            throw new ParameterException(
                    spec.commandLine(), "'" + id + "' is no id of a plugin; `baton plugins` lists them");
        }
        List<PluginStore> stores = place.stores();
        for (PluginStore store : stores) {
            if (store.findOurs(id).isPresent()) {
                Path removed = store.remove(id);
                spec.commandLine()
                        .getOut()
                        .println("removed " + removed + "; it is kept in " + store.before(id)
                                + "; a process that runs continues with it until an upgrade");
                return ExitCode.FINE;
            }
        }
        boolean distributed = false;
        for (PluginStore store : stores) {
            distributed |= store.find(id).isPresent();
        }
        throw new PluginException("the plugin '" + id + "' cannot be removed: "
                + (distributed
                        ? "it is one of the distribution's"
                        : "there is none in "
                                + stores.stream()
                                        .map(store -> store.root().toString())
                                        .collect(Collectors.joining(", "))));
    }
}
