package dev.baton.runtime.takeover;

import dev.baton.runtime.channel.ChannelEnv;
import dev.baton.runtime.channel.MovableStreamChannel;
import dev.baton.runtime.fd.FdObservers;
import dev.baton.runtime.listener.BoundListeners;
import dev.baton.runtime.listener.SharedListener;
import dev.baton.runtime.loop.BatonLoop;
import dev.baton.runtime.loop.LoopGroup;
import dev.baton.runtime.loop.LoopRegistry;
import dev.baton.runtime.loop.Timer;
import dev.baton.runtime.metrics.Meters;
import dev.baton.runtime.view.LiveView;
import dev.baton.spi.admin.LoopResult;
import dev.baton.spi.admin.LoopResult.Outcome;
import dev.baton.spi.loop.BoundConnections;
import dev.baton.spi.poller.PollerProvider;
import io.netty.util.concurrent.Ticker;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.IntFunction;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Loops that come and go while the process runs.
 *
 * <pre>
 *   add      a new id, thread and poller; the registry lists it; then every listener has it serve
 *   retire   the registry lists it no more, and it is chosen no more; then, at the same time,
 *              every listener has it let go, which others do in its place already
 *              the other loops take over what it owns, list after list (LoopEvacuation): a list is of a moment, and what the loop
 *              still runs may bring new connections, of which each is on a later list
 *              timers that former owners of a connection have left with it are brought to where the connection is
 *            until it owns nothing in several looks and no listener has it; then its thread ends, and the registry forgets it
 *   die      the loop's own thread says so. As retire, but that it accepts no more by itself, and a new one takes its place
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

    /** Between two lists of what a loop still owns: its listeners and callbacks need some turns too. */
    private static final Duration STEP = Duration.ofMillis(5);
    /** Between two looks at a thread that does not end. */
    private static final Duration STEP_MAX = Duration.ofSeconds(1);
    /** Looks in a row that have to find nothing: what a callback was about to bring is there by then. */
    private static final int QUIET_LOOKS = 4;

    private static final String BOUND = "connections of Vert.x are bound to their context";
    /** What the end of a thread may take that has nothing to do. */
    private static final long END_SECONDS = 5;
    /**
     * Loops that die within a minute and are replaced: more of them die of something that the next would die of too.
     */
    private static final int DEATHS_MAX = 16;

    private static final long DEATHS_NANOS = Duration.ofMinutes(1).toNanos();

    private final ChannelEnv channels;
    private final FdObservers observers;
    private final LoopRegistry loops;
    private final PollerProvider poller;
    private final LiveView view;
    private final Meters metrics;
    private final BoundListeners listeners;
    private final Executor worker;
    private final Timer timer;
    private final LongSupplier clock;
    private final Duration grace;
    private final IntFunction<List<BoundConnections>> bound;
    private final BooleanSupplier stopping;
    private final Deque<Long> deaths = new ArrayDeque<>();

    /**
     * Changes the loops of a registry.
     *
     * @param worker where retiring may block
     * @param timer has a loop that is retired looked at again and again, where that may block
     * @param clockNanos what the grace time is measured by
     * @param grace how long a retired loop may keep connections that cannot move
     * @param bound those of a loop, by its id
     */
    public LoopChanges(
            ChannelEnv channels,
            FdObservers observers,
            LoopRegistry loops,
            PollerProvider poller,
            LiveView view,
            Meters metrics,
            BoundListeners listeners,
            Executor worker,
            Timer timer,
            LongSupplier clockNanos,
            Duration grace,
            IntFunction<List<BoundConnections>> bound,
            BooleanSupplier stopping) {
        this.channels = channels;
        this.observers = observers;
        this.loops = loops;
        this.poller = poller;
        this.view = view;
        this.metrics = metrics;
        this.listeners = listeners;
        this.worker = worker;
        this.timer = timer;
        this.clock = clockNanos;
        this.grace = grace;
        this.bound = bound;
        this.stopping = stopping;
    }

    /** Threads of loops that are added, made by who made the first ones: Vert.x tells its own by their class. */
    private static final class LoopThreads implements ThreadFactory {
        private final ThreadFactory threads;
        private final boolean named;
        private volatile String name = "baton-loop";

        LoopThreads(ThreadFactory threads, boolean named) {
            this.threads = threads;
            this.named = named;
        }

        @Override
        public Thread newThread(Runnable loop) {
            Thread thread = threads.newThread(loop);
            if (named) {
                thread.setName(name);
            }
            thread.setDaemon(true);
            return thread;
        }
    }

    // ---- add ------------------------------------------------------------------------------------------------------

    /** See {@link dev.baton.spi.admin.RuntimeControl#addLoop}. */
    public CompletionStage<LoopResult> add() {
        return onWorker(-1, this::addNow);
    }

    private LoopResult addNow() {
        if (stopping.getAsBoolean()) {
            return draining(-1);
        }
        BatonLoop loop;
        try {
            loop = start();
        } catch (RuntimeException e) {
            return new LoopResult(-1, Outcome.FAILED, String.valueOf(rootMessage(e)));
        }
        return new LoopResult(
                loop.id(), Outcome.ADDED, "there are " + loops.batonLoops().size() + " loops");
    }

    private BatonLoop start() {
        LoopThreads threads = new LoopThreads(loops.threads(), loops.foreignThreads() == null);
        LoopGroup group = new LoopGroup(
                1, threads, poller, channels.posix(), channels.table(), observers, loops, Ticker.systemTicker());
        BatonLoop loop = (BatonLoop) group.iterator().next();
        loop.mustNotEnd();
        threads.name = "baton-loop-" + loop.id();
        loop.execute(() -> {}); // starts the thread
        view.publish(metrics, loop);
        listeners.all().forEach(this::settle);
        LOG.info("loop {} serves", loop.id());
        return loop;
    }

    /** Brings a listener in line with the loops that there are. */
    public CompletionStage<Void> settle(SharedListener listener) {
        return listener.loopsChanged(loops.batonLoops());
    }

    // ---- retire ---------------------------------------------------------------------------------------------------

    /** See {@link dev.baton.spi.admin.RuntimeControl#retireLoop}. */
    public CompletionStage<LoopResult> retire(int id) {
        List<BatonLoop> serving = loops.batonLoops();
        BatonLoop loop = serving.stream()
                .filter(each -> each.id() == id)
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("there is no loop " + id + "; there is: "
                        + serving.stream().map(BatonLoop::id).toList()));
        if (stopping.getAsBoolean()) {
            return CompletableFuture.completedStage(draining(id));
        }
        if (!loops.leave(loop, false)) {
            return CompletableFuture.completedStage(new LoopResult(
                    id, Outcome.FAILED, "it is the last loop, or is retired already; add another one first"));
        }
        loop.leaves();
        return new Leaving(loop).begin();
    }

    /** A loop on its way out. */
    private final class Leaving implements Runnable {
        private final BatonLoop loop;
        private final long deadline = clock.getAsLong() + grace.toNanos();
        private final CompletableFuture<LoopResult> done = new CompletableFuture<>();
        private CompletableFuture<Void> listenersGone = CompletableFuture.completedFuture(null);
        private LoopEvacuation rescue;
        private Duration step = STEP;
        private int moved;
        private int quiet;
        private boolean timersAsked;
        /** Its thread was told to end. */
        private boolean ending;
        /** How many connections it owned then. */
        private int cut;
        /** Those of them that could not move. */
        private List<BoundConnections> stayed = List.of();
        /** It was said what cannot move. */
        private boolean told;

        private final AtomicInteger timersUnderWay = new AtomicInteger();

        Leaving(BatonLoop loop) {
            this.loop = loop;
            this.rescue = LoopEvacuation.ofLeaving(loop, channels.table());
        }

        CompletionStage<LoopResult> begin() {
            listenersGone = CompletableFuture.allOf(
                    listeners.all().stream().map(this::leave).toArray(CompletableFuture<?>[]::new));
            rescue.start(helpers(), List.of());
            again();
            return done;
        }

        /** Completes when the loop has let go of a listener, whatever the reason: others may leave at the same time. */
        private CompletableFuture<Void> leave(SharedListener listener) {
            settle(listener);
            return listener.removeLoop(loop).toCompletableFuture();
        }

        private List<BatonLoop> helpers() {
            List<BatonLoop> free = loops.batonLoops().stream()
                    .filter(each -> !each.isAvoided())
                    .toList();
            return free.isEmpty() ? loops.batonLoops() : free;
        }

        private void again() {
            try {
                timer.after(step, this);
            } catch (RejectedExecutionException stopped) {
                LOG.debug("the process ends while {} leaves", loop, stopped);
                done.complete(draining(loop.id()));
            }
        }

        @Override
        public void run() {
            try {
                if (ending) {
                    lookForEnd();
                } else {
                    look();
                }
            } catch (Throwable t) { // the caller waits for an answer
                LOG.error("{} cannot be retired", loop, t);
                done.complete(new LoopResult(loop.id(), Outcome.FAILED, "it has stopped accepting, but: " + t));
            }
        }

        private void look() {
            int owned = loop.owned();
            quiet = owned == 0 && listenersGone.isDone() ? quiet + 1 : 0;
            boolean late = clock.getAsLong() - deadline >= 0;
            if (quiet >= QUIET_LOOKS && !timersAsked) {
                // Now that nothing can be owned here any more, nothing more is armed here.
                timersAsked = true;
                bringTimers();
            }
            if ((quiet >= QUIET_LOOKS && timersUnderWay.get() == 0) || late || stopping.getAsBoolean()) {
                end(owned);
                return;
            }
            if (rescue.isOver() || rescue.helpers() == 0) {
                tellWhatStays();
                moved += rescue.taken();
                rescue = LoopEvacuation.ofLeaving(loop, channels.table()).start(helpers(), List.of());
            }
            again();
        }

        private void tellWhatStays() {
            List<BoundConnections> staying = told ? List.of() : bound.apply(loop.id());
            if (!staying.isEmpty()) {
                told = true;
                LOG.info(staying(staying, loop.id(), grace));
            }
        }

        private void bringTimers() {
            channels.table().forEach(state -> {
                if (state.handler() instanceof MovableStreamChannel connection && connection.hasTimers()) {
                    timersUnderWay.incrementAndGet();
                    connection.bringTimers(timersUnderWay::decrementAndGet);
                }
            });
        }

        private void end(int owned) {
            rescue.end();
            moved += rescue.taken();
            stayed = bound.apply(loop.id());
            loop.release();
            loop.mayEnd();
            loop.shutdownGracefully(0, END_SECONDS, TimeUnit.SECONDS);
            cut = owned;
            ending = true;
            again();
        }

        /**
         * Looked for, and not told: Netty tells it on a thread of its own, which keeps another time than the loops may.
         */
        private void lookForEnd() {
            if (!loop.isTerminated()) {
                // It may hang for as long as its process lives.
                step = step.compareTo(STEP_MAX) < 0 ? step.multipliedBy(2) : STEP_MAX;
                again();
                return;
            }
            loops.forget(loop);
            view.forget(metrics, loop);
            LOG.info("loop {} has ended; {} connections went to others, {} ended with it", loop.id(), moved, cut);
            done.complete(new LoopResult(loop.id(), Outcome.RETIRED, retired(moved, cut, stayed)));
        }
    }

    // ---- die ------------------------------------------------------------------------------------------------------

    @Override
    public void died(BatonLoop loop, Throwable cause) {
        LOG.error("loop {} has died; the others take over its connections", loop.id(), cause);
        loops.leave(loop, true);
        metrics.counter("baton_loop_deaths_total", "Loops whose thread was ended by an error.")
                .increment();
        try {
            worker.execute(() -> {
                if (mayReplace(loop)) {
                    LOG.info("loop {} takes the place of loop {}", start().id(), loop.id());
                }
                new Leaving(loop).begin();
            });
        } catch (RejectedExecutionException stopped) {
            LOG.debug("the process ends", stopped);
            loop.release();
        }
    }

    private boolean mayReplace(BatonLoop loop) {
        long now = clock.getAsLong();
        synchronized (deaths) {
            deaths.add(now);
            deaths.removeIf(before -> now - before > DEATHS_NANOS);
            if (deaths.size() <= DEATHS_MAX && !stopping.getAsBoolean()) {
                return true;
            }
        }
        LOG.error("nothing takes the place of loop {}: {} loops have died within a minute", loop.id(), DEATHS_MAX);
        return false;
    }

    // ---- the end --------------------------------------------------------------------------------------------------

    /** Ends the loops that were added; the first ones are Vert.x's to end. */
    public CompletionStage<Void> end(Collection<BatonLoop> first) {
        CompletableFuture<?>[] ending = loops.batonLoops().stream()
                .filter(loop -> !first.contains(loop))
                .map(LoopChanges::ended)
                .toArray(CompletableFuture<?>[]::new);
        return CompletableFuture.allOf(ending);
    }

    private static CompletableFuture<Void> ended(BatonLoop loop) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        loop.mayEnd();
        loop.shutdownGracefully(0, END_SECONDS, TimeUnit.SECONDS);
        loop.terminationFuture().addListener(ended -> done.complete(null));
        return done;
    }

    private CompletionStage<LoopResult> onWorker(int id, java.util.function.Supplier<LoopResult> action) {
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

    /** What became of a loop's connections, for a person. */
    static String retired(int moved, int cut, List<BoundConnections> stayed) {
        return moved + (moved == 1 ? " connection" : " connections") + " went to other loops"
                + (cut == 0 ? "" : ", " + cut + " that cannot move were cut")
                + (cut == 0 || stayed.isEmpty() ? "" : ", among them " + words(stayed) + " (" + BOUND + ")");
    }

    private static String words(List<BoundConnections> connections) {
        return connections.stream().map(BoundConnections::toString).collect(Collectors.joining(", "));
    }

    private static String rootMessage(Throwable failure) {
        Throwable cause = failure;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause.toString();
    }
}
