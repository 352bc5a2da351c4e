package dev.baton.runtime.plugin;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A plugin that is not used yet: a folder, or what a zip holds, unpacked for as long as this is open. */
public final class PluginCandidate implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(PluginCandidate.class);

    /** In the temporary folder, which only its owner can read; this one becomes the plugin's, if the zip has none. */
    private static final String UNPACKED = "plugin";

    private final Path given;
    private final Path folder;
    private final @Nullable Path temporary;

    private PluginCandidate(Path given, Path folder, @Nullable Path temporary) {
        this.given = given;
        this.folder = folder;
        this.temporary = temporary;
    }

    /**
     * Opens one.
     *
     * @param given a folder of jars, or a zip
     * @param beside where a zip is unpacked: a folder for temporary files, or one on the file system where it is to
     *     stay
     * @throws BadPluginException if the zip is none of a plugin
     * @throws PluginException if nothing is there, or the zip cannot be unpacked
     */
    public static PluginCandidate open(Path given, Path beside) throws PluginException {
        if (Files.isDirectory(given)) {
            return new PluginCandidate(given, given, null);
        }
        if (!Files.isRegularFile(given)) {
            throw new PluginException(given + " is not there; expected the zip of a plugin, or its folder");
        }
        Path temporary;
        try {
            temporary = Files.createTempDirectory(beside, ".baton-plugin-");
        } catch (IOException e) {
            throw new PluginException("cannot unpack " + given + " into " + beside + ": " + e, e);
        }
        boolean done = false;
        try {
            Path into = Files.createDirectory(temporary.resolve(UNPACKED));
            PluginCandidate candidate = new PluginCandidate(given, PluginZip.unpack(given, into), temporary);
            done = true;
            return candidate;
        } catch (IOException e) {
            throw new PluginException("cannot unpack " + given + " into " + temporary + ": " + e, e);
        } finally {
            if (!done) {
                remove(temporary);
            }
        }
    }

    /** The folder of its jars. */
    public Path folder() {
        return folder;
    }

    /**
     * Its id.
     *
     * @throws BadPluginException if it is no plugin that this runtime can load
     */
    public String id() throws PluginException {
        try (PluginFolder opened = PluginFolder.open(folder)) {
            return opened.manifest().id();
        } catch (PluginException e) {
            throw new BadPluginException(named(String.valueOf(e.getMessage())), e);
        }
    }

    /** Its version. */
    public String version() throws PluginException {
        try (PluginFolder opened = PluginFolder.open(folder)) {
            return opened.manifest().version();
        }
    }

    /** The jar that has the plugin's manifest. */
    public Path mainJar() throws PluginException {
        try (PluginFolder opened = PluginFolder.open(folder)) {
            return opened.manifest().jar();
        }
    }

    /**
     * Resolves what its classes refer to, as loading it does, and runs none of them.
     *
     * @throws PluginException if a reference leads nowhere
     */
    public void link() throws PluginException {
        try (PluginFolder opened = PluginFolder.open(folder);
                PluginClassLoader loader = new PluginClassLoader(
                        opened.manifest().id(), opened.jars(), PluginCandidate.class.getClassLoader())) {
            PluginLinker.link(opened.manifest().jar(), opened.jars(), loader);
        }
    }

    /** What loading does not mind, but its author should. */
    public List<String> advice() throws PluginException {
        try (PluginFolder opened = PluginFolder.open(folder)) {
            return PluginAdvice.on(opened).stream().map(this::named).toList();
        }
    }

    /** A message that names places in the zip, not where it was unpacked. */
    public String named(String message) {
        return temporary == null
                ? message
                : message.replace(temporary.resolve(UNPACKED).toString(), given + "!");
    }

    @Override
    public void close() {
        if (temporary != null) {
            remove(temporary);
        }
    }

    /** Removes a folder with everything in it; what cannot be removed stays. Another process may do the same. */
    public static void remove(Path folder) {
        if (!Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        try {
            Files.walkFileTree(folder, new SimpleFileVisitor<>() {
                @Override
                public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                    Files.deleteIfExists(file);
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult visitFileFailed(Path file, IOException failure) throws IOException {
                    if (failure instanceof NoSuchFileException) {
                        return FileVisitResult.CONTINUE;
                    }
                    throw failure;
                }

                @Override
                public FileVisitResult postVisitDirectory(Path each, @Nullable IOException failure) throws IOException {
                    Files.deleteIfExists(each);
                    return FileVisitResult.CONTINUE;
                }
            });
        } catch (IOException e) {
            LOG.warn("{} cannot be removed: {}", folder, e.toString());
        }
    }
}
