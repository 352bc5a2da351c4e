package dev.baton.runtime.server;

import dev.baton.runtime.blocking.OwnThreads;
import dev.baton.runtime.blocking.SystemThreads;
import dev.baton.runtime.blocking.WorkerThreads;
import dev.baton.runtime.channel.ChannelEnv;
import dev.baton.runtime.fd.FdObservers;
import dev.baton.runtime.loop.BatonLoop;
import dev.baton.runtime.loop.LoopGroup;
import dev.baton.runtime.loop.LoopRegistry;
import dev.baton.runtime.loop.LoopRole;
import dev.baton.runtime.loop.Timer;
import dev.baton.runtime.posix.Niceness;
import dev.baton.runtime.posix.Processors;
import dev.baton.runtime.vertx.ContextOwners;
import dev.baton.runtime.vertx.VertxLoops;
import dev.baton.spi.loop.LoopThread;
import dev.baton.spi.poller.PollerProvider;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.Ticker;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The loops of a Vert.x, and the process's own time and threads. */
final class VertxMachine implements Machine {
    /** What the end of a loop's thread may take. */
    private static final long END_SECONDS = 10;

    private final LateBinding<Vertx> vertx;
    private final LateBinding<Vertx> apart;
    private final ContextOwners owners;
    /** For trial binds and timers of listeners, which must not depend on a loop that may be blocked. */
    private final ExecutorService worker =
            Executors.newCachedThreadPool(new OwnThreads(new DefaultThreadFactory("baton-worker", true)));

    private final SystemThreads blocking = new SystemThreads();
    private final Timer timer = Timer.on(worker);
    private final Processors processors = new Processors();
    private @Nullable Supplier<Future<Void>> endServing;
    private @Nullable Supplier<Future<Void>> endBeside;
    private List<BatonLoop> loops = List.of();
    private final ThreadMXBean threads = ManagementFactory.getThreadMXBean();

    /**
     * Nothing runs yet.
     *
     * @param vertx is given the Vert.x when there is one
     * @param apart is given the one with a loop of its own
     * @param owners knows whose contexts of them are
     */
    VertxMachine(LateBinding<Vertx> vertx, LateBinding<Vertx> apart, ContextOwners owners) {
        this.vertx = vertx;
        this.apart = apart;
        this.owners = owners;
    }

    @Override
    public void startLoops(int count, PollerProvider provider, FdObservers observers, ChannelEnv channels) {
        Vertx made = VertxLoops.start(count, provider, observers, channels, owners);
        Vertx other;
        try {
            other = VertxLoops.startApart(provider, observers, channels, owners);
        } catch (RuntimeException e) {
            made.close();
            throw e;
        }
        List<BatonLoop> all = new ArrayList<>(channels.loops().batonLoops());
        all.add(channels.loops().byId(LoopRegistry.APART));
        // Before a plugin gets at them.
        all.forEach(BatonLoop::mustNotEnd);
        loops = all;
        endServing = VertxLoops.keep(made);
        endBeside = VertxLoops.keep(other);
        vertx.set(made);
        apart.set(other);
    }

    @Override
    public synchronized BatonLoop anotherLoop(
            PollerProvider provider, FdObservers observers, ChannelEnv channels, LoopRole role) {
        LoopRegistry registry = channels.loops();
        // By its id: as soon as it is made somebody may start its thread.
        String name = (role.kind() == LoopRole.Kind.LANE ? "baton-lane-" : "baton-loop-") + registry.upcomingId();
        // Whoever asks for the loop may be a plugin.
        OwnThreads made = new OwnThreads(
                new LoopThreads(registry.threads(), registry.foreignThreads() == null ? name : null, role.nice()));
        return LoopGroup.another(
                made, provider, channels.posix(), channels.table(), observers, registry, Ticker.systemTicker(), role);
    }

    /**
     * Threads of loops that are added, made by who made the first ones: Vert.x tells its own by their class.
     *
     * @param name null to leave theirs
     * @param nice how much they give way to others
     */
    private record LoopThreads(
            ThreadFactory threads, @Nullable String name, int nice) implements ThreadFactory {
        @Override
        public Thread newThread(Runnable loop) {
            Thread thread = threads.newThread(
                    nice == 0
                            ? loop
                            : () -> {
                                Niceness.ofThisThread(nice);
                                loop.run();
                            });
            if (name != null) {
                thread.setName(name);
            }
            thread.setDaemon(true);
            return thread;
        }
    }

    @Override
    public CompletionStage<Void> endLoops() {
        Supplier<Future<Void>> first = endServing;
        Supplier<Future<Void>> last = endBeside;
        if (first == null || last == null) {
            throw new IllegalStateException("there are no loops to end");
        }
        loops.forEach(BatonLoop::mayEnd);
        return first.get()
                .eventually(last)
                .toCompletionStage()
                // Where somebody has ended parts of a Vert.x by its internals, its loops are still there.
                .thenCompose(closed -> CompletableFuture.allOf(
                        loops.stream().map(VertxMachine::ended).toArray(CompletableFuture<?>[]::new)));
    }

    private static CompletableFuture<Void> ended(BatonLoop loop) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        loop.shutdownGracefully(0, END_SECONDS, TimeUnit.SECONDS);
        loop.terminationFuture().addListener(ended -> done.complete(null));
        return done;
    }

    @Override
    public Executor worker() {
        return worker;
    }

    @Override
    public WorkerThreads blocking() {
        return blocking;
    }

    @Override
    public Timer timer() {
        return timer;
    }

    @Override
    public long nanoTime() {
        return System.nanoTime();
    }

    @Override
    public int processors() {
        return processors.count();
    }

    @Override
    public long cpuNanos(BatonLoop loop) {
        LoopThread thread = loop.loopThread();
        // Negative for a thread that is no more.
        return thread == null || !threads.isThreadCpuTimeSupported()
                ? 0
                : Math.max(0, threads.getThreadCpuTime(thread.thread().getId()));
    }

    @Override
    public <T> T await(CompletionStage<T> stage, Duration limit)
            throws ExecutionException, TimeoutException, InterruptedException {
        return stage.toCompletableFuture().get(limit.toNanos(), TimeUnit.NANOSECONDS);
    }

    @Override
    public void close() {
        worker.shutdown();
        blocking.close();
    }
}
