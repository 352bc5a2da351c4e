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
 * does; a negative number closes so many again. With it one rehearses what happens when the process runs out of fds.
 */
final class LeakAction implements AdminAction {
    private static final int FDS_MAX = 1 << 20;

    private final Deque<Closeable> leaked = new ArrayDeque<>();

    /**
     * What was done.
     *
     * @param leaked how many are open now
     * @param problem why it were not more; empty if it is as many as asked for
     */
    record Leaked(int leaked, String problem) {}

    @Override
    public String name() {
        return "chaos/leak";
    }

    @Override
    public CompletionStage<Leaked> act(Map<String, String> given) {
        long fds = new Parameters(given, "fds").number("fds", -FDS_MAX, FDS_MAX);
        return CompletableFuture.supplyAsync(() -> leak(fds));
    }

    private synchronized Leaked leak(long fds) {
        try {
            for (long i = 0; i < fds; i++) {
                leaked.push(new FileInputStream("/dev/null"));
            }
            for (long i = 0; i > fds && !leaked.isEmpty(); i--) {
                leaked.pop().close();
            }
            return new Leaked(leaked.size(), "");
        } catch (IOException e) {
            return new Leaked(leaked.size(), String.valueOf(e.getMessage()));
        }
    }
}
