package dev.baton.runtime.launcher.command;

import dev.baton.runtime.config.RootConfig;
import dev.baton.runtime.launcher.ExitCode;
import dev.baton.runtime.server.ConfigSource;
import dev.baton.runtime.server.Foundation;
import dev.baton.runtime.server.Installation;
import dev.baton.runtime.server.Server;
import dev.baton.runtime.server.StartException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code baton check}: everything that {@code run} does before it binds. */
@Command(
        name = "check",
        mixinStandardHelpOptions = true,
        description = {
            "Checks a configuration: loads the plugins and makes everything, but binds no address.",
            "",
            "Prints all errors of the file at once, each as FILE:LINE:COL: message."
        })
final class CheckCommand implements Callable<Integer> {
    @Mixin
    private ConfigOption config = new ConfigOption();

    @Spec
    @SuppressWarnings("NullAway.Init") // by picocli
    private CommandSpec spec;

    @Override
    public Integer call() throws StartException {
        ConfigSource source = config.source();
        Foundation foundation = Foundation.lay(Installation.current(), source.reader(), true);
        RootConfig read = foundation.read(source);
        Server.assemble(foundation, read).end();
        spec.commandLine()
                .getOut()
                .println(source.file() + " is fine: "
                        + RunCommand.count(read.listeners().size(), "listener") + ", "
                        + RunCommand.count(read.services().size(), "service") + ", "
                        + RunCommand.count(read.upstreams().size(), "upstream"));
        return ExitCode.FINE;
    }
}
