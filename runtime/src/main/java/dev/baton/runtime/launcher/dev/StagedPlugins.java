package dev.baton.runtime.launcher.dev;

import dev.baton.runtime.launcher.dev.PluginBuild.Staged;
import dev.baton.runtime.plugin.PluginCandidate;
import dev.baton.runtime.plugin.PluginException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.stream.Stream;

/**
 * The plugins of some projects, as a folder that a server loads. What is in it changes as a whole: it is a link, to one
 * folder for each round, so no process finds half of a plugin.
 */
final class StagedPlugins {
    private static final String PLUGINS = "plugins";

    private final Path root;
    private final List<PluginBuild> builds;
    private final String batonVersion;
    private int rounds;

    /**
     * What was staged at one time.
     *
     * @param folder of the plugins
     * @param plugins one for each project
     * @param advice what loading does not mind, but the author should
     */
    record Round(Path folder, List<Staged> plugins, List<String> advice) {}

    /**
     * Nothing yet.
     *
     * @param root a folder for this alone
     * @param batonVersion that of this Baton
     */
    StagedPlugins(Path root, List<PluginBuild> builds, String batonVersion) {
        this.root = root;
        this.builds = List.copyOf(builds);
        this.batonVersion = batonVersion;
    }

    /** The folder of plugins that a server loads. */
    static Path plugins(Path root) {
        return root.resolve(PLUGINS);
    }

    /**
     * Stages all projects as they are now, for {@link #use}, and checks them as far as that takes none of their code.
     *
     * @throws NotBuiltException if one is not compiled or packaged as far as is needed
     * @throws PluginException if one cannot be loaded
     */
    Round stage() throws PluginException {
        Path folder = root.resolve(Integer.toString(++rounds));
        boolean done = false;
        try {
            Files.createDirectory(folder);
            List<Staged> plugins = new ArrayList<>();
            List<String> advice = new ArrayList<>();
            for (PluginBuild build : builds) {
                Staged staged = build.stage(folder, batonVersion);
                check(staged, advice);
                plugins.add(staged);
            }
            done = true;
            return new Round(folder, plugins, advice);
        } catch (IOException e) {
            throw new PluginException("cannot make " + folder + ": " + e, e);
        } finally {
            if (!done) {
                PluginCandidate.remove(folder);
            }
        }
    }

    private void check(Staged staged, List<String> advice) throws PluginException {
        try (PluginCandidate candidate = PluginCandidate.open(staged.folder(), root)) {
            candidate.link();
            candidate.advice().forEach(each -> advice.add(named(staged, each)));
        } catch (PluginException e) {
            throw new PluginException(
                    named(staged, String.valueOf(e.getMessage())) + " (it has " + staged.libraries()
                            + "; after a change of dependencies run `mvn package`)",
                    e);
        }
    }

    /** A message that names places in the project, not where they were copied to. */
    private static String named(Staged staged, String message) {
        return message.replace(
                        staged.folder()
                                .resolve(staged.id() + PluginBuild.CLASSES_JAR)
                                .toString(),
                        staged.build().classes().toString())
                .replace(staged.folder().toString(), staged.build().project().toString());
    }

    /** True if a server would find no difference. */
    static boolean isSame(Round one, Round other) throws PluginException {
        try {
            List<Path> files = files(one.folder());
            if (!files.equals(files(other.folder()))) {
                return false;
            }
            for (Path file : files) {
                if (Files.mismatch(one.folder().resolve(file), other.folder().resolve(file)) >= 0) {
                    return false;
                }
            }
            return true;
        } catch (IOException | UncheckedIOException e) {
            throw new PluginException("cannot compare " + one.folder() + " with " + other.folder() + ": " + e, e);
        }
    }

    private static List<Path> files(Path folder) throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            return all.filter(Files::isRegularFile)
                    .map(folder::relativize)
                    .sorted()
                    .toList();
        }
    }

    /** From now on a server that starts finds these. */
    void use(Round round) throws PluginException {
        Path link = root.resolve("." + PLUGINS);
        try {
            Files.deleteIfExists(link);
            Files.createSymbolicLink(link, round.folder().getFileName());
            Files.move(link, plugins(root), StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new PluginException("cannot make " + plugins(root) + " a link to " + round.folder() + ": " + e, e);
        }
    }

    /** Removes one that is not used. A server that has loaded it has copies of its jars. */
    static void discard(Round round) {
        PluginCandidate.remove(round.folder());
    }

    /** The packages of the classes of all projects that are in use, without those in others of them. */
    static List<String> packages(Path root) throws IOException {
        TreeSet<String> names = new TreeSet<>();
        Path plugins = plugins(root).toRealPath();
        for (Path jar : files(plugins)) {
            if (jar.toString().endsWith(PluginBuild.CLASSES_JAR)) {
                try (JarFile file = new JarFile(plugins.resolve(jar).toFile())) {
                    file.stream()
                            .map(JarEntry::getName)
                            .filter(name -> name.endsWith(".class") && name.contains("/"))
                            .map(name ->
                                    name.substring(0, name.lastIndexOf('/')).replace('/', '.'))
                            .forEach(names::add);
                }
            }
        }
        return names.stream()
                .filter(name -> names.stream().noneMatch(outer -> name.startsWith(outer + ".")))
                .toList();
    }
}
