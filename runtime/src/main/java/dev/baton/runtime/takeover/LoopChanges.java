package dev.baton.runtime.takeover;

import dev.baton.runtime.channel.ChannelEnv;
import dev.baton.runtime.listener.BoundListeners;
import dev.baton.runtime.listener.SharedListener;
import dev.baton.runtime.loop.BatonLoop;
import dev.baton.runtime.loop.LoopRegistry;
import dev.baton.runtime.loop.LoopRole;
import dev.baton.runtime.loop.Timer;
import dev.baton.runtime.metrics.Meters;
import dev.baton.runtime.view.LiveView;
import dev.baton.spi.admin.LoopResult;
import dev.baton.spi.admin.LoopResult.Outcome;
import dev.baton.spi.loop.BoundConnections;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.IntFunction;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Loops that come and go while the process runs.
 *
 * <pre>
 *   add      a new id, thread and poller; the registry lists it; then every listener has it serve
 *   retire   the registry lists it no more, and it is chosen no more; then the others get everything that it has
 *            (LoopEmptying); then its thread ends, and the registry forgets it
 *   die      the loop's own thread says so. As retire, but that it accepts no more by itself, and a new one takes its place
 *   spare ones, those of lanes and those that follow the number of processors stand by when they are not needed: see
 *            StandbyLoops
 * </pre>
 *
 * <p>Of connections that cannot move, Vert.x's for example, a retiring loop waits for the end, at most for the grace
 * time. A listener that is made at the same time is brought in line with the loops after it has been entered, as it is
 * after each change of the loops: whichever of the two comes second sees the other.
 *
 * <p>Threading: any thread; the work is the worker's.
 */
public final class LoopChanges implements BatonLoop.Deaths {
    private static final Logger LOG = LoggerFactory.getLogger(LoopChanges.class);

    private static final String BOUND = "connections of Vert.x are bound to their context";
    /** What the end of a thread may take that has nothing to do. */
    private static final long END_SECONDS = 5;
    /**
     * Loops that die within a minute and are replaced: more of them die of something that the next would die of too.
     */
    private static final int DEATHS_MAX = 16;

    private static final long DEATHS_NANOS = Duration.ofMinutes(1).toNanos();

    private final LoopSurroundings around;
    private final LoopMaker another;
    private final LiveView view;
    private final Meters metrics;
    private final Executor worker;
    private final Duration grace;
    private final StandbyLoops elastic;
    private final StandbyLoops spares;
    private boolean ended;
    private final Deque<Long> deaths = new ArrayDeque<>();

    /** Makes a loop, which the registry knows then; its thread starts with its first task. */
    @FunctionalInterface
    public interface LoopMaker {
        /**
         * Makes one.
         *
         * @param role what it is there for
         */
        BatonLoop make(LoopRole role);
    }

    /**
     * Changes the loops of a registry.
     *
     * @param another makes one more
     * @param worker where retiring may block
     * @param timer has a loop that is retired looked at again and again, where that may block
     * @param clockNanos what the grace time is measured by
     * @param grace how long a retired loop may keep connections that cannot move
     * @param bound those of a loop, by its id
     */
    public LoopChanges(
            ChannelEnv channels,
            LoopRegistry loops,
            LoopMaker another,
            LiveView view,
            Meters metrics,
            BoundListeners listeners,
            Executor worker,
            Timer timer,
            LongSupplier clockNanos,
            Duration grace,
            IntFunction<List<BoundConnections>> bound,
            BooleanSupplier stopping) {
        this.around = new LoopSurroundings(channels, loops, listeners, timer, clockNanos, bound, stopping);
        this.another = another;
        this.view = view;
        this.metrics = metrics;
        this.worker = worker;
        this.grace = grace;
        this.elastic = new StandbyLoops(
                loop -> !loop.isSpare(),
                "a loop of those for processors",
                () -> start(LoopRole.ORDINARY),
                around,
                worker);
        this.spares = new StandbyLoops(BatonLoop::isSpare, "a spare loop", () -> start(LoopRole.SPARE), around, worker);
    }

    /** Loops beyond those of the configuration, for code that watches the loops. */
    public StandbyLoops spares() {
        return spares;
    }

    /** Loops of a service's own. */
    public StandbyLoops lane(LoopRole role) {
        return new StandbyLoops(
                loop -> loop.role().equals(role),
                "a loop of the lane of " + role.service(),
                () -> start(role),
                around,
                worker);
    }

    // ---- add ------------------------------------------------------------------------------------------------------

    /** See {@link dev.baton.spi.admin.RuntimeControl#addLoop}. */
    public CompletionStage<LoopResult> add() {
        return onWorker(-1, this::addNow);
    }

