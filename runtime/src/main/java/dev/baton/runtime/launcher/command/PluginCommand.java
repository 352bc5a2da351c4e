package dev.baton.runtime.launcher.command;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code baton plugin new|check|install|remove|reload|retired}. */
@Command(
        name = "plugin",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "(new | check | install | remove | reload | retired)",
        commandListHeading = "%nCommands:%n",
        subcommands = {
            NewPluginCommand.class,
            CheckPluginCommand.class,
            InstallPluginCommand.class,
            RemovePluginCommand.class,
            ReloadPluginCommand.class,
            RetiredPluginsCommand.class
        },
        description = "Begins the project of a plugin; checks, installs, removes or reloads a plugin; shows what is"
                + " left of versions that were replaced.")
final class PluginCommand implements Runnable {
    @Spec
    @SuppressWarnings("NullAway.Init") // by picocli
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(),
                "Missing command: " + String.join(", ", spec.subcommands().keySet()));
    }
}
