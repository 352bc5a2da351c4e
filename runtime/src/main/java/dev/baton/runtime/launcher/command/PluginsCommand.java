package dev.baton.runtime.launcher.command;

import dev.baton.runtime.launcher.ExitCode;
import dev.baton.runtime.server.ConfigSource;
import dev.baton.runtime.server.Foundation;
import dev.baton.runtime.server.Installation;
import dev.baton.runtime.server.StartException;
import dev.baton.spi.admin.PluginSnapshot;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code baton plugins}: what would be loaded; no server is asked. */
@Command(
        name = "plugins",
        mixinStandardHelpOptions = true,
        description = "Lists the plugins: what each contributes and where it is from, or why it was not loaded.")
final class PluginsCommand implements Callable<Integer> {
    @Mixin
    private ConfigOption config = new ConfigOption();

    @Option(names = "--json", description = "Prints JSON, as the admin API does.")
    private boolean json;

    @Spec
    @SuppressWarnings("NullAway.Init") // by picocli
    private CommandSpec spec;

    @Override
    public Integer call() throws StartException {
        ConfigSource source = config.source();
        Foundation foundation = Foundation.lay(Installation.current(), source.reader());
        List<PluginSnapshot> plugins = foundation.plugins().snapshots();
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            JsonArray rows = new JsonArray();
            plugins.forEach(plugin -> rows.add(row(plugin).put("problem", plugin.problem())));
            out.println(rows.encode());
            return ExitCode.FINE;
        }
        JsonArray loaded = new JsonArray();
        plugins.stream().filter(plugin -> plugin.problem() == null).forEach(plugin -> loaded.add(row(plugin)));
        out.println(Tables.of(loaded, "no plugins"));
        plugins.stream()
                .filter(plugin -> plugin.problem() != null)
                .forEach(plugin -> out.println("not loaded: " + plugin.id() + ": " + plugin.problem()));
        return ExitCode.FINE;
    }

    private static JsonObject row(PluginSnapshot plugin) {
        return new JsonObject()
                .put("id", plugin.id())
                .put("version", plugin.version())
                .put("spi", plugin.spi())
                .put("contributes", new JsonArray(plugin.contributes()))
                .put("from", plugin.from());
    }
}
