package dev.baton.runtime.takeover;

import dev.baton.runtime.loop.BatonLoop;
import dev.baton.runtime.takeover.LoopEmptying.Emptied;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The spare loops of this process.
 *
 * <pre>
 *              call                          dismiss
 *   none       start one: serves
 *   serves                                   the registry lists it no more; the others get what it has: leaves
 *   leaves     cancelled: serves             (its connections are gone: stands by)
 *   stands by  serves
 *   died       (forgotten)
 * </pre>
 *
 * <p>A loop that stands by keeps its thread and its id: ids are never used again, and would run out in a process whose
 * loops block now and then.
 *
 * <p>Threading: any thread; what may block is the worker's. The lock is never held while loops or listeners are told.
 */
public final class LiveSpares {
    private static final Logger LOG = LoggerFactory.getLogger(LiveSpares.class);

    private static final String DRAINING = "the process is draining";

    private final Supplier<BatonLoop> another;
    private final LoopSurroundings around;
    private final Executor worker;
    private final Map<BatonLoop, LoopEmptying> leaving = new HashMap<>();
    private final Deque<BatonLoop> standingBy = new ArrayDeque<>();

    /**
     * There are none yet.
     *
     * @param another starts a loop, which serves when this returns; may block
     * @param worker where that is done
     */
    public LiveSpares(Supplier<BatonLoop> another, LoopSurroundings around, Executor worker) {
        this.another = another;
        this.around = around;
        this.worker = worker;
    }

    /** See {@link dev.baton.spi.loop.SpareLoops#call}. */
    public CompletionStage<BatonLoop> call() {
        try {
            return CompletableFuture.supplyAsync(this::callNow, worker);
        } catch (RejectedExecutionException ended) {
            return CompletableFuture.failedStage(new IllegalStateException(DRAINING, ended));
        }
    }

    private BatonLoop callNow() {
        if (around.isStopping()) {
            throw new IllegalStateException(DRAINING);
        }
        BatonLoop back = takeBack();
        if (back == null) {
            return started();
        }
        back.comesBack();
        around.loops().comeBack(back);
        around.settleListeners();
        LOG.info("loop {}, a spare one, serves again", back.id());
        return back;
    }

    private BatonLoop started() {
        try {
            return another.get();
        } catch (RuntimeException e) {
            throw new IllegalStateException("no spare loop can be started: " + LoopChanges.rootOf(e), e);
        }
    }

    /** One that leaves, else one that stands by, else none. */
    private synchronized @Nullable BatonLoop takeBack() {
        leaving.keySet().removeIf(BatonLoop::isShuttingDown);
        standingBy.removeIf(BatonLoop::isShuttingDown);
        Iterator<Map.Entry<BatonLoop, LoopEmptying>> any = leaving.entrySet().iterator();
        if (!any.hasNext()) {
            return standingBy.poll();
        }
        Map.Entry<BatonLoop, LoopEmptying> back = any.next();
        any.remove();
        back.getValue().cancel();
        return back.getKey();
    }

    /** See {@link dev.baton.spi.loop.SpareLoops#dismiss}. */
    public CompletionStage<Integer> dismiss(BatonLoop spare) {
        if (!spare.isSpare() || !around.loops().leave(spare, false)) {
            throw new IllegalArgumentException(spare + " is no spare loop that serves, or the last loop that does");
        }
        spare.leaves();
        // As long as it takes: nothing waits for it.
        LoopEmptying emptying = new LoopEmptying(
                spare, around, Long.MAX_VALUE / 2, staying -> LOG.info("{}", LoopChanges.staying(staying, spare.id())));
        synchronized (this) {
            leaving.put(spare, emptying);
        }
        return emptying.begin().thenApply(emptied -> standsBy(spare, emptying, emptied));
    }

    private Integer standsBy(BatonLoop spare, LoopEmptying emptying, Emptied emptied) {
        synchronized (this) {
            if (!leaving.remove(spare, emptying)) {
                return emptied.moved(); // called again
            }
            standingBy.add(spare);
        }
        LOG.info("loop {}, a spare one, stands by; {} connections went to others", spare.id(), emptied.moved());
        return emptied.moved();
    }
}