    private LoopResult addNow() {
        if (around.isStopping()) {
            return draining(-1);
        }
        BatonLoop loop;
        try {
            loop = start(LoopRole.ORDINARY);
        } catch (RuntimeException | OutOfMemoryError e) { // the latter for want of a thread
            return new LoopResult(-1, Outcome.FAILED, rootOf(e).toString());
        }
        return new LoopResult(
                loop.id(),
                Outcome.ADDED,
                "there are " + around.loops().batonLoops().size() + " loops");
    }

    /** Starts a loop, which may block. */
    private synchronized BatonLoop start(LoopRole role) {
        if (ended) {
            throw new IllegalStateException("the process ends");
        }
        BatonLoop loop = another.make(role);
        loop.mustNotEnd();
        try {
            loop.execute(() -> {}); // starts the thread
        } catch (Throwable t) { // there may be none: a loop that is listed without one would never help
            around.loops().leave(loop, true);
            around.loops().forget(loop);
            throw t;
        }
        view.publish(metrics, loop);
        around.settleListeners();
        LOG.info(
                switch (role.kind()) {
                    case ORDINARY -> "loop {} serves";
                    case SPARE -> "loop {}, a spare one, serves";
                    case LANE -> "loop {} serves {} and nothing else";
                },
                loop.id(),
                role.service());
        return loop;
    }

    /** Brings a listener in line with the loops that there are. */
    public CompletionStage<Void> settle(SharedListener listener) {
        return around.settle(listener);
    }

    /** How many loops serve that are no spare ones. */
    public int count() {
        return (int) around.loops().batonLoops().stream()
                .filter(loop -> !loop.isSpare())
                .count();
    }

    // ---- retire ---------------------------------------------------------------------------------------------------

