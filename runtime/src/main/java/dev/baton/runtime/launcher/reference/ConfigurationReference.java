package dev.baton.runtime.launcher.reference;

import dev.baton.runtime.config.ConfigReader;
import dev.baton.runtime.config.DescribedKey;
import dev.baton.runtime.plugin.Contribution;
import dev.baton.runtime.plugin.ExtensionPoint;
import dev.baton.runtime.plugin.PluginRegistry;
import dev.baton.spi.config.OnRequest;
import dev.baton.spi.http.HttpFilterOptions;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Every key of the configuration: those of the runtime, then those of what the plugins contribute. */
public final class ConfigurationReference {
    /**
     * A kind of contribution that has keys.
     *
     * @param heading of its section
     * @param where where the configuration has it
     * @param options the record of the keys that all of the kind have
     */
    private record Chapter(
            ExtensionPoint<?> point, String heading, String where, Optional<Class<? extends Record>> options) {
        Chapter(ExtensionPoint<?> point, String heading, String where) {
            this(point, heading, where, Optional.empty());
        }
    }

    private static final List<Chapter> CHAPTERS = List.of(
            new Chapter(ExtensionPoint.SERVICE, "Services", "`type` of an entry of `services` names one."),
            new Chapter(
                    ExtensionPoint.HTTP_FILTER,
                    "HTTP filters",
                    "`filters` of an `http` service and of its routes name them. Each has these keys, and its own:",
                    Optional.of(HttpFilterOptions.class)),
            new Chapter(
                    ExtensionPoint.HTTP_HANDLER,
                    "HTTP handlers",
                    "`handler` of a route names one. Each has these keys, and its own:",
                    Optional.of(HttpFilterOptions.class)),
            new Chapter(
                    ExtensionPoint.LISTENER,
                    "Listener kinds",
                    "`kind` of a listener names one; without it the form of `bind` decides."),
            new Chapter(
                    ExtensionPoint.CONNECTION_FILTER,
                    "Connection filters",
                    "`filters` of a listener name them. The keys of `tls` are those of the listener's section `tls`."),
            new Chapter(ExtensionPoint.UNBIND_STRATEGY, "Unbind strategies", "`unbind` of a listener names one."),
            new Chapter(ExtensionPoint.BALANCER, "Balancers", "`balance` of an upstream names one."),
            new Chapter(
                    ExtensionPoint.TAKEOVER_POLICY,
                    "Takeover policies",
                    "`policy` in the `pool` of an upstream names one."),
            new Chapter(ExtensionPoint.FD_HOOK, "Fd hooks", "Sections of `hooks`."),
            new Chapter(ExtensionPoint.COMPONENT, "Sections of plugins", "They stand at the top of the file."));

    private ConfigurationReference() {}

    /** The page. */
    public static String of(PluginRegistry plugins) {
        Markdown page = new Markdown("Reference: configuration")
                .paragraph("`baton reference configuration` has written this page from the code of Baton and of its"
                        + " plugins. [Configuration](configuration.md) explains the keys.")
                .paragraph("`SECTION.KEY` is a key of a section, `LIST[].KEY` one of each section of a list, and"
                        + " `SECTION.NAME.KEY` one of each section that has a name of your choice. The column"
                        + " \"default\" says what holds for a key that is missing; with \"none\", nothing is set, or"
                        + " Baton chooses.");
        runtime(page, plugins);
        CHAPTERS.forEach(chapter -> contributed(page, plugins, chapter));
        return page.toString();
    }

    private static void runtime(Markdown page, PluginRegistry plugins) {
        List<DescribedKey> keys = ConfigReader.describedKeys(plugins);
        List<DescribedKey> top =
                keys.stream().filter(key -> key.name().indexOf('.') < 0).toList();
        page.heading(2, "The file");
        table(page, 0, top);
        for (DescribedKey section : top) {
            List<DescribedKey> inside = keys.stream()
                    .filter(key -> key.name().startsWith(section.name() + "."))
                    .toList();
            if (!inside.isEmpty()) {
                String named = section.name() + ".NAME";
                String path = inside.get(0).name().startsWith(named + ".") ? named : section.name();
                page.heading(2, Markdown.code(path));
                table(page, path.length() + 1, inside);
            }
        }
    }

    private static void contributed(Markdown page, PluginRegistry plugins, Chapter chapter) {
        List<Contribution<?>> all = plugins.all(chapter.point()).values().stream()
                .<Contribution<?>>map(each -> each)
                .sorted(Comparator.comparing(Contribution::name))
                .toList();
        if (all.isEmpty()) {
            return;
        }
        page.heading(2, chapter.heading()).paragraph(chapter.where());
        chapter.options().ifPresent(options -> table(page, 0, DescribedKey.of(options, plugins)));
        Map<Class<?>, String> shown = new HashMap<>();
        for (Contribution<?> each : all) {
            List<DescribedKey> keys = DescribedKey.of(each.config(), plugins);
            String same = shown.putIfAbsent(each.config(), each.name());
            String condition = each.config().isAnnotationPresent(OnRequest.class)
                    ? " It is used only if its section is there, which may be empty."
                    : "";
            page.heading(3, Markdown.code(each.name()))
                    .paragraph("Of the plugin " + Markdown.code(each.plugin()) + "." + condition
                            + (keys.isEmpty()
                                    ? " It has no keys of its own."
                                    : same == null ? "" : " It has the keys of " + Markdown.code(same) + "."));
            if (!keys.isEmpty() && same == null) {
                table(page, 0, keys);
            }
        }
    }

    /** Without so many characters at the beginning of each name, which the heading has. */
    private static void table(Markdown page, int from, List<DescribedKey> keys) {
        page.table("key", "type", "default", "range");
        keys.forEach(key -> page.row(List.of(
                Markdown.code(key.name().substring(from)),
                key.type(),
                key.absent().isValue()
                        ? Markdown.code(key.absent().text())
                        : key.absent().text(),
                key.choices().isEmpty() ? key.range().orElse("") : Markdown.codes(key.choices()))));
    }
}
