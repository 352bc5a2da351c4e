package dev.baton.runtime.launcher.command;

import dev.baton.runtime.config.ConfigReader;
import dev.baton.runtime.launcher.ExitCode;
import dev.baton.runtime.launcher.scaffold.PluginProject;
import dev.baton.runtime.launcher.scaffold.ProjectKind;
import dev.baton.runtime.plugin.PluginException;
import dev.baton.runtime.plugin.PluginStore;
import dev.baton.runtime.server.Installation;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code baton plugin new ID --KIND}: writes a project. */
@Command(
        name = "new",
        mixinStandardHelpOptions = true,
        description = {
            "Writes a Maven project for a plugin into a new folder, with tests and a README.",
            "",
            "It builds as it is: mvn package."
        })
final class NewPluginCommand implements Callable<Integer> {
    /** One option for each kind. */
    static final class Kinds {
        @Option(names = "--service", description = "Speaks on accepted connections.")
        private boolean service;

        @Option(names = "--filter", description = "Looks at, changes or answers HTTP requests.")
        private boolean filter;

        @Option(names = "--handler", description = "Answers the HTTP requests of a route.")
        private boolean handler;

        @Option(names = "--connection-filter", description = "Lets connections in, or refuses them.")
        private boolean connectionFilter;

        @Option(names = "--component", description = "Starts and stops with the process.")
        private boolean component;

        @Option(names = "--hook", description = "Is told of every fd's life.")
        private boolean hook;

        @Option(names = "--listener", description = "Makes listening sockets for a form of `bind`.")
        private boolean listener;

        @Option(names = "--balancer", description = "Chooses the server of each request.")
        private boolean balancer;

        private ProjectKind chosen() {
            if (service) {
                return ProjectKind.SERVICE;
            } else if (filter) {
                return ProjectKind.FILTER;
            } else if (handler) {
                return ProjectKind.HANDLER;
            } else if (connectionFilter) {
                return ProjectKind.CONNECTION_FILTER;
            } else if (component) {
                return ProjectKind.COMPONENT;
            } else if (hook) {
                return ProjectKind.HOOK;
            } else if (listener) {
                return ProjectKind.LISTENER;
            } else if (balancer) {
                return ProjectKind.BALANCER;
            }
            throw new IllegalStateException("picocli asks for one");
        }
    }

    @Parameters(paramLabel = "ID", description = "The plugin's id, and the name of the new folder.")
    private String id = "";

    @ArgGroup(exclusive = true, multiplicity = "1", heading = "%nWhat it contributes:%n")
    private Kinds kinds = new Kinds();

    @Option(
            names = "--package",
            paramLabel = "NAME",
            description = "The package of its classes. Default: the id without hyphens.")
    private @Nullable String packageName;

    @Spec
    @SuppressWarnings("NullAway.Init") // by picocli
    private CommandSpec spec;

    @Override
    public Integer call() throws PluginException {
        Path sdk = Installation.sdk()
                .orElseThrow(
                        () -> new PluginException("this Baton has no sdk to build plugins with: start bin/baton of a"
                                + " distribution, which has a folder sdk"));
        PluginProject project;
        try {
            project = new PluginProject(
                    kinds.chosen(),
                    id,
                    packageName == null ? PluginProject.defaultPackage(id) : packageName,
                    Installation.current().version(),
                    sdk);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
        }
        checkId();
        Path folder = project.create(Path.of("").toAbsolutePath());
        PrintWriter out = spec.commandLine().getOut();
        out.println("made " + folder);
        out.println("to build it: cd " + id + " && mvn package");
        return ExitCode.FINE;
    }

    /** The plugin could not be loaded beside those of the distribution. */
    private void checkId() throws PluginException {
        String taken = null;
        for (Path plugins : Installation.current().plugins()) {
            if (new PluginStore(plugins, true).hasOwn(id)) {
                taken = "Baton has a plugin '" + id + "' of its own";
            }
        }
        if (kinds.chosen() == ProjectKind.COMPONENT && ConfigReader.ownKeys().contains(id)) {
            taken = "'" + id + "' is a key of Baton's own configuration";
        } else if (kinds.chosen() == ProjectKind.LISTENER && id.equals("fd")) {
            taken = "Baton has listeners of the form fd:NUMBER";
        }
        if (taken != null) {
            throw new ParameterException(spec.commandLine(), taken + "; choose another id");
        }
    }
}
