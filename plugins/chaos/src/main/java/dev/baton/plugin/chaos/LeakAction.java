package dev.baton.plugin.chaos;

import dev.baton.spi.admin.AdminAction;
import dev.baton.spi.config.Range;
import java.io.Closeable;
import java.io.FileInputStream;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * {@code POST /v1/chaos/leak?fds=100}: opens files behind the fd table's back and keeps them, as a library that forgets
 * its close does; a negative number closes so many again. {@code ?mib=100} keeps so much of the heap, and a negative
 * number gives it back. With it one rehearses what happens when the process runs out of fds or of memory.
 */
final class LeakAction implements AdminAction<LeakAction.Wanted> {
    private static final int MIB = 1 << 20;

    private final Deque<Closeable> leaked = new ArrayDeque<>();
    private final Deque<byte[]> kept = new ArrayDeque<>();

    /**
     * What was done.
     *
     * @param leaked how many fds are open now
     * @param mib how much of the heap is kept now
     * @param problem why it were not more; empty if it is as many as asked for
     */
    record Leaked(int leaked, int mib, String problem) {}

    /**
     * What is to be kept more; less if it is negative. One of the two at least.
     *
     * @param fds files
     * @param mib mebibytes of heap
     */
    record Wanted(
            @Range(min = "-1048576", max = "1048576") Optional<Long> fds,

            @Range(min = "-1048576", max = "1048576") Optional<Long> mib) {
        Wanted {
            if (fds.isEmpty() && mib.isEmpty()) {
                throw new IllegalArgumentException("say fds or mib, or both");
            }
        }
    }

    @Override
    public CompletionStage<Leaked> act(Wanted wanted) {
        return CompletableFuture.supplyAsync(
                () -> leak(wanted.fds().orElse(0L), wanted.mib().orElse(0L)));
    }

    private synchronized Leaked leak(long fds, long mib) {
        for (long i = 0; i < mib; i++) {
            kept.push(new byte[MIB]);
        }
        for (long i = 0; i > mib && !kept.isEmpty(); i--) {
            kept.pop();
        }
        try {
            for (long i = 0; i < fds; i++) {
                leaked.push(new FileInputStream("/dev/null"));
            }
            for (long i = 0; i > fds && !leaked.isEmpty(); i--) {
                leaked.pop().close();
            }
            return new Leaked(leaked.size(), kept.size(), "");
        } catch (IOException e) {
            return new Leaked(leaked.size(), kept.size(), String.valueOf(e.getMessage()));
        }
    }
}
