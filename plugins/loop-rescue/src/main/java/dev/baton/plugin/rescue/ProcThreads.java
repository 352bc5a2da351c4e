package dev.baton.plugin.rescue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads {@code /proc/self/task}, which costs some ten microseconds: only of a thread that is suspected. See proc(5) for
 * the form of the two files.
 */
final class ProcThreads implements ThreadStates {
    private static final Logger LOG = LoggerFactory.getLogger(ProcThreads.class);
    private static final Path TASKS = Path.of("/proc/self/task");

    @Override
    public long cpuNanos(long nativeId) {
        String text = read(nativeId, "schedstat");
        int blank = text.indexOf(' ');
        try {
            return blank > 0 ? Long.parseLong(text.substring(0, blank)) : UNKNOWN;
        } catch (NumberFormatException e) {
            LOG.debug("schedstat of thread {}: {}", nativeId, text, e);
            return UNKNOWN;
        }
    }

    @Override
    public boolean isRunnable(long nativeId) {
        String text = read(nativeId, "stat");
        // The name before it is in brackets and may have brackets in it.
        int name = text.lastIndexOf(')');
        return name >= 0 && text.startsWith(" R", name + 1);
    }

    private static String read(long nativeId, String file) {
        if (nativeId == 0) {
            return "";
        }
        try {
            return Files.readString(TASKS.resolve(Long.toString(nativeId)).resolve(file), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            LOG.debug("cannot read {} of thread {}", file, nativeId, e);
            return "";
        }
    }
}
