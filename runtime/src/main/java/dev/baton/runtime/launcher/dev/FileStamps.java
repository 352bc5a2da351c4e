package dev.baton.runtime.launcher.dev;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Stream;

/**
 * The sizes and times of some files, to see that one has changed. Looking at them again and again works on every file
 * system, and costs less than a millisecond for a project.
 */
final class FileStamps {
    private FileStamps() {}

    /** Those of files, and of everything in folders. What is not there has none. */
    static Map<Path, String> of(Collection<Path> roots) {
        Map<Path, String> stamps = new HashMap<>();
        for (Path root : roots) {
            try (Stream<Path> files = Files.walk(root)) {
                files.forEach(file -> add(file, stamps));
            } catch (IOException | UncheckedIOException gone) {
                // Not there; or changing just now, which the next look sees.
            }
        }
        return stamps;
    }

    private static void add(Path file, Map<Path, String> stamps) {
        try {
            BasicFileAttributes now = Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
            if (!now.isDirectory()) {
                stamps.put(file, now.size() + " " + now.lastModifiedTime() + " " + now.fileKey());
            }
        } catch (IOException gone) {
            // It has no stamp then, which is a change.
        }
    }
}
