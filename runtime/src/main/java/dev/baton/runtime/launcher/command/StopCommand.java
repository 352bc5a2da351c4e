package dev.baton.runtime.launcher.command;

import dev.baton.runtime.launcher.ExitCode;
import dev.baton.runtime.launcher.admin.AdminClient;
import dev.baton.runtime.launcher.admin.AdminException;
import io.vertx.core.json.JsonObject;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code baton stop}: drains a running process, waits for its end and says how it ended. */
@Command(
        name = "stop",
        mixinStandardHelpOptions = true,
        description = {
            "Stops a running process: unbinds its listeners and lets work finish within the grace time.",
            "",
            "Waits until the process has ended. The exit code is 4 if work was cut."
        })
final class StopCommand implements Callable<Integer> {
    /** How long a process of this machine may take to end after it has said that everything is done. */
    private static final int END_SECONDS_MAX = 30;

    /** One or the other. */
    static final class How {
        @Option(
                names = "--grace",
                paramLabel = "TIME",
                converter = GraceConverter.class,
                description = "How long work may continue, for example 30s. Default: as configured.")
        private @Nullable Duration grace;

        @Option(names = "--now", description = "Cuts all work at once.")
        private boolean now;

        @Nullable
        Duration grace() {
            return now ? Duration.ZERO : grace;
        }
    }

    @ArgGroup
    private @Nullable How how;

    @Mixin
    private AdminOption admin = new AdminOption();

    @Spec
    @SuppressWarnings("NullAway.Init") // by picocli
    private CommandSpec spec;

    @Override
    public Integer call() throws AdminException {
        AdminClient client = admin.client();
        PrintWriter err = spec.commandLine().getErr();
        long pid = client.object("/v1/status").getLong("pid", -1L);
        Duration grace = how == null ? null : how.grace();
        JsonObject report = new Draining(client, grace, name -> true, err).post("/v1/stop");
        awaitEnd(client, pid);
        int cut = report.getInteger("cut", 0);
        spec.commandLine()
                .getOut()
                .println("stopped: " + RunCommand.count(report.getInteger("served", 0), "connection") + " ended, " + cut
                        + " cut");
        return cut == 0 ? ExitCode.FINE : ExitCode.CUT;
    }

    /** The answer comes shortly before the end; a script that continues wants the end. */
    private static void awaitEnd(AdminClient client, long pid) throws AdminException {
        if (!client.isLocal()) {
            return;
        }
        Optional<ProcessHandle> process = ProcessHandle.of(pid);
        try {
            process.ifPresent(handle ->
                    handle.onExit().orTimeout(END_SECONDS_MAX, TimeUnit.SECONDS).join());
        } catch (CompletionException e) {
            throw new AdminException(
                    "process " + pid + " has stopped serving, but has not ended within " + END_SECONDS_MAX + " s", e);
        }
    }
}
