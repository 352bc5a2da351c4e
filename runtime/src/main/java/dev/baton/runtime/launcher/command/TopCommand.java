package dev.baton.runtime.launcher.command;

import dev.baton.runtime.launcher.ExitCode;
import dev.baton.runtime.launcher.admin.AdminClient;
import dev.baton.runtime.launcher.admin.AdminException;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code baton top}: what is slow, drawn again each second on a terminal. */
@Command(
        name = "top",
        mixinStandardHelpOptions = true,
        description = {
            "Shows the slowest routes and servers, and how busy the loops are.",
            "On a terminal it is drawn again each second, with the figures of the last 10 s."
        })
final class TopCommand implements Callable<Integer> {
    private static final String PATH = "/v1/top";
    private static final long LOOKS_MS = 1_000;
    /**
     * Lines that are not rows of a table: the first one, and of each table its heading, a gap and what it leaves out.
     */
    private static final int OTHER_LINES = 10;

    private static final Path STANDARD_OUTPUT = Path.of("/proc/self/fd/1");

    /** To the upper left corner, without clearing what will be drawn again: that would flicker. */
    private static final String HOME = "\u001b[H";

    private static final String CLEAR = "\u001b[2J";
    private static final String CLEAR_TO_END_OF_LINE = "\u001b[K";
    private static final String CLEAR_BELOW = "\u001b[J";

    @Option(names = "--once", description = "Shows the figures of one second, once, as it does without a terminal.")
    private boolean once;

    @Option(names = "--json", description = "Prints the JSON of the admin API, once.")
    private boolean json;

    @Mixin
    private AdminOption admin = new AdminOption();

    @Spec
    @SuppressWarnings("NullAway.Init") // by picocli
    private CommandSpec spec;

    @Override
    public Integer call() throws AdminException, InterruptedException {
        AdminClient client = admin.client();
        PrintWriter out = spec.commandLine().getOut();
        JsonObject top = client.object(PATH);
        if (once || json || !isTerminal()) {
            if (top.getBoolean("since-start", false)) {
                Thread.sleep(LOOKS_MS); // the second look has the first one to be compared with
                top = client.object(PATH);
            }
            out.println(json ? top.encode() : draw(top, TerminalSize.UNLIMITED));
            return ExitCode.FINE;
        }
        out.print(CLEAR);
        while (true) {
            String drawn = draw(top, TerminalSize.of(STANDARD_OUTPUT));
            out.print(HOME
                    + drawn.replace(System.lineSeparator(), CLEAR_TO_END_OF_LINE + System.lineSeparator())
                    + CLEAR_TO_END_OF_LINE
                    + CLEAR_BELOW);
            out.flush();
            Thread.sleep(LOOKS_MS);
            top = client.object(PATH);
        }
    }

    /** Whether standard output is one, as the kernel names it: the JDK's console does not tell on every version. */
    private static boolean isTerminal() {
        try {
            return Files.readSymbolicLink(STANDARD_OUTPUT).toString().matches("/dev/(pts/.*|tty.*|console)");
        } catch (IOException e) {
            return false;
        }
    }

    /**
     * The three tables, the slowest rows of each first, within the terminal: its lines are shared among the tables, and
     * what is too long for one is cut.
     */
    static String draw(JsonObject top, TerminalSize terminal) {
        JsonArray routes = rows(top, "routes");
        JsonArray servers = rows(top, "servers");
        JsonArray loops = rows(top, "loops");
        int left = Math.max(3, terminal.rows() - OTHER_LINES);
        int ofLoops = Math.min(loops.size(), left / 3);
        int ofServers = Math.max(Math.min(servers.size(), (left - ofLoops) / 2), left - ofLoops - routes.size());
        int ofRoutes = left - ofLoops - Math.min(servers.size(), ofServers);

        double seconds = top.getLong("window-ms", 0L) / 1_000.0;
        String line = System.lineSeparator();
        String all = (top.getBoolean("since-start", false) ? "Since the start: " : "The last ")
                + String.format(
                        Locale.ROOT, "%.1f s; times in ms, of the whole response and to its first byte", seconds)
                + line
                + line
                + table(routes, ofRoutes, "no route had requests", TopCommand::route)
                + line
                + line
                + table(servers, ofServers, "no server was asked", TopCommand::server)
                + line
                + line
                + table(loops, ofLoops, "no loops", TopCommand::loop);
        return all.lines()
                .limit(terminal.rows())
                .map(each -> each.length() <= terminal.columns() ? each : each.substring(0, terminal.columns()))
                .collect(Collectors.joining(line));
    }

    private static JsonArray rows(JsonObject top, String table) {
        JsonArray rows = top.getJsonArray(table);
        return rows == null ? new JsonArray() : rows;
    }

    private static String table(JsonArray all, int rowsMax, String nothing, UnaryOperator<JsonObject> columns) {
        JsonArray shown = new JsonArray();
        for (int i = 0; i < all.size() && i < rowsMax; i++) {
            shown.add(columns.apply(all.getJsonObject(i)));
        }
        int more = all.size() - shown.size();
        return Tables.of(shown, nothing) + (more > 0 ? System.lineSeparator() + "and " + more + " more" : "");
    }

    private static JsonObject route(JsonObject row) {
        return new JsonObject()
                .put("service", row.getString("service"))
                .put("route", row.getString("route"))
                .put("req/s", row.getDouble("requests-per-second"))
                .put("5xx %", percent(row, "error-share"))
                .put("p50", row.getDouble("p50-ms"))
                .put("p99", row.getDouble("p99-ms"))
                .put("p99.9", row.getDouble("p999-ms"))
                .put("first p50", row.getDouble("first-byte-p50-ms"))
                .put("first p99", row.getDouble("first-byte-p99-ms"))
                .put("first p99.9", row.getDouble("first-byte-p999-ms"));
    }

    private static JsonObject server(JsonObject row) {
        return new JsonObject()
                .put("service", row.getString("service"))
                .put("server", row.getString("server"))
                .put("in use", row.getValue("in-use"))
                .put("waiting", row.getValue("waiting"))
                .put("req/s", row.getDouble("requests-per-second"))
                .put("p50", row.getDouble("p50-ms"))
                .put("p99", row.getDouble("p99-ms"))
                .put("failures", row.getLong("failures"));
    }

    private static JsonObject loop(JsonObject row) {
        return new JsonObject()
                .put("loop", row.getInteger("id"))
                .put("busy %", percent(row, "utilisation"))
                .put("connections", row.getInteger("connections"))
                .put("tasks", row.getInteger("tasks-queued"))
                .put("state", row.getBoolean("blocked", false) ? "BLOCKED" : "");
    }

    private static double percent(JsonObject row, String key) {
        return Math.round(row.getDouble(key, 0.0) * 1_000) / 10.0;
    }
}
