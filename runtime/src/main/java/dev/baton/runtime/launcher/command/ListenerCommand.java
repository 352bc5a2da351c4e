package dev.baton.runtime.launcher.command;

import dev.baton.runtime.launcher.ExitCode;
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

/** {@code baton listener suspend|resume|unbind NAME}. */
@Command(
        name = "listener",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "(suspend | resume | unbind)",
        commandListHeading = "%nCommands:%n",
        description = "Suspends, resumes or unbinds a listener of a running process, and prints what really happened.")
final class ListenerCommand implements Runnable {
    @Spec
    @SuppressWarnings("NullAway.Init") // by picocli
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "Missing command: suspend, resume or unbind");
    }

    @Command(
            name = "suspend",
            mixinStandardHelpOptions = true,
            description = "Stops accepting; the address stays bound and the kernel goes on queueing.")
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
            description = "Unbinds for good, by the listener's strategy; done when the port can be bound again.")
    int unbind(
            @Parameters(paramLabel = "NAME", description = "The listener's name.") String name,
            @Option(
                            names = "--grace",
                            paramLabel = "TIME",
                            converter = GraceConverter.class,
                            description =
                                    "How long its connections may go on, for example 30s. Default: as configured.")
                    @Nullable
                    Duration grace,
            @Mixin AdminOption admin)
            throws AdminException {
        PrintWriter err = spec.commandLine().getErr();
        return report(new Draining(admin.client(), grace, name::equals, err).post(path(name, "unbind")));
    }

    private static String path(String name, String action) {
        // A name of the configuration needs no escapes; what else somebody types must not become another path.
        return "/v1/listeners/"
                + URLEncoder.encode(name, StandardCharsets.UTF_8).replace("+", "%20") + "/" + action;
    }

    private int report(JsonObject result) {
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
