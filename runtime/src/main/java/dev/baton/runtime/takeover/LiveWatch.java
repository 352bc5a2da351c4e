package dev.baton.runtime.takeover;

import dev.baton.runtime.fd.FdState;
import dev.baton.runtime.fd.FdTable;
import dev.baton.runtime.listener.SharedListener;
import dev.baton.runtime.loop.BatonLoop;
import dev.baton.runtime.loop.LoopRegistry;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.loop.BoundConnections;
import dev.baton.spi.loop.Loop;
import dev.baton.spi.loop.LoopThread;
import dev.baton.spi.loop.LoopWatch;
import dev.baton.spi.loop.Rescue;
import dev.baton.spi.loop.RunningFd;
import dev.baton.spi.loop.SpareLoops;
import dev.baton.spi.loop.WatchedLoop;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The loops of this process for code that watches them. Any thread. */
public final class LiveWatch implements LoopWatch {
    private final LoopRegistry loops;
    private final FdTable table;
    private final Supplier<? extends Iterable<SharedListener>> listeners;
    private final IntFunction<List<BoundConnections>> bound;
    private final Spares spares;
    private final Map<BatonLoop, WatchedLoop> watched = new ConcurrentHashMap<>();

    /**
     * Watches the loops of a registry.
     *
     * @param listeners those that there are when it is asked
     * @param bound the connections of a loop, by its id, that cannot be taken over
     * @param spares more loops, for a while
     */
    public LiveWatch(
            LoopRegistry loops,
            FdTable table,
            Supplier<? extends Iterable<SharedListener>> listeners,
            IntFunction<List<BoundConnections>> bound,
            StandbyLoops spares) {
        this.loops = loops;
        this.table = table;
        this.listeners = listeners;
        this.bound = bound;
        this.spares = new Spares(spares);
    }

    @Override
    public List<WatchedLoop> loops() {
        List<BatonLoop> serving = loops.withLanes();
        watched.keySet().removeIf(loop -> !serving.contains(loop));
        return serving.stream().map(this::watched).toList();
    }

    private WatchedLoop watched(BatonLoop loop) {
        return watched.computeIfAbsent(loop, Watched::new);
    }

    @Override
    public SpareLoops spares() {
        return spares;
    }

    private final class Spares implements SpareLoops {
        private final StandbyLoops live;

        Spares(StandbyLoops live) {
            this.live = live;
        }

        @Override
        public CompletionStage<WatchedLoop> call() {
            return live.call().thenApply(LiveWatch.this::watched);
        }

        @Override
        public CompletionStage<Integer> dismiss(WatchedLoop spare) {
            return live.dismiss(loops.byId(spare.loop().id()));
        }
    }

    private final class Watched implements WatchedLoop {
        private final BatonLoop loop;

        Watched(BatonLoop loop) {
            this.loop = loop;
        }

        @Override
        public Loop loop() {
            return loop;
        }

        @Override
        public boolean isSpare() {
            return loop.isSpare();
        }

        @Override
        public boolean isInLane() {
            return loop.isLane();
        }

        @Override
        public long progress() {
            return loop.progress();
        }

        @Override
        public boolean isWaiting() {
            return loop.isWaiting();
        }

        @Override
        public @Nullable LoopThread thread() {
            return loop.loopThread();
        }

        @Override
        public List<RunningFd> running() {
            long current = loop.currentKey();
            List<RunningFd> running = new ArrayList<>();
            table.forEach(state -> {
                Fd fd = state.fd();
                if (fd.key() == current) {
                    running.add(0, described(state));
                } else if (state.owner() == loop.id() && state.running() > 0) {
                    running.add(described(state));
                }
            });
            return running;
        }

        private static RunningFd described(FdState state) {
            return new RunningFd(state.fd(), state.plugin());
        }

        @Override
        public List<BoundConnections> bound() {
            return bound.apply(loop.id());
        }

        @Override
        public void blocked(boolean blocked) {
            loop.blocked(blocked);
            for (SharedListener listener : listeners.get()) {
                listener.blocked(loop, blocked);
            }
        }

        @Override
        public Rescue rescue() {
            List<BatonLoop> helpers =
                    loops.peers(loop).stream().filter(each -> !each.isAvoided()).toList();
            if (helpers.isEmpty() && loop.isLane()) {
                return LoopEvacuation.ofSome(
                        loop, loop, table, List.of()); // the whole lane is blocked: nothing is looked for
            }
            // A loop of a lane accepts nothing, so no connection waits for it alone.
            return LoopEvacuation.ofBlocked(loop, table).start(helpers, loop.isLane() ? List.of() : listeners.get());
        }

        @Override
        public String toString() {
            return "watched " + loop;
        }
    }
}
