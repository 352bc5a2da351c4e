package dev.baton.runtime.plugin;

import com.google.inject.ConfigurationException;
import com.google.inject.CreationException;
import com.google.inject.Module;
import com.google.inject.ProvisionException;
import com.google.inject.Stage;
import com.google.inject.spi.Message;
import dev.baton.runtime.plugin.PluginRegistry.Clash;
import dev.baton.spi.Plugin;
import dev.baton.spi.admin.PluginSnapshot;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.jar.Attributes;
import java.util.jar.JarFile;
import java.util.jar.Manifest;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Loads plugins one by one into a registry. Each is checked before a class of it is loaded, and each has an injector of
 * its own over the runtime's bindings, so that nothing one of them does wrong touches another.
 *
 * <p>The injectors make singletons when they are asked for, not all at once ({@link Stage#DEVELOPMENT}): a poller has
 * to exist before the loops, and what takes a Vert.x only after them. What a user's plugin contributes to this process
 * is asked for before the process is ready, so nothing of it is made late. A plugin of the distribution, which Baton's
 * build has checked, gets its injector when something of it is used: most are not, and an injector takes some
 * milliseconds.
 */
public final class PluginLoader {
    private static final Logger LOG = LoggerFactory.getLogger(PluginLoader.class);

    private final PluginSetup setup;
    private final PluginRegistry registry = new PluginRegistry();
    private final Map<String, String> placesById = new HashMap<>();
    /** Those from folders, as they are used now. */
    private final Map<String, LoadedPlugin> loaded = new ConcurrentHashMap<>();

    private final Set<String> enabled;
    private boolean allThorough;
    private @Nullable Path leftOut;

    /**
     * Makes a loader.
     *
     * @param runtimeBindings what every plugin can have injected, the same for all
     * @param ownBindings what every plugin can have injected, made for the plugin of an id
     * @param enabled ids of plugins that are loaded on request, and are requested
     */
    public PluginLoader(Module runtimeBindings, Function<String, Module> ownBindings, Set<String> enabled) {
        this.setup = new PluginSetup(runtimeBindings, ownBindings);
        this.enabled = Set.copyOf(enabled);
    }

    /**
     * Has the plugins of the distribution checked as those that were added always are: that what their classes refer to
     * is there, and that their records can be bound. It takes a moment, and the build has done it.
     */
    public void checkAll() {
        allThorough = true;
    }

    /** What the plugins that were loaded so far contribute. */
    public PluginRegistry registry() {
        return registry;
    }

    /**
     * Loads every plugin in some folders of plugins; what cannot be loaded is in the snapshots with its problem.
     *
     * @param bundled folders of the distribution
     * @param added folders of the user's, whose plugins are checked more thoroughly, as are those that were installed
     *     into the distribution
     */
    public void loadAll(List<Path> bundled, List<Path> added) {
        loadAll(bundled, added, List.of());
    }

    /**
     * The same, with plugins that are being developed: each is loaded in the place of others with its id, also if it is
     * one that rests until it is asked for.
     *
     * @param developed folders of such plugins, each with an id of its own
     */
    public void loadAll(List<Path> bundled, List<Path> added, List<Path> developed) {
        List<Found> found = new ArrayList<>();
        bundled.forEach(root -> find(root, Origin.BUNDLED, found));
        added.forEach(root -> find(root, Origin.ADDED, found));
        developed.forEach(root -> find(root, Origin.DEVELOPED, found));
        Map<String, List<Found>> byId = new LinkedHashMap<>();
        found.forEach(each -> byId.computeIfAbsent(each.manifest().id(), id -> new ArrayList<>())
                .add(each));
        byId.values().forEach(this::load);
    }

    /**
     * Loads the plugins of the distribution, and one more, also if it is one that rests until it is asked for.
     *
     * @param bundled folders of the distribution
     * @param folder of the one plugin, which is checked thoroughly
     * @param replaced a folder whose plugin is passed over, because the one on trial is to take its place; or null
     */
    public void loadOne(List<Path> bundled, Path folder, @Nullable Path replaced) {
        leftOut = replaced;
        loadAll(bundled, List.of());
        try {
            Found found = new Found(PluginFolder.open(folder), Origin.ADDED);
            if (registry.isResting(found.manifest().id())) {
                found.plugin().close();
                failed(
                        found,
                        new PluginException(
                                found.place() + ": a plugin '"
                                        + found.manifest().id()
                                        + "' is one of the distribution's, which is loaded on request; give this one another id"));
            } else {
                loadNow(found);
            }
        } catch (PluginException e) {
            failed(folder, "", e);
        }
    }

    /** Whose plugin it is. */
    private enum Origin {
        /** The distribution's, by the folder that it is in. */
        BUNDLED,
        /** In a folder of the user's. */
        ADDED,
        /** The user is writing it. */
        DEVELOPED
    }

    /** A plugin in a folder. */
    private record Found(PluginFolder plugin, Origin origin) {
        /** True if it was not checked by Baton's build. */
        boolean isThorough() {
            return origin != Origin.BUNDLED || PluginStore.isInstalled(plugin.folder());
        }

        PluginManifest manifest() {
            return plugin.manifest();
        }

        String place() {
            return manifest().jar().toString();
        }
    }

    private void find(Path root, Origin origin, List<Found> found) {
        try {
            for (Path jar : PluginFolder.jars(root)) {
                failed(
                        jar,
                        "",
                        new PluginException(
                                jar + " lies beside the plugins; each plugin needs a folder of its own in " + root));
            }
            for (Path folder : PluginFolder.folders(root)) {
                if (folder.equals(leftOut)) {
                    continue;
                }
                try {
                    found.add(new Found(PluginFolder.open(folder), origin));
                } catch (PluginException e) {
                    failed(folder, "", e);
                }
            }
        } catch (PluginException e) {
            failed(root, "", e);
        }
    }

    /**
     * Of several with one id that which is being developed; else the highest version, if all are the user's; else none.
     */
    private void load(List<Found> sameId) {
        Found developed = sameId.stream()
                .filter(each -> each.origin() == Origin.DEVELOPED)
                .findFirst()
                .orElse(null);
        if (developed != null) {
            sameId.stream().filter(each -> !each.equals(developed)).forEach(each -> passOver(each, developed));
            loadNow(developed);
            return;
        }
        Found chosen = sameId.get(0);
        if (sameId.size() > 1) {
            List<Found> ordered = sameId.stream()
                    .sorted(Comparator.comparing(
                            (Found each) -> PluginVersion.of(each.manifest().version())))
                    .toList();
            chosen = ordered.get(ordered.size() - 1);
            Found next = ordered.get(ordered.size() - 2);
            boolean clear = sameId.stream().allMatch(each -> each.origin() == Origin.ADDED)
                    && PluginVersion.of(chosen.manifest().version())
                                    .compareTo(PluginVersion.of(next.manifest().version()))
                            != 0;
            Found kept = clear ? chosen : null;
            sameId.stream()
                    .filter(each -> !each.equals(kept))
                    .forEach(each -> each.plugin().close());
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

    private static void passOver(Found installed, Found developed) {
        LOG.info(
                "plugin {} {} in {} is passed over: the project's {} is used",
                installed.manifest().id(),
                installed.manifest().version(),
                installed.place(),
                developed.manifest().version());
        installed.plugin().close();
    }

    private void load(Found found) {
        PluginManifest manifest = found.manifest();
        if (manifest.onRequest() && !enabled.contains(manifest.id())) {
            found.plugin().close();
            rests(manifest, found.place());
            return;
        }
        loadNow(found);
    }

    private void loadNow(Found found) {
        PluginManifest manifest = found.manifest();
        PluginJars jars = found.plugin().jars();
        PluginClassLoader loader = new PluginClassLoader(manifest.id(), jars, PluginLoader.class.getClassLoader());
        boolean done = false;
        try {
            boolean thorough = found.isThorough() || allThorough;
            if (thorough) {
                PluginLinker.link(manifest.jar(), jars, loader);
            }
            Contributions contributions = new Contributions(manifest.id(), thorough);
            PluginSnapshot made = install(
                    contributions, manifest.version(), manifest.spi(), found.place(), EntryPoint.of(manifest, loader));
            loaded.put(manifest.id(), new LoadedPlugin(made, contributions, loader));
            done = true;
        } catch (PluginException e) {
            failed(found, e);
        } finally {
            if (!done) {
                loader.close();
            }
        }
    }

    // ---- once more --------------------------------------------------------------------------------------------------

    /** The version of a plugin that is in use; null if none is, or it was not loaded from a folder. */
    public @Nullable LoadedPlugin inUse(String id) {
        return loaded.get(id);
    }

    /**
     * Loads what is in the folder of a plugin now, beside the version that is in use. It is checked as thoroughly as
     * one that was added.
     *
     * @throws PluginException if it cannot be loaded
     */
    public LoadedPlugin loadBeside(LoadedPlugin inUse) throws PluginException {
        Path jar = Path.of(inUse.snapshot().from());
        Path folder = jar.getParent();
        if (folder == null || !Files.isDirectory(folder)) {
            throw new PluginException(
                    "it was loaded from " + jar + ", whose folder is not there any more; put the plugin"
                            + " there again, or have the process look for it: baton upgrade");
        }
        PluginFolder opened = PluginFolder.open(folder);
        PluginManifest manifest = opened.manifest();
        PluginClassLoader loader =
                new PluginClassLoader(manifest.id(), opened.jars(), PluginLoader.class.getClassLoader());
        boolean done = false;
        try {
            if (!manifest.id().equals(inUse.id())) {
                throw new PluginException(folder + " has another plugin now, '" + manifest.id() + "'");
            }
            PluginLinker.link(manifest.jar(), opened.jars(), loader);
            Contributions contributions = new Contributions(manifest.id(), true);
            String from = manifest.jar().toString();
            setup.collect(contributions, from, EntryPoint.of(manifest, loader));
            PluginSnapshot snapshot = new PluginSnapshot(
                    manifest.id(),
                    manifest.version(),
                    manifest.spi(),
                    names(contributions),
                    from,
                    null,
                    inUse.generation() + 1,
                    0);
            LoadedPlugin made = new LoadedPlugin(snapshot, contributions, loader);
            done = true;
            return made;
        } finally {
            if (!done) {
                loader.close();
            }
        }
    }

    /** Another version is in use from now on. */
    public void use(LoadedPlugin next) {
        loaded.put(next.id(), next);
    }

    private static List<String> names(Contributions contributions) {
        return contributions.all().stream().map(Contribution::toString).toList();
    }

    private void failed(Found found, PluginException e) {
        PluginManifest manifest = found.manifest();
        failed(found.plugin().folder(), manifest.id(), manifest.version(), manifest.spi(), found.place(), e);
    }

    /**
     * Loads a plugin that is on the class path of the runtime, for tests and for programs that embed Baton: no class
     * loader, no manifest, else the same.
     */
    public void loadEmbedded(String id, Class<? extends Plugin> entryPoint) {
        loadEmbedded(id, EntryPoint.of(entryPoint));
    }

    /** The same with an entry point that the program has made. */
    public void loadEmbedded(String id, Plugin plugin) {
        loadEmbedded(id, new EntryPoint(plugin.getClass(), () -> plugin));
    }

    /**
     * Loads every plugin whose jar is on the class path of a program that embeds Baton, as its manifest says; those
     * that are loaded already it leaves out.
     *
     * @param unwanted ids of others that it leaves out
     */
    public void loadClassPath(ClassLoader classPath, Set<String> unwanted) {
        List<URL> manifests;
        try {
            manifests = Collections.list(classPath.getResources(JarFile.MANIFEST_NAME));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot look for plugins on the class path", e);
        }
        manifests.forEach(url -> load(url, classPath, unwanted));
    }

    private void load(URL url, ClassLoader classPath, Set<String> unwanted) {
        Path place = Path.of(url.getPath());
        PluginManifest manifest;
        try (InputStream in = url.openStream()) {
            Attributes attributes = new Manifest(in).getMainAttributes();
            manifest = PluginManifest.isPlugin(attributes)
                    ? PluginManifest.read(place, attributes).orElse(null)
                    : null;
        } catch (IOException e) {
            LOG.warn("{} is no manifest, and so no plugin's: {}", url, e.getMessage());
            return;
        } catch (PluginException e) {
            failed(place, "", new PluginException(url + ": " + e.getMessage(), e));
            return;
        }
        if (manifest == null || placesById.containsKey(manifest.id()) || unwanted.contains(manifest.id())) {
            return;
        }
        if (manifest.onRequest() && !enabled.contains(manifest.id())) {
            rests(manifest, url.toString());
            return;
        }
        try {
            manifest.checkSpi();
            install(
                    new Contributions(manifest.id(), true),
                    manifest.version(),
                    manifest.spi(),
                    url.toString(),
                    EntryPoint.of(manifest, classPath));
        } catch (PluginException e) {
            failed(place, manifest.id(), manifest.version(), manifest.spi(), url.toString(), e);
        }
    }

    private void rests(PluginManifest manifest, String place) {
        registry.addResting(new PluginSnapshot(
                manifest.id(),
                manifest.version(),
                manifest.spi(),
                List.of(),
                place,
                "it is loaded only if the configuration asks for it, by plugins: { enable: [" + manifest.id() + "] }"));
    }

    private void loadEmbedded(String id, EntryPoint entry) {
        String from = "class " + entry.type().getName();
        try {
            install(new Contributions(id, true), "embedded", "", from, entry);
        } catch (PluginException e) {
            failed(Path.of(id), id, "embedded", "", from, e);
        }
    }

    private PluginSnapshot install(
            Contributions contributions, String version, String spi, String from, EntryPoint entry)
            throws PluginException {
        String id = contributions.plugin();
        String first = placesById.get(id);
        if (first != null) {
            throw new PluginException(
                    from + ": a plugin '" + id + "' is loaded already, from " + first + "; remove one of them");
        }
        setup.collect(contributions, from, entry);
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
        PluginSnapshot snapshot = new PluginSnapshot(id, version, spi, names(contributions), from, null);
        registry.addSnapshot(snapshot);
        return snapshot;
    }

    /** What a person can use of an exception, in one line. */
    public static String words(Throwable cause) {
        Collection<Message> messages = List.of();
        if (cause instanceof PluginException) {
            return String.valueOf(cause.getMessage());
        }
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
