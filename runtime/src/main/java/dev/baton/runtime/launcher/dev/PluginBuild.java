package dev.baton.runtime.launcher.dev;

import dev.baton.runtime.plugin.PluginCandidate;
import dev.baton.runtime.plugin.PluginException;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Stream;
import java.util.zip.Deflater;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A plugin as the build of its project has left it.
 *
 * <pre>
 * of the plugin            comes from
 * its classes              target/classes
 * its manifest             pom.xml, if its parent is baton-plugin-parent of this version; else the last zip
 * its libraries            the last zip in target, that of `mvn package`
 * </pre>
 *
 * @param project the folder that has pom.xml
 */
record PluginBuild(Path project) {
    private static final Logger LOG = LoggerFactory.getLogger(PluginBuild.class);

    private static final String POM = "pom.xml";
    /** Behind the plugin's id: the name of the jar of its classes. */
    static final String CLASSES_JAR = "-classes.jar";
    /** The same classes make the same jar. */
    private static final LocalDateTime NO_TIME = LocalDateTime.of(1980, 1, 1, 0, 0);

    /**
     * A plugin that was put into a folder of its own.
     *
     * @param id its id
     * @param version its version
     * @param folder its folder
     * @param build where it is from
     * @param libraries where its libraries are from, for a person
     */
    record Staged(String id, String version, Path folder, PluginBuild build, String libraries) {}

    /** What Maven has packaged. */
    private record Packaged(Path zip, String id, Attributes manifest, List<Path> libraries) {}

    /**
     * The project in a folder.
     *
     * @throws PluginException if there is none
     */
    static PluginBuild of(Path given) throws PluginException {
        Path folder = given.toAbsolutePath().normalize();
        if (Files.isRegularFile(folder.resolve(POM))) {
            return new PluginBuild(folder);
        }
        String expected = "; expected the folder of a plugin's Maven project, as `baton plugin new` makes it";
        if (!Files.exists(folder)) {
            throw new PluginException(given + " is not there" + expected);
        }
        throw new PluginException(given + (Files.isDirectory(folder) ? " has no " + POM : " is no folder") + expected);
    }

    private Path target() {
        return project.resolve("target");
    }

    /** Where its compiler puts its classes. */
    Path classes() {
        return target().resolve("classes");
    }

    /** The files that it comes from, and folders of such files. */
    List<Path> sources() {
        List<Path> all = new ArrayList<>(List.of(project.resolve(POM), classes()));
        all.addAll(zips());
        return all;
    }

    /** The newest first. */
    private List<Path> zips() {
        try (Stream<Path> files = Files.list(target())) {
            return files.filter(file -> file.getFileName().toString().endsWith(".zip"))
                    .sorted(Comparator.comparing(PluginBuild::time).reversed())
                    .toList();
        } catch (IOException | UncheckedIOException notBuilt) {
            return List.of();
        }
    }

    private static FileTime time(Path file) {
        try {
            return Files.getLastModifiedTime(file);
        } catch (IOException gone) {
            return FileTime.fromMillis(0);
        }
    }

    /**
     * Puts the plugin into a folder of its own, as it would be installed.
     *
     * @param plugins a folder of plugins, to which it is added
     * @param batonVersion that of this Baton
     * @throws NotBuiltException if it is not compiled or packaged as far as is needed
     * @throws PluginException if it is no plugin
     */
    Staged stage(Path plugins, String batonVersion) throws PluginException {
        PomFile pom = PomFile.read(project.resolve(POM));
        Attributes manifest = pom.manifest(batonVersion).orElse(null);
        Path unpacked = plugins.resolve(".unpacked");
        try {
            Files.createDirectories(unpacked);
            Packaged packaged = packaged(manifest == null ? null : id(manifest), unpacked);
            Attributes keys = manifest;
            if (keys == null && packaged != null) {
                keys = packaged.manifest();
            }
            if (keys == null) {
                throw new NotBuiltException(project + " is no project of a plugin that can be used as it is: the parent"
                        + " of its pom.xml is not baton-plugin-parent " + batonVersion
                        + ", and target has no zip of a plugin; if it makes one, run `mvn package` once");
            }
            checkCompiled(String.valueOf(keys.getValue("Baton-Plugin-Class")));
            if (packaged == null && pom.bringsLibraries()) {
                throw new NotBuiltException(
                        project + " has dependencies that its plugin brings along, and target has no"
                                + " zip to take them from: run `mvn package` once, and again when they change");
            }
            String id = id(keys);
            Path folder = plugins.resolve(id);
            if (Files.exists(folder)) {
                throw new PluginException(
                        project + " is a second project of the plugin '" + id + "': each needs an id of its own");
            }
            Files.createDirectory(folder);
            writeJar(keys, folder.resolve(id + CLASSES_JAR));
            if (packaged != null) {
                for (Path library : packaged.libraries()) {
                    Files.move(library, folder.resolve(library.getFileName()));
                }
            }
            return new Staged(
                    id, String.valueOf(keys.getValue("Baton-Plugin-Version")), folder, this, libraries(packaged));
        } catch (IOException | UncheckedIOException e) {
            // A file that has just vanished, more likely than not.
            throw new NotBuiltException(project + ": target cannot be copied to " + plugins + ": " + e, e);
        } finally {
            PluginCandidate.remove(unpacked);
        }
    }

