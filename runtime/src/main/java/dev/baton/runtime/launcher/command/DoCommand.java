package dev.baton.runtime.launcher.command;

import dev.baton.runtime.launcher.ExitCode;
import dev.baton.runtime.launcher.admin.AdminClient;
import dev.baton.runtime.launcher.admin.AdminException;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.PrintWriter;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code baton do [ACTION [KEY=VALUE]...]}: something that a plugin can be asked for. */
@Command(
        name = "do",
        mixinStandardHelpOptions = true,
        description = "Asks a plugin for an action. Without a name, lists the actions.")
final class DoCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "ACTION", arity = "0..1", description = "The action.")
    private @Nullable String action;

    @Parameters(index = "1..*", paramLabel = "KEY=VALUE", arity = "0..*", description = "Its parameters.")
    private List<String> parameters = new ArrayList<>();

    @Option(names = "--json", description = "Prints the JSON of the admin API.")
    private boolean json;

    @Mixin
    private AdminOption admin = new AdminOption();

    @Spec
    @SuppressWarnings("NullAway.Init") // by picocli
    private CommandSpec spec;

    @Override
    public Integer call() throws AdminException {
        AdminClient client = admin.client();
        PrintWriter out = spec.commandLine().getOut();
        String asked = action;
        String query = query();
        JsonArray actions = client.table("/v1/actions");
        if (asked == null) {
            out.println(json ? actions.encode() : Tables.of(readable(actions), "no plugin has actions"));
            return ExitCode.FINE;
        }
        List<String> names = actions.stream()
                .map(each -> ((JsonObject) each).getString("name"))
                .toList();
        PluginPaths.check("action", asked, names);
        JsonObject answer = client.post("/v1/" + asked + query).answer();
        out.println(json ? answer.encode() : Tables.of(answer));
        return ExitCode.FINE;
    }

    private String query() {
        List<String> pairs = new ArrayList<>();
        for (String each : parameters) {
            int equals = each.indexOf('=');
            if (equals < 1) {
                throw new ParameterException(spec.commandLine(), "'" + each + "' is no parameter: expected KEY=VALUE");
            }
            pairs.add(encoded(each.substring(0, equals)) + "=" + encoded(each.substring(equals + 1)));
        }
        return pairs.isEmpty() ? "" : "?" + String.join("&", pairs);
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    /** Parameters as they are written: {@code loop=NUMBER [every=NUMBER]}. */
    private static JsonArray readable(JsonArray actions) {
        JsonArray rows = new JsonArray();
        for (Object each : actions) {
            JsonObject row = (JsonObject) each;
            String written = row.getJsonArray("parameters").stream()
                    .map(JsonObject.class::cast)
                    .map(parameter -> {
                        String pair = parameter.getString("name") + "=" + parameter.getString("type");
                        return parameter.getBoolean("required") ? pair : "[" + pair + "]";
                    })
                    .collect(Collectors.joining("  "));
            rows.add(new JsonObject().put("action", row.getString("name")).put("parameters", written));
        }
        return rows;
    }
}
