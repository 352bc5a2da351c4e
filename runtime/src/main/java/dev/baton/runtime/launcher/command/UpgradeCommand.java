package dev.baton.runtime.launcher.command;

import dev.baton.runtime.launcher.ExitCode;
import dev.baton.runtime.launcher.admin.AdminClient;
import dev.baton.runtime.launcher.admin.AdminException;
import dev.baton.runtime.launcher.admin.Handover;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
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
            "Replaces a running process by a new one without losing a connection.",
            "",
            "The new process has the version and the configuration that are installed now. It gets the",
            "listening sockets. Once it serves, the old one drains and hands over its idle upstream",
            "connections. The signal HUP does the same.",
            "",
            "If the new process does not come up, the old one continues, and the reason is printed. The exit",
            "code is 78 if the configuration is wrong, 3 if an address cannot be bound, else 1. If the old one",
            "dies during the upgrade, the command waits for the new one, as long as there is one."
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
        return upgrade(admin.client(), timeout, spec.commandLine());
    }

    /**
     * Upgrades a process, and prints how it has ended.
     *
     * @param timeout null for the default
     * @return the exit code
     */
    static int upgrade(AdminClient client, @Nullable Duration timeout, CommandLine line) throws AdminException {
        String query = timeout == null ? "" : "?timeout=" + timeout.toMillis() + "ms";
        Handover handover = new Handover(client);
        JsonObject report;
        try {
            report = client.post("/v1/upgrade" + query).answer();
        } catch (AdminException broken) {
            long next = handover.successor();
            if (next < 0) {
                throw broken;
            }
            line.getOut()
                    .println(line(
                            true,
                            "process " + next + " serves, process " + handover.old() + " died during the upgrade"));
            return ExitCode.FINE;
        }
        boolean upgraded = report.getBoolean("upgraded", false);
        String detail = report.getString("detail", "");
        if (upgraded) {
            line.getOut().println(line(true, detail));
            return ExitCode.FINE;
        }
        line.getErr().println(line(false, detail));
        return ExitCode.ofFailedStart(report.getInteger("exit-code", ExitCode.FAILED));
    }

    /** How it ended, for a person. */
    static String line(boolean upgraded, String detail) {
        return upgraded ? "upgraded: " + detail : "not upgraded, the old process continues: " + detail;
    }
}