    /** See {@link dev.baton.spi.admin.RuntimeControl#retireLoop}. */
    public CompletionStage<LoopResult> retire(int id) {
        List<BatonLoop> serving = around.loops().batonLoops();
        BatonLoop loop = serving.stream()
                .filter(each -> each.id() == id)
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("there is no loop " + id + "; there is: "
                        + serving.stream().map(BatonLoop::id).toList()));
        if (around.isStopping()) {
            return CompletableFuture.completedStage(draining(id));
        }
        if (!around.loops().leave(loop, false)) {
            return CompletableFuture.completedStage(new LoopResult(
                    id,
                    Outcome.FAILED,
                    "it is the last loop that is no spare one, or is retired already; add another one first"));
        }
        return end(loop);
    }

    // ---- as many as processors
    // ---------------------------------------------------------------------------------------

    /** Has one more loop serve, one that stands by if there is one. */
    public CompletionStage<BatonLoop> grow() {
        return elastic.call();
    }

    /**
     * Has one loop fewer serve: it stands by. The one with the highest id, but no spare one, and none that is blocked.
     */
    public CompletionStage<Integer> shrink() {
        return around.loops().batonLoops().stream()
                .filter(loop -> !loop.isSpare() && !loop.isAvoided())
                .max(Comparator.comparingInt(BatonLoop::id))
                .map(elastic::dismiss)
                .orElseGet(() -> CompletableFuture.failedStage(new IllegalStateException("every loop is blocked")));
    }

    // ---- the end of a loop
    // -------------------------------------------------------------------------------------------

    /** Has a loop that serves no more end when it has nothing left. */
    private CompletionStage<LoopResult> end(BatonLoop loop) {
        return new LoopEmptying(
                        loop,
                        around,
                        grace.toNanos(),
                        loop::isBound,
                        around.stopping(),
                        staying -> LOG.info(
                                loop.isBound() ? staying(staying, loop.id()) : staying(staying, loop.id(), grace)))
                .begin()
                .thenCompose(emptied -> end(loop, emptied))
                .exceptionally(failure -> failed(loop, rootOf(failure)));
    }

    private CompletionStage<LoopResult> end(BatonLoop loop, LoopEmptying.Emptied emptied) {
        List<BoundConnections> stayed = around.bound().apply(loop.id());
        if (loop.isBound() && !loop.hasDied()) {
            LOG.info(
                    "loop {} serves no more; {} connections went to others; its thread stays for contexts of Vert.x",
                    loop.id(),
                    emptied.moved());
            return CompletableFuture.completedStage(new LoopResult(
                    loop.id(),
                    Outcome.RETIRED,
                    retired(emptied.moved(), 0, List.of()) + "; its thread stays for contexts of Vert.x"
                            + (stayed.isEmpty() ? "" : ", with " + words(stayed))));
        }
        loop.release();
        return endThread(loop).thenApply(ended -> {
            around.loops().forget(loop);
            view.forget(metrics, loop);
            LOG.info(
                    "loop {} has ended; {} connections went to others, {} ended with it",
                    loop.id(),
                    emptied.moved(),
                    emptied.owned());
            return new LoopResult(loop.id(), Outcome.RETIRED, retired(emptied.moved(), emptied.owned(), stayed));
        });
    }

    private static LoopResult failed(BatonLoop loop, Throwable failure) {
        if (failure instanceof RejectedExecutionException) {
            LOG.debug("the process ends while {} leaves", loop, failure);
            return draining(loop.id());
        }
        LOG.error("{} cannot be retired", loop, failure);
        return new LoopResult(loop.id(), Outcome.FAILED, "it has stopped accepting, but: " + failure);
    }

    /** Tells a loop's thread to end, and completes when it has. */
    private CompletableFuture<Void> endThread(BatonLoop loop) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        loop.mayEnd();
        loop.shutdownGracefully(0, END_SECONDS, TimeUnit.SECONDS);
        lookForEnd(loop, LoopEmptying.STEP, done);
        return done;
    }

    /** Looked for, and not told: Netty tells it on a thread of its own, which keeps another time than the loops may. */
    private void lookForEnd(BatonLoop loop, Duration step, CompletableFuture<Void> done) {
        if (loop.isTerminated()) {
            done.complete(null);
            return;
        }
        // It may hang for as long as its process lives.
        Duration next = step.compareTo(LoopEmptying.STEP_MAX) < 0 ? step.multipliedBy(2) : LoopEmptying.STEP_MAX;
        try {
            around.timer().after(step, () -> lookForEnd(loop, next, done));
        } catch (RejectedExecutionException stopped) {
            done.completeExceptionally(stopped);
        }
    }

    // ---- die ------------------------------------------------------------------------------------------------------

    @Override
    public void died(BatonLoop loop, Throwable cause) {
        LOG.error("loop {} has died; the others take over its connections", loop.id(), cause);
        around.loops().leave(loop, true);
        metrics.counter("baton_loop_deaths_total", "Loops whose thread was ended by an error.")
                .increment();
        try {
            worker.execute(() -> {
                if (loop.isSpare()) {
                    LOG.info("loop {} was a spare one: the next that is needed takes its place", loop.id());
                } else if (loop.isLane()) {
                    LOG.info(
                            "loop {} was one of the lane of {}, which gets another",
                            loop.id(),
                            loop.role().service());
                } else if (mayReplace(loop)) {
                    LOG.info(
                            "loop {} takes the place of loop {}",
                            start(LoopRole.ORDINARY).id(),
                            loop.id());
                }
                end(loop);
            });
        } catch (RejectedExecutionException stopped) {
            LOG.debug("the process ends", stopped);
            loop.release();
        }
    }

    private boolean mayReplace(BatonLoop loop) {
        long now = around.clockNanos().getAsLong();
        synchronized (deaths) {
            deaths.add(now);
            deaths.removeIf(before -> now - before > DEATHS_NANOS);
            if (deaths.size() <= DEATHS_MAX && !around.isStopping()) {
                return true;
            }
        }
        LOG.error("nothing takes the place of loop {}: {} loops have died within a minute", loop.id(), DEATHS_MAX);
        return false;
    }

    // ---- the end --------------------------------------------------------------------------------------------------

    /** Ends the loops that were added; the first ones are Vert.x's to end. */
    public synchronized CompletionStage<Void> end(Collection<BatonLoop> first) {
        ended = true; // none comes after those
        CompletableFuture<?>[] ending = around.loops().known().stream()
                .filter(loop -> !first.contains(loop))
                .map(this::endThread)
                .toArray(CompletableFuture<?>[]::new);
        return CompletableFuture.allOf(ending);
    }

    private CompletionStage<LoopResult> onWorker(int id, Supplier<LoopResult> action) {
        try {
            return CompletableFuture.supplyAsync(action, worker);
        } catch (RejectedExecutionException ended) {
            LOG.debug("loops can no longer be added or retired", ended);
            return CompletableFuture.completedStage(draining(id));
        }
    }

    private static LoopResult draining(int id) {
        return new LoopResult(id, Outcome.FAILED, "the process is draining");
    }

    /** What a loop that is to end waits for, for a person. */
    static String staying(List<BoundConnections> connections, int loop, Duration grace) {
        return words(connections) + " stay on loop " + loop + ", which is to end, for " + grace.toSeconds()
                + " s at most: " + BOUND;
    }

    /** What stays on a loop that is needed no more, for a person. */
    static String staying(List<BoundConnections> connections, int loop) {
        return words(connections) + " stay on loop " + loop + ", which is needed no more, until they end: " + BOUND;
    }

    /** What became of a loop's connections, for a person. */
    static String retired(int moved, int cut, List<BoundConnections> stayed) {
        return moved + (moved == 1 ? " connection" : " connections") + " went to other loops"
                + (cut == 0 ? "" : ", " + cut + " that cannot move were cut")
                + (cut == 0 || stayed.isEmpty() ? "" : ", among them " + words(stayed) + " (" + BOUND + ")");
    }

    private static String words(List<BoundConnections> connections) {
        return connections.stream().map(BoundConnections::toString).collect(Collectors.joining(", "));
    }

    /** What is behind a failure. */
    static Throwable rootOf(Throwable failure) {
        Throwable cause = failure;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause;
    }
}
