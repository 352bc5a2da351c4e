package dev.baton.plugin.rescue;

import dev.baton.spi.loop.SpareLoops;
import dev.baton.spi.loop.WatchedLoop;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** Spare loops that come when the test lets them, into the list of loops that are watched. */
final class FakeSpares implements SpareLoops {
    private final List<FakeLoop> loops;
    private final List<CompletableFuture<WatchedLoop>> called = new ArrayList<>();
    private int nextId = 10;
    int calls;

    @Nullable
    String refusal;

    FakeSpares(List<FakeLoop> loops) {
        this.loops = loops;
    }

    @Override
    public CompletionStage<WatchedLoop> call() {
        calls++;
        String why = refusal;
        if (why != null) {
            return CompletableFuture.failedStage(new IllegalStateException(why));
        }
        CompletableFuture<WatchedLoop> coming = new CompletableFuture<>();
        called.add(coming);
        return coming;
    }

    /** Those that were called serve from now on. */
    void come() {
        for (CompletableFuture<WatchedLoop> each : called) {
            FakeLoop loop = new FakeLoop(nextId++);
            loop.spare = true;
            loop.waiting = true;
            loops.add(loop);
            each.complete(loop);
        }
        called.clear();
    }

    @Override
    public CompletionStage<Integer> dismiss(WatchedLoop spare) {
        if (!spare.isSpare() || !loops.remove((FakeLoop) spare)) {
            throw new IllegalArgumentException(spare + " does not serve");
        }
        return CompletableFuture.completedStage(0);
    }
}
