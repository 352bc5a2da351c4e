package dev.baton.runtime.launcher.command;

import dev.baton.runtime.config.DescribedKey;
import dev.baton.runtime.launcher.ExitCode;
import dev.baton.runtime.plugin.Contribution;
import dev.baton.runtime.plugin.PluginRegistry;
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
        description = {
            "Lists the plugins: what each contributes and where it is from, or why it was not loaded;",
            "and the keys of everything that they contribute."
        })
final class PluginsCommand implements Callable<Integer> {
    /** Characters of the choices of a key that its row shows; {@code --json} and the reference have them all. */
    private static final int CHOICES_WIDTH = 40;

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
            plugins.forEach(plugin -> rows.add(row(plugin, foundation.plugins())
                    .put("problem", plugin.problem())
                    .put("keys", keys(plugin, foundation.plugins()))));
            out.println(rows.encode());
            return ExitCode.FINE;
        }
        JsonArray rows = new JsonArray();
        plugins.forEach(plugin -> rows.add(row(plugin, foundation.plugins())));
        out.println(Tables.of(rows, "no plugins"));
        plugins.stream()
                .filter(plugin -> plugin.problem() != null)
                .forEach(plugin -> out.println("not loaded: " + plugin.id() + ": " + plugin.problem()));
        JsonArray keys = new JsonArray();
        plugins.forEach(
                plugin -> keys(plugin, foundation.plugins()).forEach(key -> keys.add(shortened((JsonObject) key))));
        out.println();
        out.println(Tables.of(keys, "no keys"));
        return ExitCode.FINE;
    }

    private static JsonObject row(PluginSnapshot plugin, PluginRegistry registry) {
        String state = plugin.problem() == null ? "loaded" : registry.isResting(plugin.id()) ? "on request" : "failed";
        return new JsonObject()
                .put("id", plugin.id())
                .put("version", plugin.version())
                .put("spi", plugin.spi())
                .put("state", state)
                .put("contributes", new JsonArray(plugin.contributes()))
                .put("from", plugin.from());
    }

    /** The keys of everything that a plugin contributes. */
    private static JsonArray keys(PluginSnapshot plugin, PluginRegistry registry) {
        JsonArray rows = new JsonArray();
        if (plugin.problem() != null) {
            return rows;
        }
        for (Contribution<?> each : registry.of(plugin.id())) {
            for (DescribedKey key : DescribedKey.of(each.config(), registry)) {
                rows.add(new JsonObject()
                        .put("of", each.toString())
                        .put("key", key.name())
                        .put("type", key.type())
                        .put("default", key.absent().text())
                        .put("range", key.range().orElse(""))
                        .put("choices", new JsonArray(key.choices())));
            }
        }
        return rows;
    }

    /** For the table: range and choices in one column, as many of them as fit. */
    private static JsonObject shortened(JsonObject key) {
        List<String> choices = ((JsonArray) key.remove("choices"))
                .stream().map(String::valueOf).toList();
        if (!choices.isEmpty()) {
            key.put("range", shortened(choices));
        }
        return key;
    }

    private static String shortened(List<String> choices) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < choices.size(); i++) {
            if (i > 0 && text.length() + choices.get(i).length() > CHOICES_WIDTH) {
                return text.append(" and ")
                        .append(choices.size() - i)
                        .append(" more")
                        .toString();
            }
            text.append(i == 0 ? "" : ", ").append(choices.get(i));
        }
        return text.toString();
    }
}
