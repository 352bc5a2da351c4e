package dev.baton.runtime.plugin;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.jar.JarFile;
import java.util.zip.ZipFile;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The jars of one plugin, open. They are copies without a name: a jar that is overwritten in place, as {@code cp} does,
 * would otherwise break classes that are loaded later.
 */
final class PluginJars implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(PluginJars.class);

    private final List<Open> jars = new ArrayList<>();

    /** One jar: where it was found, and its content at that time. */
    record Open(Path path, JarFile file) {}

    private PluginJars() {}

    /**
     * Opens copies of jars.
     *
     * @throws PluginException if one cannot be read; none is open then
     */
    static PluginJars open(List<Path> paths) throws PluginException {
        PluginJars made = new PluginJars();
        boolean done = false;
        try {
            for (Path path : paths) {
                made.jars.add(new Open(path, copy(path)));
            }
            done = true;
            return made;
        } finally {
            if (!done) {
                made.close();
            }
        }
    }

    private static JarFile copy(Path path) throws PluginException {
        Path copy;
        try {
            copy = Files.createTempFile("baton-plugin-", ".jar");
        } catch (IOException e) {
            LOG.warn(
                    "{} is used in place, as no temporary file can be made ({}): do not overwrite it",
                    path,
                    e.toString());
            return jar(path, path);
        }
        try {
            Files.write(copy, Files.readAllBytes(path));
            return jar(copy, path);
        } catch (IOException e) {
            throw new PluginException(path + " cannot be copied to " + copy.getParent() + ": " + e, e);
        } finally {
            delete(copy); // what is open stays readable
        }
    }

    private static JarFile jar(Path path, Path named) throws PluginException {
        try {
            return new JarFile(path.toFile(), true, ZipFile.OPEN_READ, JarFile.runtimeVersion());
        } catch (IOException e) {
            throw new PluginException(named + " cannot be read as a jar: " + e.getMessage(), e);
        }
    }

    private static void delete(Path copy) {
        try {
            Files.delete(copy);
        } catch (IOException e) {
            LOG.debug("{} is left", copy, e);
        }
    }

    /** Those that are open, in the order in which they are searched. */
    List<Open> all() {
        return jars;
    }

    @Override
    public void close() {
        for (Open jar : jars) {
            try {
                jar.file().close();
            } catch (IOException e) {
                LOG.debug("cannot close {}", jar, e);
            }
        }
        jars.clear();
    }
}
