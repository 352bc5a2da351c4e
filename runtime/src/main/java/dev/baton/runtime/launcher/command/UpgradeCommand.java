package dev.baton.runtime.launcher.command;

import dev.baton.runtime.launcher.ExitCode;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code baton upgrade}: has a running process start the next one and hand over to it. */
@Command(
        name = "upgrade",
        mixinStandardHelpOptions = true,
        description = {
            "Replaces a running process by a new one, with what is installed and configured now, without",
            "losing a connection: the new one gets the listening sockets, and once it serves the old one",
            "drains and gives it its idle upstream connections. HUP does the same.",
            "",
            "If the old one dies on the way this waits for the new one, as long as there is one.",
            "If the new one does not come up the old one goes on, and the reason is printed: 78 if the",
            "configuration is wrong, 3 if an address cannot be bound, else 1."
        })
final class UpgradeCommand implements Callable<Integer> {
    @Option(
            names = "--timeout",
            paramLabel = "TIME",
            converter = GraceConverter.class,
            description = "How long the new process may take until it serves, for example 30s. Default: 60s.")
    private @Nullable Duration timeout;

    @Mixin
    private AdminOption admin = new AdminOption();

    @Spec
    @SuppressWarnings("NullAway.Init") // by picocli
    private CommandSpec spec;

    @Override
    public Integer call() throws AdminException {
        String query = timeout == null ? "" : "?timeout=" + timeout.toMillis() + "ms";
        AdminClient client = admin.client();
        Handover handover = new Handover(client);
        JsonObject report;
        try {
            report = client.post("/v1/upgrade" + query).answer();
        } catch (AdminException broken) {
            long next = handover.successor();
            if (next < 0) {
                throw broken;
            }
            spec.commandLine()
                    .getOut()
                    .println(line(
                            true, "process " + next + " serves, process " + handover.old() + " has died on the way"));
            return ExitCode.FINE;
        }
        boolean upgraded = report.getBoolean("upgraded", false);
        String detail = report.getString("detail", "");
        if (upgraded) {
            spec.commandLine().getOut().println(line(true, detail));
            return ExitCode.FINE;
        }
        spec.commandLine().getErr().println(line(false, detail));
        return ExitCode.ofFailedStart(report.getInteger("exit-code", ExitCode.FAILED));
    }

    /** How it ended, for a person. */
    static String line(boolean upgraded, String detail) {
        return upgraded ? "upgraded: " + detail : "not upgraded, the old process goes on: " + detail;
    }
}
