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
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Loops of one kind that serve when they are needed and stand by when they are not: spare ones, or those that follow
 * the number of processors.
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
 * <p>A loop that stands by keeps its thread and its id. Ids are never used again, and would run out in a process whose
 * loops block now and then; and what cannot change loops, such as a context of a Vert.x, goes on where it is.
 *
 * <p>Threading: any thread; what may block is the worker's. The lock is never held while loops or listeners are told.
 */
public final class StandbyLoops {
    private static final Logger LOG = LoggerFactory.getLogger(StandbyLoops.class);

    private final Predicate<BatonLoop> kind;
    private final String word;
    private final Supplier<BatonLoop> another;
    private final LoopSurroundings around;
    private final Executor worker;
    private final Map<BatonLoop, LoopEmptying> leaving = new HashMap<>();
    private final Deque<BatonLoop> standingBy = new ArrayDeque<>();

    /**
     * There are none yet.
     *
     * @param kind which loops they are
     * @param word what they are called: {@code a spare loop}
     * @param another starts a loop, which serves when this returns; may block
     * @param worker where that is done
     */
    public StandbyLoops(
            Predicate<BatonLoop> kind,
            String word,
            Supplier<BatonLoop> another,
            LoopSurroundings around,
            Executor worker) {
        this.kind = kind;
        this.word = word;
        this.another = another;
        this.around = around;
        this.worker = worker;
    }

    /** Has one more serve, as {@link dev.baton.spi.loop.SpareLoops#call}. */
    public CompletionStage<BatonLoop> call() {
        try {
            return CompletableFuture.supplyAsync(this::callNow, worker);
        } catch (RejectedExecutionException ended) {
            return CompletableFuture.failedStage(new IllegalStateException("the process ends", ended));
        } catch (OutOfMemoryError e) { // for want of a thread
            return CompletableFuture.failedStage(failed(e));
        }
    }

    private BatonLoop callNow() {
        BatonLoop back = takeBack();
        if (back == null) {
            return started();
        }
        around.loops().comeBack(back);
        around.settleListeners();
        LOG.info("loop {} serves again, {}", back.id(), word);
        return back;
    }

    private BatonLoop started() {
        try {
            return another.get();
        } catch (RuntimeException | OutOfMemoryError e) {
            throw failed(e);
        }
    }

    private IllegalStateException failed(Throwable cause) {
        return new IllegalStateException(word + " cannot be started: " + LoopChanges.rootOf(cause), cause);
    }

    /** One that stands by, else one that leaves, else none. */
    private synchronized @Nullable BatonLoop takeBack() {
        leaving.keySet().removeIf(StandbyLoops::isGone);
        standingBy.removeIf(StandbyLoops::isGone);
        Iterator<Map.Entry<BatonLoop, LoopEmptying>> any = leaving.entrySet().iterator();
        if (!standingBy.isEmpty() || !any.hasNext()) {
            return standingBy.poll();
        }
        Map.Entry<BatonLoop, LoopEmptying> back = any.next();
        any.remove();
        back.getValue().cancel();
        return back.getKey();
    }

    private static boolean isGone(BatonLoop loop) {
        return loop.hasDied() || loop.isShuttingDown();
    }

    /** Has one serve no more, as {@link dev.baton.spi.loop.SpareLoops#dismiss}. */
    public CompletionStage<Integer> dismiss(BatonLoop loop) {
        if (!kind.test(loop) || !around.loops().leave(loop, false)) {
            return CompletableFuture.failedStage(new IllegalArgumentException(
                    loop + " is not " + word + " that serves, or the last loop that does"));
        }
        // As long as it takes: nothing waits for it.
        LoopEmptying emptying = new LoopEmptying(
                loop,
                around,
                Long.MAX_VALUE / 2,
                () -> true,
                () -> false,
                staying -> LOG.info("{}", LoopChanges.staying(staying, loop.id())));
        synchronized (this) {
            leaving.put(loop, emptying);
        }
        return emptying.begin().thenApply(emptied -> standsBy(loop, emptying, emptied));
    }

    private Integer standsBy(BatonLoop loop, LoopEmptying emptying, Emptied emptied) {
        synchronized (this) {
            if (!leaving.remove(loop, emptying)) {
                return emptied.moved(); // called again
            }
            standingBy.add(loop);
        }
        LOG.info("loop {}, {}, stands by; {} connections went to others", loop.id(), word, emptied.moved());
        return emptied.moved();
    }
}
