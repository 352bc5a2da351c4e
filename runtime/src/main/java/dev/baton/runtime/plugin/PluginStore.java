package dev.baton.runtime.plugin;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
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

    /**
     * The folder of the plugin with this id, whatever its name is.
     *
     * @throws PluginException if there are several, or the folder of this name has another plugin
     */
    public Optional<Path> find(String id) throws PluginException {
        if (!Files.isDirectory(root)) {
            return Optional.empty();
        }
        List<Path> found = PluginFolder.folders(root).stream()
                .filter(folder -> PluginFolder.id(folder).equals(id))
                .toList();
        if (found.size() > 1) {
            throw new PluginException("the plugin '" + id + "' is there " + found.size() + " times: "
                    + found.stream().map(Path::toString).collect(Collectors.joining(", ")) + "; remove all but one");
        }
        if (found.isEmpty() && Files.isDirectory(place(id))) {
            throw new PluginException("the folder " + place(id) + " has another plugin, '" + PluginFolder.id(place(id))
                    + "'; rename the folder");
        }
        return found.stream().findFirst();
    }

    /** The same, if it can be replaced or removed. */
    public Optional<Path> findOurs(String id) throws PluginException {
        return find(id).filter(this::isOurs);
    }

    /** True if the distribution has a plugin with this id. */
    public boolean hasOwn(String id) throws PluginException {
        return distributed && find(id).filter(folder -> !isInstalled(folder)).isPresent();
    }

    private boolean isOurs(Path folder) {
        return !distributed || isInstalled(folder);
    }

    /** True if the plugin in a folder was put there by {@link #install}. */
    public static boolean isInstalled(Path folder) {
        return Files.exists(folder.resolve(MARK));
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
        return locked(() -> {
            Path there = find(id).orElse(null);
            if (there != null && !isOurs(there)) {
                throw new PluginException(
                        "cannot install the plugin " + id + ": it is one of the distribution's, in " + there);
            }
            Files.writeString(unpacked.resolve(MARK), "by baton plugin install\n");
            if (there != null) {
                putAside(id, there);
            }
            try {
                Files.move(unpacked, place(id), StandardCopyOption.ATOMIC_MOVE);
            } catch (IOException e) {
                if (there != null) {
                    Files.move(before(id), there, StandardCopyOption.ATOMIC_MOVE);
                }
                throw e;
            }
            return there != null;
        });
    }

    /**
     * Takes a plugin out, and keeps it as the version before.
     *
     * @return the folder where it was
     * @throws PluginException if there is none, or it cannot be done
     */
    public Path remove(String id) throws PluginException {
        return locked(() -> {
            Path there = findOurs(id)
                    .orElseThrow(() ->
                            new PluginException("there is no plugin " + id + " in " + root + " that can be removed"));
            putAside(id, there);
            return there;
        });
    }

    private void putAside(String id, Path there) throws IOException {
        PluginCandidate.remove(before(id));
        Files.move(there, before(id), StandardCopyOption.ATOMIC_MOVE);
    }

    /** Something that changes the folder. */
    private interface Change<T> {
        T make() throws IOException, PluginException;
    }

    private <T> T locked(Change<T> change) throws PluginException {
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
