package dev.baton.plugin.httpfilters.log;

import dev.baton.spi.metrics.Metrics;
import dev.baton.spi.threading.AnyThread;
import dev.baton.spi.threading.OffLoop;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The files of all access logs: one for each path, however many filters write to it. */
@Singleton
public final class LogFiles {
    private final Metrics metrics;
    private final Map<Optional<Path>, Use> files = new HashMap<>();

    /** A file, and how many filters use it. */
    private static final class Use {
        private final LogFile file;
        private int filters;

        private Use(LogFile file) {
            this.file = file;
        }
    }

    @Inject
    LogFiles(Metrics metrics) {
        this.metrics = metrics;
    }

    /** The file of this path, to be given back. The first use says how large its ring is. */
    @AnyThread
    synchronized LogFile use(Optional<Path> path, int ringBytes) {
        Use use = files.computeIfAbsent(key(path), each -> new Use(new LogFile(path, ringBytes, metrics)));
        use.filters++;
        return use.file;
    }

    private static Optional<Path> key(Optional<Path> path) {
        return path.map(each -> each.toAbsolutePath().normalize());
    }

    /** Gives a file back; the last one closes it. */
    @OffLoop
    void giveBack(Optional<Path> path) {
        LogFile unused = null;
        synchronized (this) {
            Use use = files.get(key(path));
            if (use != null && --use.filters == 0) {
                files.remove(key(path));
                unused = use.file;
            }
        }
        if (unused != null) {
            unused.close();
        }
    }

    /** All that are in use. */
    @AnyThread
    synchronized List<LogFile> all() {
        return files.values().stream().map(use -> use.file).toList();
    }
}
