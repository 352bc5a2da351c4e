package dev.baton.runtime.launcher.command;

import dev.baton.runtime.launcher.ExitCode;
import dev.baton.runtime.plugin.BadPluginException;
import dev.baton.runtime.plugin.PluginCandidate;
import dev.baton.runtime.plugin.PluginException;
import dev.baton.runtime.server.StartException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code baton plugin check ZIP|FOLDER}: loads a plugin, and starts nothing. */
@Command(
        name = "check",
        mixinStandardHelpOptions = true,
        description = {
            "Says whether a plugin can be loaded, and what may do harm later.",
            "",
            "Loads it together with the plugins of the distribution. Exit code 78 if it cannot be loaded."
        })
final class CheckPluginCommand implements Callable<Integer> {
    @Parameters(paramLabel = "ZIP|FOLDER", description = "The plugin.")
    private Path plugin = Path.of("");

    @Spec
    @SuppressWarnings("NullAway.Init") // by picocli
    private CommandSpec spec;

    @Override
    public Integer call() throws PluginException, StartException {
        PrintWriter out = spec.commandLine().getOut();
        try (PluginCandidate candidate = PluginCandidate.open(plugin, Path.of(System.getProperty("java.io.tmpdir")))) {
            // If it is one of the distribution's, it is loaded once.
            PluginTrial trial =
                    PluginTrial.of(candidate, plugin.toAbsolutePath().normalize());
            if (trial.problem() != null) {
                spec.commandLine().getErr().println(plugin + " cannot be loaded: " + trial.problem());
                return ExitCode.CONFIG;
            }
            trial.advice().forEach(each -> out.println("warning: " + each));
            out.println(plugin + " is fine: " + trial.plugin().id() + " "
                    + trial.plugin().version() + ", SPI " + trial.plugin().spi() + ", "
                    + String.join(", ", trial.plugin().contributes()));
            return ExitCode.FINE;
        } catch (BadPluginException e) {
            spec.commandLine().getErr().println(plugin + " cannot be loaded: " + e.getMessage());
            return ExitCode.CONFIG;
        }
    }
}
