package dev.baton.runtime.plugin;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A folder of plugins whose content changes by renaming whole folders, so that no process ever loads half of a plugin.
 * A process that runs is not disturbed: it has copies of the jars. The version before is kept beside, hidden. One
 * change at a time, also of several processes.
 */
public final class PluginStore {
    /** In a plugin's folder: it was put there by {@link #install}, and is none of the distribution's own. */
    private static final String MARK = "installed";

    private static final String LOCK = ".lock";

    private final Path root;
    private final boolean distributed;

    /**
     * For a folder of plugins, which is made if it is not there.
     *
     * @param root the folder
     * @param distributed true for that of the distribution: its own plugins are neither replaced nor removed
     */
    public PluginStore(Path root, boolean distributed) {
        this.root = root;
        this.distributed = distributed;
    }

    /** The folder of plugins. */
    public Path root() {
        return root;
    }

    /** Where a plugin of this id is or would be. */
    public Path place(String id) {
        return root.resolve(id);
    }

    /** Where the version before is kept. */
    public Path before(String id) {
        return root.resolve("." + id + ".before");
    }

    /** True if there is a plugin that can be replaced or removed. */
    public boolean has(String id) {
        return Files.isDirectory(place(id), LinkOption.NOFOLLOW_LINKS) && isOurs(id);
    }

    private boolean isOurs(String id) {
        return !distributed || Files.exists(place(id).resolve(MARK));
    }

    /**
     * Makes the folder of plugins.
     *
     * @throws PluginException if it cannot be made
     */
    public void prepare() throws PluginException {
        try {
            Files.createDirectories(root);
        } catch (IOException e) {
            throw cannot("make the folder " + root, e);
        }
    }

    /**
     * Puts a plugin in, in the place of the one with this id.
     *
     * @param unpacked its folder, on the same file system, which is moved
     * @return true if there was one before, which is kept
     * @throws PluginException if it cannot be done; the one before is in its place then
     */
    public boolean install(String id, Path unpacked) throws PluginException {
        if (Files.exists(place(id), LinkOption.NOFOLLOW_LINKS) && !isOurs(id)) {
            throw new PluginException(
                    "cannot install the plugin " + id + ": it is one of the distribution's, in " + place(id));
        }
        return locked(() -> {
            Files.writeString(unpacked.resolve(MARK), "by baton plugin install\n");
            boolean replaced = putAside(id);
            try {
                Files.move(unpacked, place(id), StandardCopyOption.ATOMIC_MOVE);
            } catch (IOException e) {
                if (replaced) {
                    Files.move(before(id), place(id), StandardCopyOption.ATOMIC_MOVE);
                }
                throw e;
            }
            return replaced;
        });
    }

    /**
     * Takes a plugin out, and keeps it as the version before.
     *
     * @throws PluginException if there is none, or it cannot be done
     */
    public void remove(String id) throws PluginException {
        if (!has(id)) {
            throw new PluginException("there is no plugin " + id + " in " + root + " that can be removed");
        }
        locked(() -> putAside(id));
    }

    /** False if there is nothing to put aside. */
    private boolean putAside(String id) throws IOException {
        Path place = place(id);
        if (!Files.exists(place, LinkOption.NOFOLLOW_LINKS)) {
            return false;
        }
        PluginCandidate.remove(before(id));
        Files.move(place, before(id), StandardCopyOption.ATOMIC_MOVE);
        return true;
    }

    /** Something that changes the folder. */
    private interface Change {
        boolean make() throws IOException;
    }

    private boolean locked(Change change) throws PluginException {
        try (FileChannel file =
                        FileChannel.open(root.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                @Nullable FileLock lock = lock(file).orElse(null)) {
            if (lock == null) {
                throw new PluginException("another command changes the plugins in " + root + " just now; try again");
            }
            return change.make();
        } catch (IOException e) {
            throw cannot("change the plugins in " + root, e);
        }
    }

    private static Optional<FileLock> lock(FileChannel file) throws IOException {
        try {
            return Optional.ofNullable(file.tryLock());
        } catch (OverlappingFileLockException e) { // held by this process
            return Optional.empty();
        }
    }

    private static PluginException cannot(String what, IOException e) {
        return new PluginException(
                "cannot " + what + ": " + e + "; run the command as the owner of that folder, or name another by --to",
                e);
    }
}
