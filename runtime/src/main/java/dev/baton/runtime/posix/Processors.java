package dev.baton.runtime.posix;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How many processors the kernel lets this process use: those that it may run on, and no more than the quotas of its
 * cgroup and of those around it allow, rounded up. They are read anew each time: an orchestrator may change them while
 * the process runs.
 *
 * <pre>
 *              of /proc/self/cgroup    file                  says
 *   version 2  0::PATH                 cpu.max               QUOTA PERIOD, in microseconds; QUOTA may be max
 *   version 1  N:...,cpu,...:PATH      cpu.cfs_quota_us      microseconds in each cpu.cfs_period_us; negative for no limit
 * </pre>
 *
 * <p>In a container the path may be that of the host, which is not to be seen: then the root of the mount is the
 * container's own. Any thread.
 */
public final class Processors {
    private static final Logger LOG = LoggerFactory.getLogger(Processors.class);

    /** Another folder than /sys/fs/cgroup, for tests. */
    static final String FOLDER_PROPERTY = "baton.cgroup.folder";

    private static final String VERSION_2 = "0::";

    private final Path membership;
    private final Path mount;

    /** Those of this process. */
    public Processors() {
        this(Path.of("/proc/self/cgroup"), Path.of(System.getProperty(FOLDER_PROPERTY, "/sys/fs/cgroup")));
    }

    /**
     * Those of a process.
     *
     * @param membership the file that says which cgroups it is in
     * @param mount where cgroups are mounted
     */
    Processors(Path membership, Path mount) {
        this.membership = membership;
        this.mount = mount;
    }

    /** At least 1. Cost: reads a few small files. */
    public int count() {
        int may = Runtime.getRuntime().availableProcessors();
        OptionalDouble quota = quota();
        return quota.isPresent() ? (int) Math.max(1, Math.min(may, Math.ceil(quota.getAsDouble()))) : may;
    }

    /** How many processors the quotas amount to; empty if there is none. */
    OptionalDouble quota() {
        double least = Double.POSITIVE_INFINITY;
        for (String line : lines(membership)) {
            if (line.startsWith(VERSION_2)) {
                Path root = Files.exists(mount.resolve("cgroup.controllers")) ? mount : mount.resolve("unified");
                least = Math.min(least, least(root, line.substring(VERSION_2.length()), Processors::ofVersion2));
            } else if (isOfVersion1(line)) {
                String path = line.substring(line.lastIndexOf(':') + 1);
                least = Math.min(least, least(version1(line), path, Processors::ofVersion1));
            }
        }
        return Double.isInfinite(least) ? OptionalDouble.empty() : OptionalDouble.of(least);
    }

    private static boolean isOfVersion1(String line) {
        String[] parts = line.split(":", 3);
        return parts.length == 3 && List.of(parts[1].split(",")).contains("cpu");
    }

    private Path version1(String line) {
        Path together = mount.resolve(line.split(":", 3)[1]);
        return Files.isDirectory(together) ? together : mount.resolve("cpu");
    }

    private interface Quota {
        /** Processors, infinite for no limit. */
        double of(Path cgroup);
    }

    /** Of a cgroup and those around it. */
    private static double least(Path root, String path, Quota quota) {
        Path inside =
                root.resolve(path.startsWith("/") ? path.substring(1) : path).normalize();
        if (!inside.startsWith(root) || !Files.isDirectory(inside)) {
            inside = root;
        }
        double least = quota.of(root);
        for (Path each = inside; each != null && !each.equals(root); each = each.getParent()) {
            least = Math.min(least, quota.of(each));
        }
        return least;
    }

    private static double ofVersion2(Path cgroup) {
        String text = text(cgroup.resolve("cpu.max"));
        String[] parts = text == null ? new String[0] : text.split(" ");
        return parts.length == 2 ? share(parts[0], parts[1]) : Double.POSITIVE_INFINITY;
    }

    private static double ofVersion1(Path cgroup) {
        String quota = text(cgroup.resolve("cpu.cfs_quota_us"));
        String period = text(cgroup.resolve("cpu.cfs_period_us"));
        return quota == null || period == null ? Double.POSITIVE_INFINITY : share(quota, period);
    }

    private static double share(String quota, String period) {
        try {
            double share = (double) Long.parseLong(quota) / Long.parseLong(period);
            return share > 0 && !Double.isNaN(share) ? share : Double.POSITIVE_INFINITY;
        } catch (NumberFormatException e) { // max
            LOG.trace("no quota: {}", quota, e);
            return Double.POSITIVE_INFINITY;
        }
    }

    private static @Nullable String text(Path file) {
        List<String> lines = lines(file);
        return lines.isEmpty() ? null : lines.get(0).strip();
    }

    private static List<String> lines(Path file) {
        try {
            return Files.exists(file) ? Files.readAllLines(file, StandardCharsets.UTF_8) : List.of();
        } catch (IOException e) {
            LOG.debug("cannot read {}", file, e);
            return List.of();
        }
    }
}
