package dev.baton.runtime.launcher.command;

import dev.baton.runtime.launcher.ExitCode;
import dev.baton.runtime.launcher.admin.AdminException;
import dev.baton.runtime.launcher.reference.ApiReference;
import dev.baton.runtime.launcher.reference.ConfigurationReference;
import dev.baton.runtime.launcher.reference.MetricsReference;
import dev.baton.runtime.server.Foundation;
import dev.baton.runtime.server.Installation;
import dev.baton.runtime.server.StartException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code baton reference configuration|metrics|api}. */
@Command(
        name = "reference",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "(configuration | metrics | api)",
        commandListHeading = "%nCommands:%n",
        subcommands = {
            ReferenceCommand.Configuration.class,
            ReferenceCommand.OfMetrics.class,
            ReferenceCommand.Api.class
        },
        description = "Prints the reference of this installation with its plugins, as Markdown.")
final class ReferenceCommand implements Runnable {
    @Spec
    @SuppressWarnings("NullAway.Init") // by picocli
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(),
                "Missing command: " + String.join(", ", spec.subcommands().keySet()));
    }

    /** What they have in common. */
    @Command(mixinStandardHelpOptions = true)
    abstract static class Page implements Callable<Integer> {
        @Spec
        @SuppressWarnings("NullAway.Init") // by picocli
        private CommandSpec spec;

        /** Prints a page, which ends with a line break. */
        final int print(String page) {
            spec.commandLine().getOut().print(page);
            spec.commandLine().getOut().flush();
            return ExitCode.FINE;
        }

        final void warn(String line) {
            spec.commandLine().getErr().println(line);
        }
    }

    @Command(
            name = "configuration",
            description = {
                "Every key of the configuration: its type, default and range.",
                "",
                "No server is asked. The file says which plugins there are, and is not checked."
            })
    static final class Configuration extends Page {
        @Mixin
        private ConfigOption config = new ConfigOption();

        @Override
        public Integer call() throws StartException {
            Foundation foundation =
                    Foundation.lay(Installation.current(), config.source().reader());
            foundation.plugins().snapshots().stream()
                    .filter(plugin -> plugin.problem() != null)
                    .forEach(plugin -> warn("without the plugin " + plugin.id() + ": " + plugin.problem()));
            return print(ConfigurationReference.of(foundation.plugins()));
        }
    }

    @Command(
            name = "metrics",
            description = {
                "The metrics that a running process has so far: name, kind, labels, help.",
                "",
                "Some begin to exist with the first thing that they count; doc/metrics.md lists them all."
            })
    static final class OfMetrics extends Page {
        @Mixin
        private AdminOption admin = new AdminOption();

        @Override
        public Integer call() throws AdminException {
            return print(MetricsReference.of(admin.client().get("/metrics")));
        }
    }

    @Command(
            name = "api",
            description = "The paths of the admin API of a running process: parameters, bodies, answers.")
    static final class Api extends Page {
        @Mixin
        private AdminOption admin = new AdminOption();

        @Override
        public Integer call() throws AdminException {
            return print(ApiReference.of(admin.client().object("/v1/openapi.json")));
        }
    }
}
