package dev.baton.runtime.tls;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Tells when files have changed and are at rest again: a certificate and its key are written one after the other, and
 * are a pair only then. Any thread; it asks the file system.
 */
final class WatchedFiles {
    /** As they were when they were read. */
    private Map<Path, Version> taken = Map.of();
    /** As they were at the last look. */
    private Map<Path, Version> seen = Map.of();

    /** What changes when a file does. */
    private record Version(@Nullable Object key, long modified, long size) {}

    /** Files that are read after this: what becomes of them from now on is a change. */
    synchronized void add(Collection<Path> files) {
        Map<Path, Version> known = new HashMap<>(taken);
        files.forEach(file -> known.putIfAbsent(file, version(file)));
        taken = known;
    }

    /**
     * True once after each change, at the first look that finds the same as the one before. New files have not changed.
     */
    synchronized boolean haveChanged(Collection<Path> files) {
        Map<Path, Version> now = new HashMap<>();
        files.forEach(file -> now.put(file, version(file)));
        boolean rests = now.equals(seen);
        seen = now;
        boolean changed = false;
        Map<Path, Version> known = new HashMap<>();
        for (Map.Entry<Path, Version> each : now.entrySet()) {
            Version before = taken.getOrDefault(each.getKey(), each.getValue());
            changed |= !before.equals(each.getValue());
            known.put(each.getKey(), rests ? each.getValue() : before);
        }
        taken = known;
        return changed && rests;
    }

    private static Version version(Path file) {
        try {
            BasicFileAttributes now = Files.readAttributes(file, BasicFileAttributes.class);
            return new Version(now.fileKey(), now.lastModifiedTime().to(TimeUnit.NANOSECONDS), now.size());
        } catch (IOException gone) {
            return new Version(null, 0, -1); // what reads it says why
        }
    }
}
