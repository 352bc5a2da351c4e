package dev.baton.runtime.launcher.command;

import dev.baton.runtime.launcher.ExitCode;
import dev.baton.runtime.launcher.admin.AdminClient;
import dev.baton.runtime.launcher.admin.AdminException;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code baton view [NAME]}: a table of a plugin. */
@Command(
        name = "view",
        mixinStandardHelpOptions = true,
        description = "Shows a table of a plugin. Without a name, lists the tables.")
final class ViewCommand implements Callable<Integer> {
    @Parameters(paramLabel = "NAME", arity = "0..1", description = "The table.")
    private @Nullable String name;

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
        JsonArray views = client.table("/v1/views");
        String asked = name;
        if (asked == null) {
            out.println(json ? views.encode() : Tables.of(views, "no plugin has tables"));
            return ExitCode.FINE;
        }
        List<String> names = views.stream()
                .map(each -> ((JsonObject) each).getString("name"))
                .toList();
        PluginPaths.check("table", asked, names);
        if (json) {
            out.println(client.get("/v1/" + asked));
        } else {
            out.println(Tables.of(client.table("/v1/" + asked), "no rows"));
        }
        return ExitCode.FINE;
    }
}
