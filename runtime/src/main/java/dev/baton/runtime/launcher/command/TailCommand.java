package dev.baton.runtime.launcher.command;

import dev.baton.runtime.launcher.ExitCode;
import dev.baton.runtime.launcher.admin.AdminException;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonObject;
import java.io.PrintWriter;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code baton tail}: exchanges as they end. */
@Command(
        name = "tail",
        mixinStandardHelpOptions = true,
        description = "Shows requests as they end, until it is interrupted or the process ends.")
final class TailCommand implements Callable<Integer> {
    private static final Pattern STATUS = Pattern.compile("[1-5](?:xx|[0-9][0-9])");
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("HH:mm:ss.SSS");

    @Option(names = "--route", paramLabel = "ROUTE", description = "Only those of this route.")
    private @Nullable String route;

    @Option(
            names = "--slower",
            paramLabel = "TIME",
            converter = GraceConverter.class,
            description = "Only those that took this long or longer, for example 200ms.")
    private @Nullable Duration slower;

    @Option(names = "--status", paramLabel = "STATUS", description = "Only those with this status: 404, or 5xx.")
    private @Nullable String status;

    @Option(names = "--json", description = "Prints the JSON of the admin API, one object per line.")
    private boolean json;

    @Mixin
    private AdminOption admin = new AdminOption();

    @Spec
    @SuppressWarnings("NullAway.Init") // by picocli
    private CommandSpec spec;

    /** Nothing reads what is printed: standard output is a pipe whose other end is closed, as that of {@code head}. */
    private static final class NoReaderException extends RuntimeException {
        NoReaderException() {
            super("nothing reads the output", null, false, false);
        }
    }

    @Override
    public Integer call() throws AdminException {
        PrintWriter out = spec.commandLine().getOut();
        try {
            admin.client().lines("/v1/tail" + query(), line -> {
                if (!line.isEmpty()) {
                    out.println(json ? line : readable(line));
                }
                if (out.checkError()) {
                    throw new NoReaderException();
                }
            });
        } catch (NoReaderException e) {
            return ExitCode.FINE;
        }
        throw new AdminException("the process shows no more: it stops, has ended, or has this token no longer");
    }

    private String query() {
        List<String> pairs = new ArrayList<>();
        if (route != null) {
            pairs.add("route=" + URLEncoder.encode(route, StandardCharsets.UTF_8));
        }
        if (slower != null) {
            pairs.add("slower=" + slower.toMillis() + "ms");
        }
        if (status != null) {
            if (!STATUS.matcher(status).matches()) {
                throw new ParameterException(
                        spec.commandLine(), "'" + status + "' is no status: write 404, or 5xx for 500 to 599");
            }
            pairs.add("status=" + status);
        }
        return pairs.isEmpty() ? "" : "?" + String.join("&", pairs);
    }

    /** A line for a person: what the clients of the server have written cannot steer the terminal. */
    static String readable(String line) {
        JsonObject exchange;
        try {
            exchange = new JsonObject(line);
        } catch (DecodeException e) {
            return harmless(line);
        }
        Long dropped = exchange.getLong("dropped");
        if (dropped != null) {
            return "... " + dropped + " more ended than could be shown";
        }
        int code = exchange.getInteger("status", 0);
        Double firstByte = exchange.getDouble("first-byte-ms");
        String outcome = exchange.getString("outcome", "");
        return harmless(time(exchange.getString("at", ""))
                + "  " + (code == 0 ? "---" : code)
                + "  " + exchange.getString("method")
                + " " + exchange.getString("path")
                + "  " + exchange.getDouble("total-ms", 0.0) + " ms"
                + (firstByte == null ? "" : " (first byte " + firstByte + " ms)")
                + "  " + exchange.getLong("response-bytes", 0L) + " B"
                + "  " + exchange.getString("service") + " " + exchange.getString("route")
                + "  " + orDash(exchange.getString("server"))
                + "  from " + orDash(exchange.getString("client"))
                + (outcome.equals("complete") ? "" : "  " + outcome));
    }

    private static String orDash(@Nullable String text) {
        return text == null ? "-" : text;
    }

    /** In the reader's own time zone. */
    private static String time(String at) {
        try {
            return TIME.format(LocalTime.ofInstant(Instant.parse(at), ZoneId.systemDefault()));
        } catch (DateTimeParseException e) {
            return at;
        }
    }

    private static String harmless(String text) {
        StringBuilder out = new StringBuilder(text.length());
        text.codePoints().forEach(c -> out.appendCodePoint(isShown(c) ? c : '?'));
        return out.toString();
    }

    /** Neither a control character, nor one that turns the direction of writing or is half of one. */
    private static boolean isShown(int c) {
        return switch (Character.getType(c)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR,
                    Character.UNASSIGNED -> false;
            default -> true;
        };
    }
}
