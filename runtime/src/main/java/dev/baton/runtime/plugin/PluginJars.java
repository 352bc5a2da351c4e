package dev.baton.runtime.plugin;

import java.io.EOFException;
import java.io.IOException;
import java.net.MalformedURLException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.CodeSource;
import java.security.cert.Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.jar.Attributes;
import java.util.jar.JarFile;
import java.util.jar.Manifest;
import java.util.zip.ZipFile;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The jars of one plugin, open. They are copies without a name: a jar that is overwritten in place, as {@code cp} does,
 * would otherwise break classes that are loaded later.
 */
final class PluginJars implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(PluginJars.class);

    private static final FileAttribute<?> OWNER_ONLY =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
    private static final AtomicInteger COPIES = new AtomicInteger();
    private static final int NAMES_MAX = 1000;

    private final List<Open> jars = new ArrayList<>();

    /**
     * One jar.
     *
     * @param path where it was found
     * @param file its content at that time
     * @param source what its classes are said to come from
     */
    record Open(Path path, JarFile file, CodeSource source) {
        /**
         * What its manifest says; empty if it has none.
         *
         * @throws PluginException if it cannot be read
         */
        Attributes attributes() throws PluginException {
            try {
                Manifest manifest = file.getManifest();
                return manifest == null ? new Attributes() : manifest.getMainAttributes();
            } catch (IOException e) {
                throw new PluginException(path + " cannot be read as a jar: " + e.getMessage(), e);
            }
        }
    }

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
                made.jars.add(new Open(path, copy(path), source(path)));
            }
            done = true;
            return made;
        } finally {
            if (!done) {
                made.close();
            }
        }
    }

    private static CodeSource source(Path path) throws PluginException {
        try {
            return new CodeSource(path.toUri().toURL(), (Certificate[]) null);
        } catch (MalformedURLException e) {
            throw new PluginException(path + " has no URL: " + e.getMessage(), e);
        }
    }

    private static JarFile copy(Path path) throws PluginException {
        Path copy = null;
        try (FileChannel from = FileChannel.open(path, StandardOpenOption.READ)) {
            copy = newFile();
            try (FileChannel to = FileChannel.open(copy, StandardOpenOption.WRITE)) {
                copy(from, to);
            }
            return jar(copy, path);
        } catch (IOException e) {
            if (copy != null) {
                throw new PluginException(path + " cannot be copied to " + copy.getParent() + ": " + e, e);
            }
            LOG.warn(
                    "{} is used in place, as no temporary file can be made ({}): do not overwrite it",
                    path,
                    e.toString());
            return jar(path, path);
        } finally {
            if (copy != null) {
                delete(copy); // what is open stays readable
            }
        }
    }

    /**
     * Of this process alone: no other can have put a link there. Files.createTempFile takes longer, for a random name.
     */
    private static Path newFile() throws IOException {
        Path folder = Path.of(System.getProperty("java.io.tmpdir"));
        for (int tried = 1; ; tried++) {
            Path file = folder.resolve(
                    "baton-plugin-" + ProcessHandle.current().pid() + "-" + COPIES.incrementAndGet() + ".jar");
            try {
                return Files.createFile(file, OWNER_ONLY);
            } catch (FileAlreadyExistsException e) {
                if (tried == NAMES_MAX) {
                    throw e;
                }
            }
        }
    }

    private static void copy(FileChannel from, FileChannel to) throws IOException {
        long size = from.size();
        for (long done = 0; done < size; ) {
            long moved = from.transferTo(done, size - done, to);
            if (moved == 0) {
                throw new EOFException("it has become shorter");
            }
            done += moved;
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
