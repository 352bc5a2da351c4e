package dev.baton.runtime.view;

import dev.baton.runtime.fd.FdObservers;
import dev.baton.runtime.fd.FdState;
import dev.baton.runtime.fd.FdTable;
import dev.baton.runtime.fd.PluginHook;
import dev.baton.runtime.loop.BatonLoop;
import dev.baton.runtime.loop.LoopRegistry;
import dev.baton.runtime.metrics.Meters;
import dev.baton.spi.admin.AdminView;
import dev.baton.spi.admin.BlockedLoop;
import dev.baton.spi.admin.Current;
import dev.baton.spi.admin.FdSnapshot;
import dev.baton.spi.admin.ListenerSnapshot;
import dev.baton.spi.admin.LoopSnapshot;
import dev.baton.spi.admin.MoveCount;
import dev.baton.spi.admin.OrphanSnapshot;
import dev.baton.spi.admin.PluginSnapshot;
import dev.baton.spi.admin.PoolSnapshot;
import dev.baton.spi.admin.RuntimeView;
import dev.baton.spi.admin.StatusSnapshot;
import dev.baton.spi.admin.TopSnapshot;
import dev.baton.spi.admin.UpgradeStep;
import dev.baton.spi.admin.UpstreamSnapshot;
import dev.baton.spi.fd.ClosedBy;
import dev.baton.spi.fd.TakeoverResult;
import dev.baton.spi.loop.LoopThread;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Reads snapshots out of the fd table and the loops, on the caller's thread, and stops nothing for it. */
public final class LiveView implements RuntimeView {
    private static final String TURNS = "baton_loop_turns_total";
    private static final String ACCEPTED = "baton_loop_accepted_total";
    private static final String CONNECTIONS = "baton_loop_connections";
    private static final String LOOP = "loop";
    /** Far more than any callback should take: between two looks at the status. */
    private static final long STUCK_NANOS = 1_000_000_000;
    /** Frames of a stack that are shown: deeper ones repeat themselves. */
    private static final int FRAMES_MAX = 64;

    /** Where a loop was at a look at the status. */
    private record Look(long progress, long nanos) {}

    private final Map<BatonLoop, Look> looks = new ConcurrentHashMap<>();
    private final LoopRegistry loops;
    private final FdTable table;
    private final FdObservers observers;
    private final ViewSources sources;

    /** A view of these loops and this table. */
    public LiveView(LoopRegistry loops, FdTable table, FdObservers observers, ViewSources sources) {
        this.loops = loops;
        this.table = table;
        this.observers = observers;
        this.sources = sources;
    }

    /** The runtime's own metrics, named as the admin API documents them. */
    public void publish(Meters metrics) {
        metrics.gauge("baton_fds_open", "Fds in the table.", observers.counters()::openFds);
        metrics.gauge(
                "baton_orphans",
                "Fds that were deleted while a callback was running on them.",
                observers.counters()::orphans);
        metrics.counted(
                "baton_stale_events_total", "Poller events that came too late.", observers.counters()::staleEvents);
        metrics.counted(
                "baton_fd_untold_total",
                "Changes of fds that a hook missed, for want of memory.",
                observers.hooks()::untold);
        for (PluginHook hook : observers.hooks().all()) {
            metrics.counted(
                    "baton_fd_hook_ms_total",
                    "Milliseconds that a plugin's fd hook has taken.",
                    hook::millis,
                    "plugin",
                    hook.plugin());
        }
        for (ClosedBy by : ClosedBy.values()) {
            metrics.counted(
                    "baton_fd_closes_total",
                    "Fds closed.",
                    () -> observers.counters().closes(by),
                    "by",
                    by.word());
        }
        for (TakeoverResult result : TakeoverResult.values()) {
            metrics.counted(
                    "baton_takeovers_total",
                    "Takeovers tried.",
                    () -> observers.counters().takeovers(result),
                    "result",
                    result.name().toLowerCase(Locale.ROOT));
        }
        loops.batonLoops().forEach(loop -> publish(metrics, loop));
    }

    /** A loop's own metrics. */
    public void publish(Meters metrics, BatonLoop loop) {
        String id = Integer.toString(loop.id());
        metrics.counted(TURNS, "Turns of a loop.", loop::turns, LOOP, id);
        metrics.counted(ACCEPTED, "Connections accepted on a loop.", loop::accepted, LOOP, id);
        metrics.gauge(
                CONNECTIONS,
                "Downstream connections that a loop owns.",
                () -> observers.connections().of(loop.id()),
                LOOP,
                id);
    }

    /** Takes those of a loop that has ended away. */
    public void forget(Meters metrics, BatonLoop loop) {
        looks.remove(loop);
        for (String name : List.of(TURNS, ACCEPTED, CONNECTIONS)) {
            metrics.forget(name, LOOP, Integer.toString(loop.id()));
        }
    }

    @Override
    public StatusSnapshot status() {
        long now = System.nanoTime();
        return new StatusSnapshot(
                sources.version(),
                ProcessHandle.current().pid(),
                sources.state().get(),
                ManagementFactory.getRuntimeMXBean().getUptime(),
                sources.poller(),
                loops.batonLoops().size(),
                (int) loops.batonLoops().stream()
                        .filter(loop -> loop.isBlocked() || isStuck(loop, now))
                        .count(),
                observers.counters().openFds(),
                sources.fdsLimit(),
                sources.grace().toMillis(),
                sources.keeper().get().orElse(null));
    }

