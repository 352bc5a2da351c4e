package dev.baton.runtime.launcher.command;

import dev.baton.runtime.launcher.ExitCode;
import dev.baton.runtime.launcher.admin.AdminException;
import io.vertx.core.json.JsonObject;
import java.io.PrintWriter;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code baton listener add|remove|suspend|resume|unbind NAME}. */
@Command(
        name = "listener",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "(add | remove | suspend | resume | unbind)",
        commandListHeading = "%nCommands:%n",
        subcommands = AddListenerCommand.class,
        description =
                "Adds, removes, suspends, resumes or unbinds a listener of a running process, and prints the result.")
final class ListenerCommand implements Runnable {
    private static final String STRATEGY =
            "drain, drain-backlog (accepts those in the backlog first) or at-once. Default: as configured.";

    @Spec
    @SuppressWarnings("NullAway.Init") // by picocli
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "Missing command: add, remove, suspend, resume or unbind");
    }

    @Command(
            name = "suspend",
            mixinStandardHelpOptions = true,
            description = "Stops accepting; the address stays bound, and the kernel queues new connections.")
    int suspend(
            @Parameters(paramLabel = "NAME", description = "The listener's name.") String name,
            @Mixin AdminOption admin)
            throws AdminException {
        return report(admin.client().post(path(name, "suspend")).answer());
    }

    @Command(name = "resume", mixinStandardHelpOptions = true, description = "Accepts again after a suspend.")
    int resume(
            @Parameters(paramLabel = "NAME", description = "The listener's name.") String name,
            @Mixin AdminOption admin)
            throws AdminException {
        return report(admin.client().post(path(name, "resume")).answer());
    }

    @Command(
            name = "unbind",
            mixinStandardHelpOptions = true,
            description = "Unbinds for good, by the listener's strategy. Ends when the port can be bound again.")
    int unbind(
            @Parameters(paramLabel = "NAME", description = "The listener's name.") String name,
            @Option(
                            names = "--grace",
                            paramLabel = "TIME",
                            converter = GraceConverter.class,
                            description =
                                    "How long its connections may continue, for example 30s. Default: as configured.")
                    @Nullable
                    Duration grace,
            @Option(names = "--strategy", paramLabel = "WORD", description = STRATEGY) @Nullable String strategy,
            @Mixin AdminOption admin)
            throws AdminException {
        PrintWriter err = spec.commandLine().getErr();
        return report(
                new Draining(admin.client(), grace, name::equals, err).post(path(name, "unbind") + query(strategy)));
    }

    @Command(
            name = "remove",
            mixinStandardHelpOptions = true,
            description = "Unbinds for good and forgets the listener, so that its name can be used again.")
    int remove(
            @Parameters(paramLabel = "NAME", description = "The listener's name.") String name,
            @Option(
                            names = "--grace",
                            paramLabel = "TIME",
                            converter = GraceConverter.class,
                            description =
                                    "How long its connections may continue, for example 30s. Default: as configured.")
                    @Nullable
                    Duration grace,
            @Option(names = "--strategy", paramLabel = "WORD", description = STRATEGY) @Nullable String strategy,
            @Mixin AdminOption admin)
            throws AdminException {
        PrintWriter err = spec.commandLine().getErr();
        return report(new Draining(admin.client(), grace, name::equals, err)
                .delete("/v1/listeners/" + encoded(name) + query(strategy)));
    }

    private static String path(String name, String action) {
        return "/v1/listeners/" + encoded(name) + "/" + action;
    }

    private static String query(@Nullable String strategy) {
        return strategy == null ? "" : "?strategy=" + encoded(strategy);
    }

    /** A name of the configuration needs no escapes; what else somebody types must not become another path. */
    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }

    private int report(JsonObject result) {
        return report(result, spec);
    }

    /** Prints a result, and says how the command ended. */
    static int report(JsonObject result, CommandSpec spec) {
        boolean failed = "failed".equals(result.getString("outcome"));
        String line =
                result.getString("listener") + " " + result.getString("outcome") + ": " + result.getString("detail");
        if (failed) {
            spec.commandLine().getErr().println(line);
            return ExitCode.FAILED;
        }
        spec.commandLine().getOut().println(line);
        return ExitCode.FINE;
    }
}
