package dev.baton.runtime.dns;

import io.netty.resolver.HostsFileEntriesProvider;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.StringReader;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The files in which the machine says how names are looked up: read when first asked for and again when they have
 * changed. A file that is missing counts as empty, and so does one that cannot be read, which is logged once.
 *
 * <p>Blocks for as long as a file takes. Threading: any thread but a loop; one at a time.
 */
final class SystemFiles {
    private static final Logger LOG = LoggerFactory.getLogger(SystemFiles.class);

    /** What a file system may round the time of a change to; a file that is younger is read again. */
    private static final Duration CLOCK_TICK = Duration.ofSeconds(2);

    private static final Path KERNELS_HOST_NAME = Path.of("/proc/sys/kernel/hostname");

    private final Watched<NameSources> nsswitch;
    private final Watched<ResolvConf> resolvConf;
    private final Watched<HostsFileEntriesProvider> hosts;

    /** Those of a folder, {@code /etc} of this machine. */
    SystemFiles(Path folder) {
        nsswitch = new Watched<>(
                folder.resolve("nsswitch.conf"),
                text -> NameSources.parse(text.lines().toList()));
        resolvConf = new Watched<>(
                folder.resolve("resolv.conf"),
                text -> ResolvConf.parse(text.lines().toList(), hostName()));
        hosts = new Watched<>(folder.resolve("hosts"), SystemFiles::parseHosts);
    }

    synchronized NameSources sources() {
        return nsswitch.now();
    }

    synchronized ResolvConf resolvConf() {
        return resolvConf.now();
    }

    /** The addresses that the hosts file has for a name, IPv4 first; none if it has not got it. */
    synchronized List<InetAddress> hosts(String name) {
        String key = name.toLowerCase(Locale.ROOT);
        HostsFileEntriesProvider now = hosts.now();
        List<InetAddress> all = new ArrayList<>(now.ipv4Entries().getOrDefault(key, List.of()));
        all.addAll(now.ipv6Entries().getOrDefault(key, List.of()));
        return all;
    }

    private static HostsFileEntriesProvider parseHosts(String text) {
        try (BufferedReader reader = new BufferedReader(new StringReader(text))) {
            return HostsFileEntriesProvider.parser().parse(reader);
        } catch (IOException e) {
            throw new AssertionError("a text cannot fail to be read", e);
        }
    }

    private static String hostName() {
        try {
            return Files.readString(KERNELS_HOST_NAME).strip();
        } catch (IOException e) {
            LOG.debug("the kernel does not tell the machine's name", e);
            return "";
        }
    }

    /** What one file says. */
    private static final class Watched<T> {
        /** By which a change is noticed. */
        private record Stamp(
                FileTime changed, long size, @Nullable Object file) {
            /** Of a file that is not there. */
            static final Stamp NONE = new Stamp(FileTime.fromMillis(0), -1, null);
        }

        private final Path path;
        private final Function<String, T> parser;
        private @Nullable Stamp stamp;
        private @Nullable T content;
        private boolean complained;

        Watched(Path path, Function<String, T> parser) {
            this.path = path;
            this.parser = parser;
        }

        T now() {
            Stamp seen = stamp();
            T known = content;
            if (known != null && seen.equals(stamp)) {
                return known;
            }
            T read = parser.apply(seen.equals(Stamp.NONE) ? "" : text());
            content = read;
            boolean fresh = seen.changed.toInstant().isAfter(Instant.now().minus(CLOCK_TICK));
            stamp = fresh ? null : seen;
            return read;
        }

        private Stamp stamp() {
            try {
                BasicFileAttributes now = Files.readAttributes(path, BasicFileAttributes.class);
                return new Stamp(now.lastModifiedTime(), now.size(), now.fileKey());
            } catch (NoSuchFileException e) {
                return Stamp.NONE;
            } catch (IOException e) {
                complain(e);
                return Stamp.NONE;
            }
        }

        private String text() {
            try {
                // Any byte is a character there; names have ASCII alone.
                return Files.readString(path, StandardCharsets.ISO_8859_1);
            } catch (IOException e) {
                complain(e);
                return "";
            }
        }

        private void complain(IOException e) {
            if (!complained) {
                complained = true;
                LOG.warn("{} cannot be read, and counts as empty: {}", path, e.toString());
            }
        }
    }
}
