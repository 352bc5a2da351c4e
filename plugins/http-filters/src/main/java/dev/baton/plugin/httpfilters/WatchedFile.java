package dev.baton.plugin.httpfilters;

import dev.baton.spi.threading.AnyThread;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a small text file says. It is read when this is made, and again within a second of each change, by a thread for
 * all such files, so that loops never touch it. If it cannot be read any more, or has an error, what it said before
 * stays, and the log says why.
 *
 * @param <T> what is read from its lines
 */
final class WatchedFile<T> implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(WatchedFile.class);
    private static final long SIZE_MAX = 16L << 20;
    private static final long PERIOD_MILLIS = 1_000;

    private static final ScheduledThreadPoolExecutor WATCHER = watcher();

    private final Path path;
    private final Function<List<String>, T> parse;
    private final Future<?> watch;
    private volatile T content;
    /** Of the watcher. */
    private Version seen;

    /** What changes when a file does. */
    private record Version(@Nullable Object key, long modified, long size, String failure) {}

    private static ScheduledThreadPoolExecutor watcher() {
        ScheduledThreadPoolExecutor watcher = new ScheduledThreadPoolExecutor(1, task -> {
            Thread thread = new Thread(task, "http-filters files");
            thread.setDaemon(true);
            return thread;
        });
        watcher.setRemoveOnCancelPolicy(true);
        // No thread where there is no file.
        watcher.setKeepAliveTime(2 * PERIOD_MILLIS, TimeUnit.MILLISECONDS);
        watcher.allowCoreThreadTimeOut(true);
        return watcher;
    }

    /**
     * Reads a file.
     *
     * @param parse throws an IllegalArgumentException with a message for people
     * @throws IllegalArgumentException if it cannot be read, or parsed
     */
    WatchedFile(Path path, Function<List<String>, T> parse) {
        this.path = path;
        this.parse = parse;
        seen = version();
        content = read();
        watch = WATCHER.scheduleWithFixedDelay(this::look, PERIOD_MILLIS, PERIOD_MILLIS, TimeUnit.MILLISECONDS);
    }

    /** What the file says. */
    @AnyThread
    T content() {
        return content;
    }

    /** Looks whether the file has changed. One thread at a time. */
    void look() {
        Version now = version();
        if (now.equals(seen)) {
            return;
        }
        try {
            content = read();
            LOG.info("{} was read again", path);
        } catch (IllegalArgumentException e) {
            LOG.error("{}: what it said before still holds", e.getMessage());
        }
        seen = now;
    }

    private Version version() {
        try {
            BasicFileAttributes now = Files.readAttributes(path, BasicFileAttributes.class);
            return new Version(now.fileKey(), now.lastModifiedTime().to(TimeUnit.NANOSECONDS), now.size(), "");
        } catch (IOException e) {
            return new Version(null, 0, 0, e.toString());
        }
    }

    private T read() {
        List<String> lines;
        try {
            if (Files.size(path) > SIZE_MAX) {
                throw new IllegalArgumentException("cannot read " + path + ": it is larger than 16 MiB");
            }
            lines = Files.readAllLines(path);
        } catch (NoSuchFileException e) {
            throw new IllegalArgumentException("cannot read " + path + ": there is no such file", e);
        } catch (AccessDeniedException e) {
            throw new IllegalArgumentException("cannot read " + path + ": permission denied", e);
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException("cannot read " + path + ": it is not UTF-8", e);
        } catch (IOException e) {
            throw new IllegalArgumentException("cannot read " + path + ": " + e.getMessage(), e);
        }
        try {
            return Objects.requireNonNull(parse.apply(lines));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(path + ": " + e.getMessage(), e);
        }
    }

    @Override
    @AnyThread
    public void close() {
        watch.cancel(false);
    }
}
