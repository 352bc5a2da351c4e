package dev.baton.runtime.plugin;

import com.google.inject.ConfigurationException;
import com.google.inject.CreationException;
import com.google.inject.Guice;
import com.google.inject.Injector;
import com.google.inject.Module;
import com.google.inject.PrivateModule;
import com.google.inject.ProvisionException;
import com.google.inject.Stage;
import com.google.inject.spi.Message;
import dev.baton.runtime.plugin.PluginRegistry.Clash;
import dev.baton.spi.Plugin;
import dev.baton.spi.admin.PluginSnapshot;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Loads plugins one by one into a registry. Each is checked before a class of it is loaded, and each has an injector of
 * its own over the runtime's bindings, so that nothing one of them does wrong touches another.
 *
 * <p>The injectors make singletons when they are asked for, not all at once ({@link Stage#DEVELOPMENT}): a poller has
 * to exist before the loops, and what takes a Vert.x only after them. The launcher asks for everything before the
 * process is ready, so nothing is made late.
 */
public final class PluginLoader {
    private static final Logger LOG = LoggerFactory.getLogger(PluginLoader.class);

    private final Module runtimeBindings;
    private final Function<String, Module> ownBindings;
    private final Injector runtimeInjector;
    private final PluginRegistry registry = new PluginRegistry();
    private final Map<String, String> placesById = new HashMap<>();
    private final Set<String> enabled;
    private boolean linksAll;

    /**
     * Makes a loader.
     *
     * @param runtimeBindings what every plugin can have injected, the same for all
     * @param ownBindings what every plugin can have injected, made for the plugin of an id
     * @param enabled ids of plugins that are loaded on request, and are requested
     */
    public PluginLoader(Module runtimeBindings, Function<String, Module> ownBindings, Set<String> enabled) {
        this.runtimeBindings = runtimeBindings;
        this.ownBindings = ownBindings;
        this.enabled = Set.copyOf(enabled);
        this.runtimeInjector = Guice.createInjector(Stage.DEVELOPMENT, runtimeBindings);
    }

    /** Has the plugins of the distribution linked too, which takes a moment. */
    public void linkAll() {
        linksAll = true;
    }

    /** What the plugins that were loaded so far contribute. */
    public PluginRegistry registry() {
        return registry;
    }

    /**
     * Loads every plugin in some folders of plugins; what cannot be loaded is in the snapshots with its problem.
     *
     * @param bundled folders of the distribution
     * @param added folders of the user's, whose plugins are linked before they are loaded
     */
    public void loadAll(List<Path> bundled, List<Path> added) {
        List<Found> found = new ArrayList<>();
        bundled.forEach(root -> find(root, false, found));
        added.forEach(root -> find(root, true, found));
        Map<String, List<Found>> byId = new LinkedHashMap<>();
        found.forEach(each -> byId.computeIfAbsent(each.manifest().id(), id -> new ArrayList<>())
                .add(each));
        byId.values().forEach(this::load);
    }

    /** A plugin in a folder. */
    private record Found(PluginFolder plugin, Path folder, boolean added) {
        PluginManifest manifest() {
            return plugin.manifest();
        }

        String place() {
            return manifest().jar().toString();
        }
    }

    private void find(Path root, boolean added, List<Found> found) {
        try {
            for (Path jar : PluginFolder.jars(root)) {
                failed(
                        jar,
                        "",
                        new PluginException(
                                jar + " lies beside the plugins; each plugin needs a folder of its own in " + root));
            }
            for (Path folder : PluginFolder.folders(root)) {
                try {
                    found.add(new Found(PluginFolder.open(folder), folder, added));
                } catch (PluginException e) {
                    failed(folder, "", e);
                }
            }
        } catch (PluginException e) {
            failed(root, "", e);
        }
    }

    /** Of several with one id the highest version, if all are the user's; else none. */
    private void load(List<Found> sameId) {
        Found chosen = sameId.get(0);
        if (sameId.size() > 1) {
            List<Found> ordered = sameId.stream()
                    .sorted(Comparator.comparing(
                            (Found each) -> PluginVersion.of(each.manifest().version())))
                    .toList();
            chosen = ordered.get(ordered.size() - 1);
            Found next = ordered.get(ordered.size() - 2);
            boolean clear = sameId.stream().allMatch(Found::added)
                    && PluginVersion.of(chosen.manifest().version())
                                    .compareTo(PluginVersion.of(next.manifest().version()))
                            != 0;
            if (!clear) {
                failed(
                        chosen,
                        new PluginException("the plugin '" + chosen.manifest().id() + "' is there "
                                + sameId.size() + " times: "
                                + sameId.stream()
                                        .map(each -> each.manifest().version() + " in " + each.place())
                                        .collect(Collectors.joining(", "))
                                + "; remove all but one"));
                return;
            }
            LOG.warn(
                    "plugin {} is there {} times: version {} in {} is used",
                    chosen.manifest().id(),
                    sameId.size(),
                    chosen.manifest().version(),
                    chosen.place());
        }
        load(chosen);
    }

    private void load(Found found) {
        PluginManifest manifest = found.manifest();
        if (manifest.onRequest() && !enabled.contains(manifest.id())) {
            registry.addResting(new PluginSnapshot(
                    manifest.id(),
                    manifest.version(),
                    manifest.spi(),
                    List.of(),
                    found.place(),
                    "it is loaded only if the configuration asks for it, by plugins: { enable: [" + manifest.id()
                            + "] }"));
            return;
        }
        try {
            PluginJars jars = PluginJars.open(found.plugin().jars());
            PluginClassLoader loader = new PluginClassLoader(manifest.id(), jars, PluginLoader.class.getClassLoader());
            boolean loaded = false;
            try {
                if (found.added() || linksAll) {
                    PluginLinker.link(manifest.jar(), jars, loader);
                }
                install(manifest.id(), manifest.version(), manifest.spi(), found.place(), entryPoint(manifest, loader));
                loaded = true;
            } finally {
                if (!loaded) {
                    loader.close();
                }
            }
        } catch (PluginException e) {
            failed(found, e);
        }
    }

    private void failed(Found found, PluginException e) {
        PluginManifest manifest = found.manifest();
        failed(found.folder(), manifest.id(), manifest.version(), manifest.spi(), found.place(), e);
    }

    private static Class<? extends Plugin> entryPoint(PluginManifest manifest, ClassLoader loader)
            throws PluginException {
        try {
            Class<?> loaded = Class.forName(manifest.entryPoint(), true, loader);
            if (Plugin.class.isAssignableFrom(loaded)) {
                return loaded.asSubclass(Plugin.class);
            }
            throw new PluginException(manifest.jar() + ": Baton-Plugin-Class " + manifest.entryPoint()
                    + " does not implement " + Plugin.class.getName());
        } catch (ClassNotFoundException e) {
            throw new PluginException(
                    manifest.jar() + ": Baton-Plugin-Class " + manifest.entryPoint()
                            + " is in none of the jars of its folder",
                    e);
        } catch (LinkageError e) {
            throw new PluginException(
                    manifest.jar() + ": Baton-Plugin-Class " + manifest.entryPoint() + " cannot be loaded: " + e, e);
        }
    }

    /**
     * Loads a plugin that is on the class path of the runtime, for tests and for whoever embeds Baton: no class loader,
     * no manifest, else the same.
     */
    public void loadEmbedded(String id, Class<? extends Plugin> entryPoint) {
        String from = "class " + entryPoint.getName();
        try {
            install(id, "embedded", "", from, entryPoint);
        } catch (PluginException e) {
            failed(Path.of(id), id, "embedded", "", from, e);
        }
    }

    private void install(String id, String version, String spi, String from, Class<? extends Plugin> entryPoint)
            throws PluginException {
        String first = placesById.get(id);
        if (first != null) {
            throw new PluginException(
                    from + ": a plugin '" + id + "' is loaded already, from " + first + "; remove one of them");
        }
        Contributions contributions = contributions(id, from, entryPoint);
        Clash clash = registry.add(contributions).orElse(null);
        if (clash != null) {
            if (clash.second().equals(clash.first())) {
                throw new PluginException(from + ": contributes " + clash.first() + " twice");
            }
            throw new PluginException(from + ": " + clash.second() + " is claimed already by plugin '"
                    + clash.first().plugin() + "' from "
                    + placesById.get(clash.first().plugin())
                    + "; remove one of them");
        }
        placesById.put(id, from);
        registry.addSnapshot(new PluginSnapshot(
                id,
                version,
                spi,
                contributions.all().stream().map(Contribution::toString).toList(),
                from,
                null));
    }

    private Contributions contributions(String id, String from, Class<? extends Plugin> entryPoint)
            throws PluginException {
        Contributions contributions = new Contributions(id);
        PrivateModuleOf module = new PrivateModuleOf(entryPoint, contributions);
        ClassLoader before = Thread.currentThread().getContextClassLoader();
        Thread.currentThread().setContextClassLoader(entryPoint.getClassLoader());
        try {
            contributions.close(
                    Guice.createInjector(Stage.DEVELOPMENT, runtimeBindings, ownBindings.apply(id), module));
            return contributions;
        } catch (Throwable t) { // the end of this plugin only
            Throwable cause = module.thrown == null ? t : module.thrown;
            throw new PluginException(from + ": " + entryPoint.getName() + " cannot be configured: " + words(cause), t);
        } finally {
            Thread.currentThread().setContextClassLoader(before);
        }
    }

    /** What a person can use of an exception, in one line. */
    public static String words(Throwable cause) {
        Collection<Message> messages = List.of();
        if (cause instanceof CreationException creation) {
            messages = creation.getErrorMessages();
        } else if (cause instanceof ProvisionException provision) {
            messages = provision.getErrorMessages();
        } else if (cause instanceof ConfigurationException configuration) {
            messages = configuration.getErrorMessages();
        }
        return messages.isEmpty()
                ? cause.toString()
                : messages.stream().map(PluginLoader::firstLine).collect(Collectors.joining("; "));
    }

    private static String firstLine(Message message) {
        return message.getMessage().lines().findFirst().orElse("");
    }

    /** The plugin's private module; remembers what the plugin threw, which Guice would bury in its own report. */
    private final class PrivateModuleOf extends PrivateModule {
        private final Class<? extends Plugin> entryPoint;
        private final Contributions contributions;
        private @Nullable Throwable thrown;

        PrivateModuleOf(Class<? extends Plugin> entryPoint, Contributions contributions) {
            this.entryPoint = entryPoint;
            this.contributions = contributions;
        }

        @Override
        protected void configure() {
            contributions.open(binder());
            try {
                runtimeInjector.getInstance(entryPoint).configure(contributions);
            } catch (Throwable t) {
                thrown = t;
                addError("configure threw"); // ends the injector without Guice logging a stack trace of its own
            }
        }
    }

    private void failed(Path folder, String id, PluginException problem) {
        failed(folder, id, "", "", folder.toString(), problem);
    }

    private void failed(Path folder, String id, String version, String spi, String from, PluginException problem) {
        LOG.debug("plugin in {} is not loaded", folder, problem);
        String name = id.isEmpty() ? String.valueOf(folder.getFileName()) : id;
        registry.addSnapshot(
                new PluginSnapshot(name, version, spi, List.of(), from, String.valueOf(problem.getMessage())));
    }
}
