package dev.baton.plugin.chaos;

import dev.baton.spi.admin.AdminAction;
import java.io.Closeable;
import java.io.FileInputStream;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * {@code POST /v1/chaos/leak?fds=100}: opens files behind the fd table's back and keeps them, as a library that forgets its close
 * does; a negative number closes so many again. {@code ?mib=100} keeps so much of the heap, and a negative number gives it back.
 * With it one rehearses what happens when the process runs out of fds or of memory.
 */
final class LeakAction implements AdminAction {
    private static final int FDS_MAX = 1 << 20;

    private static final int MIB_MAX = 1 << 20;
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

    @Override
    public String name() {
        return "chaos/leak";
    }

    @Override
    public CompletionStage<Leaked> act(Map<String, String> given) {
        Parameters parameters = new Parameters(given, "fds", "mib");
        long mib = parameters.number("mib", -MIB_MAX, MIB_MAX, 0);
        long fds = given.containsKey("mib")
                ? parameters.number("fds", -FDS_MAX, FDS_MAX, 0)
                : parameters.number("fds", -FDS_MAX, FDS_MAX);
        return CompletableFuture.supplyAsync(() -> leak(fds, mib));
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
