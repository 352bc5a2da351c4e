package dev.baton.runtime.launcher.command;

import dev.baton.runtime.config.Words;
import dev.baton.runtime.launcher.ExitCode;
import dev.baton.runtime.launcher.admin.AdminClient;
import dev.baton.runtime.launcher.admin.AdminException;
import dev.baton.runtime.launcher.rehearsal.Manners;
import dev.baton.runtime.launcher.rehearsal.Rehearsals;
import dev.baton.runtime.launcher.rehearsal.Report;
import dev.baton.runtime.launcher.rehearsal.Wishes;
import io.vertx.core.json.JsonArray;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code baton rehearse [NAME]}: a fault in a running process, and what its clients see of it. */
@Command(
        name = "rehearse",
        mixinStandardHelpOptions = true,
        description = {
            "Brings a fault or a change about in a running process, and says what its clients noticed.",
            "",
            "Clients of this command connect to the process' listeners and send GET requests to those that",
            "speak HTTP/1.1; of others they keep connections open for some seconds each. The process must",
            "have the plugin chaos enabled.",
            "",
            "Without a name, lists what can be rehearsed; `all` rehearses all of it, one after the other.",
            "",
            "The exit code is 0 if the rehearsal has passed: no request failed, no connection was closed, and",
            "no client waited longer than --max-wait. It is 1 if not."
        })
final class RehearseCommand implements Callable<Integer> {
    private static final String ALL = "all";
    private static final int CLIENTS_MAX = 10_000;
    /** Often enough to see a short gap, and no load worth speaking of. */
    private static final Duration PAUSE = Duration.ofMillis(50);

    private static final Duration PATIENCE = Duration.ofSeconds(10);

    @Parameters(index = "0", paramLabel = "NAME", arity = "0..1", description = "What is rehearsed, or all.")
    private @Nullable String name;

    @Option(
            names = "--time",
            paramLabel = "TIME",
            converter = GraceConverter.class,
            description = "How long the fault lasts, where that can be chosen. Default: 5s.")
    private Duration time = Duration.ofSeconds(5);

    @Option(
            names = "--around",
            paramLabel = "TIME",
            converter = GraceConverter.class,
            description = "How long clients are watched before it, and after it. Default: 3s.")
    private Duration around = Duration.ofSeconds(3);

    @Option(
            names = "--max-wait",
            paramLabel = "TIME",
            converter = GraceConverter.class,
            description = "How long a client may wait for its answer. Default: 500ms; 10s for crash.")
    private @Nullable Duration maxWait;

    @Option(
            names = "--clients",
            paramLabel = "N",
            description = "How many clients keep a connection to each listener. Default: ${DEFAULT-VALUE}.")
    private int clients = 20;

    @Option(
            names = "--listener",
            paramLabel = "NAME",
            description = "A listener that clients connect to; can be repeated. Default: all.")
    private List<String> listeners = new ArrayList<>();

    @Option(names = "--path", paramLabel = "PATH", description = "What they ask for. Default: ${DEFAULT-VALUE}.")
    private String path = "/";

    @Option(names = "--host", paramLabel = "HOST", description = "The host that they name. Default: the address.")
    private @Nullable String host;

    @Option(
            names = "--plugin",
            paramLabel = "ID",
            description = "What reload loads anew. Default: every plugin that can be replaced.")
    private @Nullable String plugin;

    @Option(names = "--json", description = "Prints the report as JSON.")
    private boolean json;

    @Mixin
    private AdminOption admin = new AdminOption();

    @Spec
    @SuppressWarnings("NullAway.Init") // by picocli
    private CommandSpec spec;

    @Override
    public Integer call() throws AdminException {
        String wished = name;
        Wishes wishes = wishes();
        if (wished != null && !wished.equals(ALL) && !Rehearsals.names().contains(wished)) {
            throw wrong("there is no rehearsal '" + wished + "'" + Words.suggestion(wished, Rehearsals.names(), ""));
        }
        AdminClient client = admin.client();
        Rehearsals rehearsals = new Rehearsals(client);
        PrintWriter out = spec.commandLine().getOut();
        if (wished == null) {
            JsonArray list = rehearsals.list(wishes);
            out.println(json ? list.encode() : Tables.of(list, "nothing can be rehearsed"));
            return ExitCode.FINE;
        }
        if (!wished.equals(ALL)) {
            return rehearse(rehearsals, wished, wishes, out);
        }
        return rehearseAll(rehearsals, wishes, out);
    }

    private int rehearseAll(Rehearsals rehearsals, Wishes wishes, PrintWriter out) throws AdminException {
        List<String> names = rehearsals.possible(wishes);
        if (names.isEmpty()) {
            throw new AdminException("nothing can be rehearsed with this process; `baton rehearse` says why");
        }
        int worst = ExitCode.FINE;
        for (String each : names) {
            worst = Math.max(worst, rehearse(rehearsals, each, wishes, out));
        }
        return worst;
    }

    private int rehearse(Rehearsals rehearsals, String each, Wishes wishes, PrintWriter out) throws AdminException {
        if (!json) {
            out.println("rehearsing " + each);
        }
        Report report = rehearsals.run(each, wishes);
        out.println(json ? report.toJson().encode() : text(report));
        return report.passed() ? ExitCode.FINE : ExitCode.FAILED;
    }

    private static String text(Report report) {
        List<String> lines = new ArrayList<>();
        lines.add("  " + report.clients() + " clients of " + String.join(", ", report.endpoints()));
        report.leftOut().forEach(each -> lines.add("  left out: " + each));
        lines.add("");
        Tables.of(report.phases(), "").lines().forEach(each -> lines.add("  " + each));
        lines.add("");
        report.events().forEach(each -> lines.add("  " + each));
        List<String> did = report.figures(false);
        if (!did.isEmpty()) {
            lines.add("  the process: " + String.join(", ", did));
        }
        lines.add("  all its clients: " + String.join(", ", report.figures(true)));
        lines.add((report.passed() ? "passed: " : "FAILED: ") + report.sentence());
        return String.join(System.lineSeparator(), lines);
    }

    private Wishes wishes() {
        if (clients < 1 || clients > CLIENTS_MAX) {
            throw wrong("--clients " + clients + ": expected 1 to " + CLIENTS_MAX);
        } else if (!path.startsWith("/")) {
            throw wrong("--path " + path + ": expected a path that begins with /");
        } else if (path.chars().anyMatch(each -> each <= ' ' || each > '~')) {
            throw wrong("--path: expected visible ASCII; write everything else as %XX");
        }
        return new Wishes(time, around, maxWait, clients, listeners, plugin, new Manners(path, host, PAUSE, PATIENCE));
    }

    private ParameterException wrong(String message) {
        return new ParameterException(spec.commandLine(), message);
    }
}