    private static String id(Attributes manifest) {
        return String.valueOf(manifest.getValue("Baton-Plugin-Id"));
    }

    private static String libraries(@Nullable Packaged packaged) {
        if (packaged == null) {
            return "no libraries";
        }
        return (packaged.libraries().isEmpty() ? "no libraries in " : "the libraries of ") + packaged.zip();
    }

    private void checkCompiled(String entryPoint) throws NotBuiltException {
        if (!Files.isDirectory(classes())) {
            throw new NotBuiltException(project
                    + " is not compiled: there is no target/classes; run `mvn compile`, or compile it in the IDE");
        }
        Path file = classes().resolve(entryPoint.replace('.', '/') + ".class");
        if (!Files.isRegularFile(file)) {
            throw new NotBuiltException(project + ": target/classes has no class " + entryPoint
                    + ", which is to be the plugin: compile it, or correct baton.plugin.class in pom.xml");
        }
    }

    /** The newest zip that has the plugin; null if there is none. */
    private @Nullable Packaged packaged(@Nullable String id, Path unpacked) throws IOException {
        for (Path zip : zips()) {
            try (PluginCandidate candidate = PluginCandidate.open(zip, unpacked)) {
                if (id == null || candidate.id().equals(id)) {
                    return packaged(zip, candidate, unpacked);
                }
            } catch (PluginException e) {
                LOG.debug("{} is no zip of the plugin", zip, e);
            }
        }
        return null;
    }

    private static Packaged packaged(Path zip, PluginCandidate candidate, Path unpacked)
            throws IOException, PluginException {
        Path main = candidate.mainJar();
        Attributes manifest;
        try (JarFile jar = new JarFile(main.toFile())) {
            manifest = jar.getManifest().getMainAttributes();
        }
        List<Path> libraries = new ArrayList<>();
        try (Stream<Path> jars = Files.list(candidate.folder())) {
            for (Path jar : jars.sorted().toList()) {
                if (!jar.equals(main) && jar.toString().endsWith(".jar")) {
                    libraries.add(Files.move(jar, unpacked.resolve(jar.getFileName())));
                }
            }
        }
        return new Packaged(zip, candidate.id(), manifest, libraries);
    }

    private void writeJar(Attributes keys, Path jar) throws IOException {
        Manifest manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        keys.forEach((key, value) -> manifest.getMainAttributes().putIfAbsent(key, value));
        List<Path> files;
        try (Stream<Path> all = Files.walk(classes())) {
            files = all.filter(Files::isRegularFile).sorted().toList();
        }
        try (OutputStream to = Files.newOutputStream(jar);
                JarOutputStream out = new JarOutputStream(to)) {
            out.setLevel(Deflater.BEST_SPEED);
            out.putNextEntry(entry(JarFile.MANIFEST_NAME));
            manifest.write(out);
            for (Path file : files) {
                String name = classes().relativize(file).toString();
                if (!name.equals(JarFile.MANIFEST_NAME)) {
                    out.putNextEntry(entry(name));
                    Files.copy(file, out);
                }
            }
        }
    }

    private static JarEntry entry(String name) {
        JarEntry made = new JarEntry(name);
        made.setTimeLocal(NO_TIME);
        return made;
    }
}