    /**
     * True if a loop is in the same callback as at a look before. The plugin that watches loops sees it sooner, but it
     * may not be there, or its thread may stand still too.
     */
    private boolean isStuck(BatonLoop loop, long now) {
        long progress = loop.progress();
        if (loop.isWaiting()) {
            looks.remove(loop);
            return false;
        }
        Look look = looks.compute(
                loop,
                (same, before) -> before != null && before.progress == progress ? before : new Look(progress, now));
        return now - look.nanos > STUCK_NANOS;
    }

    @Override
    public List<LoopSnapshot> loops() {
        List<BatonLoop> all = loops.withLanes();
        Map<Integer, Long> fds = new HashMap<>();
        table.forEach(state -> fds.merge(state.owner(), 1L, Long::sum));
        long now = System.nanoTime();
        List<LoopSnapshot> rows = new ArrayList<>();
        for (BatonLoop loop : all) {
            rows.add(new LoopSnapshot(
                    loop.id(),
                    loop.threadName(),
                    fds.getOrDefault(loop.id(), 0L),
                    loop.turns(),
                    loop.pendingTasks(),
                    sinceTurnMs(loop, now),
                    current(loop),
                    loop.accepted(),
                    observers.connections().of(loop.id()),
                    loop.isBlocked(),
                    loop.isSpare(),
                    sources.cpuNanos().applyAsLong(loop) / 1_000_000,
                    loop.isLane() ? loop.role().service() : null));
        }
        return rows;
    }

    private static long sinceTurnMs(BatonLoop loop, long now) {
        return Math.max(0, (now - loop.lastTurnNanos()) / 1_000_000);
    }

    private @Nullable Current current(BatonLoop loop) {
        long key = loop.currentKey();
        if (key == -1) {
            return null;
        }
        int number = (int) key;
        int generation = (int) (key >>> 32);
        String plugin = table.pluginOf(number, generation);
        return new Current(number, Integer.toUnsignedLong(generation), plugin == null ? FdTable.RUNTIME : plugin);
    }

    @Override
    public List<FdSnapshot> fds() {
        long now = System.nanoTime();
        List<FdSnapshot> rows = new ArrayList<>();
        table.forEach(state -> rows.add(new FdSnapshot(
                state.fd().number(),
                Integer.toUnsignedLong(state.fd().generation()),
                state.kind().word(),
                owner(state),
                state.running(),
                state.orphaned(),
                state.ageMs(now),
                state.takeovers(),
                state.plugin())));
        return rows;
    }

    private static String owner(FdState state) {
        int owner = state.owner();
        return owner == FdTable.SHARED
                ? "shared"
                : owner == FdTable.NONE ? "none" : owner == LoopRegistry.APART ? "apart" : Integer.toString(owner);
    }

    @Override
    public List<OrphanSnapshot> orphans() {
        long now = System.nanoTime();
        List<OrphanSnapshot> rows = new ArrayList<>();
        table.forEach(state -> {
            if (state.orphaned()) {
                List<Integer> holders = new ArrayList<>();
                for (int id : state.loops()) {
                    holders.add(id);
                }
                rows.add(new OrphanSnapshot(
                        state.fd().number(),
                        Integer.toUnsignedLong(state.fd().generation()),
                        state.orphanedForMs(now),
                        state.running(),
                        holders,
                        state.plugin()));
            }
        });
        return rows;
    }

    @Override
    public List<ListenerSnapshot> listeners() {
        return sources.listeners().get();
    }

    @Override
    public List<PoolSnapshot> pools() {
        return sources.pools().get();
    }

    @Override
    public List<UpstreamSnapshot> upstreams() {
        return sources.upstreams().get();
    }

    @Override
    public List<PluginSnapshot> plugins() {
        return sources.plugins().get();
    }

    @Override
    public TopSnapshot top() {
        return sources.top().get();
    }

    @Override
    public List<BlockedLoop> blocked() {
        long now = System.nanoTime();
        List<BlockedLoop> rows = new ArrayList<>();
        for (BatonLoop loop : loops.withLanes()) {
            LoopThread thread = loop.loopThread();
            if (thread != null && (loop.isBlocked() || isStuck(loop, now))) {
                List<String> stack = Arrays.stream(thread.thread().getStackTrace())
                        .limit(FRAMES_MAX)
                        .map(StackTraceElement::toString)
                        .toList();
                rows.add(new BlockedLoop(loop.id(), sinceTurnMs(loop, now), running(loop), stack));
            }
        }
        return rows;
    }

    private List<Current> running(BatonLoop loop) {
        long current = loop.currentKey();
        List<Current> running = new ArrayList<>();
        table.forEach(state -> {
            boolean isEvent = state.fd().key() == current;
            if (isEvent || (state.owner() == loop.id() && state.running() > 0)) {
                Current fd = new Current(
                        state.fd().number(), Integer.toUnsignedLong(state.fd().generation()), state.plugin());
                running.add(isEvent ? 0 : running.size(), fd);
            }
        });
        return running;
    }

    @Override
    public MoveCount countMoves() {
        return observers.moves().begin();
    }

    @Override
    public List<UpgradeStep> upgrades() {
        return sources.upgrades().get();
    }

    @Override
    public Map<String, AdminView> views() {
        return sources.views();
    }
}
