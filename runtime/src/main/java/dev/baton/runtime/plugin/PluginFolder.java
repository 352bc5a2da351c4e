package dev.baton.runtime.plugin;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A folder of jars that is one plugin.
 *
 * @param folder where it is
 * @param manifest of the one jar that has the plugin's manifest
 * @param jars all of them, open, sorted
 */
record PluginFolder(Path folder, PluginManifest manifest, PluginJars jars) implements AutoCloseable {

    /**
     * Opens a folder, without loading anything.
     *
     * @throws PluginException if it is no plugin that this runtime can load
     */
    static PluginFolder open(Path folder) throws PluginException {
        List<Path> paths = jars(folder);
        if (paths.isEmpty()) {
            throw new PluginException(folder + " has no jar; a plugin is a folder of jars");
        }
        PluginJars jars = PluginJars.open(paths);
        boolean done = false;
        try {
            PluginFolder opened = new PluginFolder(folder, manifest(folder, jars), jars);
            opened.manifest().checkSpi();
            done = true;
            return opened;
        } finally {
            if (!done) {
                jars.close();
            }
        }
    }

    /** The id of the plugin in a folder, also of one for another SPI; the folder's name if it is no plugin. */
    static String id(Path folder) {
        try (PluginJars jars = PluginJars.open(jars(folder))) {
            return manifest(folder, jars).id();
        } catch (PluginException e) {
            return String.valueOf(folder.getFileName());
        }
    }

    private static PluginManifest manifest(Path folder, PluginJars jars) throws PluginException {
        List<PluginManifest> manifests = new ArrayList<>();
        for (PluginJars.Open jar : jars.all()) {
            Optional<PluginManifest> manifest = PluginManifest.read(jar);
            manifest.ifPresent(manifests::add);
        }
        if (manifests.isEmpty()) {
            throw new PluginException("no jar in " + folder + " has Baton-Plugin-Id in its manifest");
        }
        if (manifests.size() > 1) {
            throw new PluginException(manifests.get(0).jar() + " and "
                    + manifests.get(1).jar().getFileName()
                    + " both have the manifest of a plugin; give each a folder of its own");
        }
        return manifests.get(0);
    }

    @Override
    public void close() {
        jars.close();
    }

    /** The jars in a folder, sorted. */
    static List<Path> jars(Path folder) throws PluginException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(Files::isRegularFile)
                    .filter(file -> file.getFileName().toString().endsWith(".jar"))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new PluginException("the folder " + folder + " cannot be read: " + e, e);
        }
    }

    /** The folders in a folder, sorted; without hidden ones, such as those of versions that were replaced. */
    static List<Path> folders(Path root) throws PluginException {
        try (Stream<Path> files = Files.list(root)) {
            return files.filter(Files::isDirectory)
                    .filter(folder -> !folder.getFileName().toString().startsWith("."))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new PluginException("the folder " + root + " cannot be read: " + e, e);
        }
    }
}
