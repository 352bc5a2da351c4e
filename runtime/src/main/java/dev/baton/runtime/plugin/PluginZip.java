package dev.baton.runtime.plugin;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;

/** The zip of a plugin: one folder with jars, as {@code baton-plugin-parent} makes it, or the jars alone. */
final class PluginZip {
    /** Far above what a plugin brings; bounds what a zip that lies about its size writes. */
    private static final long BYTES_MAX = 1L << 30;

    private static final int FILES_MAX = 10_000;
    private static final int PIECE_BYTES = 64 * 1024;

    private PluginZip() {}

    /**
     * Unpacks a zip into a folder that is empty.
     *
     * @return the folder that is the plugin
     * @throws BadPluginException if it is none, if a name in it leads elsewhere, or if it is too large; what was
     *     written stays
     * @throws PluginException if it cannot be written
     */
    static Path unpack(Path zip, Path into) throws PluginException {
        try (ZipFile file = new ZipFile(zip.toFile())) {
            List<? extends ZipEntry> entries =
                    file.stream().filter(entry -> !entry.isDirectory()).toList();
            if (entries.size() > FILES_MAX) {
                throw new BadPluginException(zip + " has " + entries.size() + " files, more than " + FILES_MAX);
            }
            long said = entries.stream()
                    .mapToLong(entry -> Math.min(entry.getSize(), BYTES_MAX + 1))
                    .sum();
            if (said > BYTES_MAX) {
                throw tooLarge(zip);
            }
            Set<Path> written = new HashSet<>();
            long left = BYTES_MAX; // a zip can say less than it holds
            for (ZipEntry entry : entries) {
                Path target = target(zip, entry.getName(), into);
                if (!written.add(target)) {
                    throw new BadPluginException(zip + " has " + entry.getName() + " twice");
                }
                Files.createDirectories(target.getParent());
                try (InputStream in = file.getInputStream(entry);
                        OutputStream out = Files.newOutputStream(target)) {
                    left = copy(in, out, left);
                }
                if (left < 0) {
                    throw tooLarge(zip);
                }
            }
            return plugin(zip, into, written);
        } catch (ZipException | EOFException e) {
            throw new BadPluginException(zip + " cannot be read as a zip: " + e.getMessage(), e);
        } catch (IOException e) {
            throw new PluginException(zip + " cannot be unpacked into " + into + ": " + e, e);
        }
    }

    private static BadPluginException tooLarge(Path zip) {
        return new BadPluginException(zip + " holds more than " + (BYTES_MAX >> 20) + " MiB");
    }

    /** A name with {@code ..} or a root could lead to any file of the user's. */
    private static Path target(Path zip, String name, Path into) throws PluginException {
        try {
            Path target = into.resolve(name).normalize();
            if (target.startsWith(into)
                    && !target.equals(into)
                    && !name.contains("\\")
                    && List.of(name.split("/", -1)).stream()
                            .noneMatch(part -> part.isEmpty() || part.equals("..") || part.equals("."))) {
                return target;
            }
        } catch (InvalidPathException e) {
            // Told below.
        }
        throw new BadPluginException(zip + " has a file named '" + name
                + "', which does not stay in its folder: do not trust it; nothing was installed");
    }

    private static long copy(InputStream in, OutputStream out, long most) throws IOException {
        byte[] piece = new byte[PIECE_BYTES];
        long left = most;
        for (int count = in.read(piece); count >= 0 && left >= 0; count = in.read(piece)) {
            out.write(piece, 0, count);
            left -= count;
        }
        return left;
    }

    private static Path plugin(Path zip, Path into, Set<Path> files) throws PluginException {
        Set<Path> tops =
                files.stream().map(file -> into.relativize(file).getName(0)).collect(Collectors.toSet());
        if (files.stream().anyMatch(file -> into.equals(file.getParent()))) {
            return into;
        }
        if (tops.size() != 1) {
            throw new BadPluginException(
                    zip + " has " + tops.size() + " folders at its top; the zip of a plugin has one, with its jars");
        }
        return into.resolve(tops.iterator().next());
    }
}
