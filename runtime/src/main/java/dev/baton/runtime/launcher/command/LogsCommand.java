package dev.baton.runtime.launcher.command;

import dev.baton.runtime.launcher.ExitCode;
import dev.baton.runtime.launcher.admin.AdminException;
import io.vertx.core.json.JsonObject;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code baton logs reopen}. */
@Command(
        name = "logs",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "reopen",
        commandListHeading = "%nCommands:%n",
        description = "Opens the access logs of a running process again.")
final class LogsCommand implements Runnable {
    @Spec
    @SuppressWarnings("NullAway.Init") // by picocli
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "Missing command: reopen");
    }

    @Command(
            name = "reopen",
            mixinStandardHelpOptions = true,
            description = "Opens every access log again by its path, for example after a rotation has renamed it.")
    int reopen(@Mixin AdminOption admin) throws AdminException {
        JsonObject answer = admin.client().post("/v1/logs/reopen").answer();
        spec.commandLine().getOut().println(Tables.of(answer));
        return answer.getInteger("failed", 0) == 0 ? ExitCode.FINE : ExitCode.FAILED;
    }
}
