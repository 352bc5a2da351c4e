package dev.baton.plugin.admin;

import dev.baton.spi.admin.AdminView;
import dev.baton.spi.admin.BlockedLoop;
import dev.baton.spi.admin.Current;
import dev.baton.spi.admin.FdSnapshot;
import dev.baton.spi.admin.ListenerSnapshot;
import dev.baton.spi.admin.LoopResult;
import dev.baton.spi.admin.LoopSnapshot;
import dev.baton.spi.admin.Move;
import dev.baton.spi.admin.MoveCount;
import dev.baton.spi.admin.OfferedAction;
import dev.baton.spi.admin.OrphanSnapshot;
import dev.baton.spi.admin.PluginReload;
import dev.baton.spi.admin.PluginSnapshot;
import dev.baton.spi.admin.PoolSnapshot;
import dev.baton.spi.admin.RetiredPlugin;
import dev.baton.spi.admin.RetiredPlugins;
import dev.baton.spi.admin.RuntimeControl;
import dev.baton.spi.admin.RuntimeView;
import dev.baton.spi.admin.ServerResult;
import dev.baton.spi.admin.ServerSnapshot;
import dev.baton.spi.admin.SocketKeeper;
import dev.baton.spi.admin.StatusSnapshot;
import dev.baton.spi.admin.StopReport;
import dev.baton.spi.admin.TopSnapshot;
import dev.baton.spi.admin.UpgradeReport;
import dev.baton.spi.admin.UpgradeStep;
import dev.baton.spi.admin.UpstreamSnapshot;
import dev.baton.spi.listener.Listener;
import dev.baton.spi.listener.ListenerResult;
import dev.baton.spi.listener.ListenerResult.Outcome;
import dev.baton.spi.listener.ListenerState;
import dev.baton.spi.metrics.Metrics;
import dev.baton.spi.posix.UnixServers;
import dev.baton.spi.upstream.ServerHealth;
import dev.baton.spi.upstream.ServerState;
import java.nio.file.Path;
import java.time.Duration;
import java.util.AbstractList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A runtime with one listener, whose actions complete when the test says so, and which writes down what it is asked.
 */
final class FakeRuntime implements RuntimeView, RuntimeControl, Metrics, UnixServers {
    final List<String> asked = new CopyOnWriteArrayList<>();
    final CompletableFuture<StopReport> stopped = new CompletableFuture<>();
    final CompletableFuture<ListenerResult> unbound = new CompletableFuture<>();
    private final Map<String, LongSupplier> gauges = new ConcurrentHashMap<>();
    volatile String state = "ready";
    volatile PluginReload.Outcome reload = PluginReload.Outcome.RELOADED;
    /** How many count connections that change loops. */
    final AtomicInteger counting = new AtomicInteger();

    volatile int loopsBlocked;
    volatile int fdCount = 1;
    volatile int orphanCount = 1;
    /** Further ones cannot be read. */
    volatile int readableFds = Integer.MAX_VALUE;
    /** What adding a loop or a listener, and counting moves, throws. */
    volatile @Nullable Error fault;

    volatile List<Move> moves = List.of(new Move(1, 0, Move.Cause.RESCUE, 12));
    volatile Outcome suspendOutcome = Outcome.PAUSED;
    volatile UpgradeReport upgraded = new UpgradeReport(true, 4712, 0, "process 4712 serves, process 4711 drains");
    volatile Map<String, AdminView> views = Map.of();
    volatile Map<String, OfferedAction> actions = Map.of();

    // ---- what it shows --------------------------------------------------------------------------------------------

    @Override
    public StatusSnapshot status() {
        return new StatusSnapshot(
                "0.1.0", 4711, state, 12, "epoll", 2, loopsBlocked, 9, 1024, 30_000, SocketKeeper.SYSTEMD);
    }

    @Override
    public List<LoopSnapshot> loops() {
        return List.of(
                new LoopSnapshot(
                        0, "baton-loop-0", 4, 100, 0, 1, new Current(17, 3, "http"), 12, 2, false, false, 40, null),
                new LoopSnapshot(1, "baton-loop-1", 5, 90, 2, 7, null, 10, 3, true, true, 50, "shop"));
    }

    @Override
    public List<FdSnapshot> fds() {
        return new AbstractList<>() {
            @Override
            public FdSnapshot get(int i) {
                if (i >= readableFds) {
                    throw new IllegalStateException("it cannot be read");
                }
                return new FdSnapshot(i, 4_294_967_295L, "downstream", "shared", 1, false, 5, 2, "http");
            }

            @Override
            public int size() {
                return fdCount;
            }
        };
    }

    @Override
    public List<OrphanSnapshot> orphans() {
        return Collections.nCopies(orphanCount, new OrphanSnapshot(8, 1, 20, 2, List.of(0, 1), "tcp-proxy"));
    }

    @Override
    public List<ListenerSnapshot> listeners() {
        return List.of(new ListenerSnapshot(
                "web", "127.0.0.1:8080", "shop", "ready", 3, 1, List.of("http/1.1"), List.of("tls")));
    }

    @Override
    public List<PoolSnapshot> pools() {
        return List.of(new PoolSnapshot("app", "127.0.0.1:9001", 1, 2, 3, 4, 5, 6, 7, 8));
    }

    @Override
    public List<UpstreamSnapshot> upstreams() {
        return List.of(new UpstreamSnapshot(
                "app",
                "round-robin",
                List.of(new ServerSnapshot(
                        "127.0.0.1:9001", ServerState.DRAIN, 3, ServerHealth.DOWN, 1200, "refused", 2, 1, 4, 1.5))));
    }

    @Override
    public TopSnapshot top() {
        return new TopSnapshot(
                10_000,
                false,
                List.of(new TopSnapshot.Route("shop", "/*", 12.5, 0.01, 1, 2, 3, 0.5, 1.5, 2.5)),
                List.of(new TopSnapshot.Server("shop", "127.0.0.1:9001", 12.5, null, null, 1, 2, 3)),
                List.of(new TopSnapshot.Loop(0, 0.25, 2, 0, false)));
    }

    @Override
    public List<PluginSnapshot> plugins() {
        return List.of(new PluginSnapshot("admin", "0.1.0", "1.0", List.of("component admin"), "plugins/admin", null));
    }

    @Override
    public List<BlockedLoop> blocked() {
        return List.of(
                new BlockedLoop(1, 120, List.of(new Current(17, 3, "http")), List.of("shop.Slow.handle(Slow.java:7)")));
    }

    @Override
    public MoveCount countMoves() {
        fail();
        counting.incrementAndGet();
        return new MoveCount() {
            @Override
            public List<Move> moves() {
                return moves;
            }

            @Override
            public void close() {
                counting.decrementAndGet();
            }
        };
    }

    @Override
    public List<UpgradeStep> upgrades() {
        return List.of(new UpgradeStep(1_764_570_000_000L, 4711, UpgradeStep.What.ASKED, ""));
    }

    @Override
    public Map<String, AdminView> views() {
        return views;
    }

    private void fail() {
        Error now = fault;
        if (now != null) {
            throw now;
        }
    }

    // ---- what it lets one do --------------------------------------------------------------------------------------

    @Override
    public CompletionStage<PluginReload> reloadPlugin(String id) {
        if (!id.equals("auth")) {
            throw new NoSuchElementException("the process has no plugin '" + id + "'");
        }
        return CompletableFuture.completedStage(
                new PluginReload(id, reload, "1.0", "1.0", 2, "it says so", List.of("2 connections of listener web")));
    }

    @Override
    public CompletionStage<RetiredPlugins> retiredPlugins(boolean collect) {
        return CompletableFuture.completedStage(new RetiredPlugins(
                List.of(new RetiredPlugin("auth", "1.0", 1, List.of(), collect ? List.of("thread pump") : List.of()))));
    }

    @Override
    public Optional<Listener> listener(String name) {
        return name.equals("web") || name.equals("a/b c") ? Optional.of(new FakeListener(name)) : Optional.empty();
    }

    @Override
    public List<String> listenerNames() {
        return List.of("a/b c", "web");
    }

    @Override
    public CompletionStage<ListenerResult> addListener(String text) {
        asked.add("add " + text);
        fail();
        if (text.contains("wrong")) {
            throw new IllegalArgumentException("there is something wrong");
        }
        Outcome outcome = text.contains("taken") ? Outcome.FAILED : Outcome.ADDED;
        return CompletableFuture.completedFuture(new ListenerResult("web2", outcome, "as you wish"));
    }

    @Override
    public CompletionStage<ListenerResult> unbindListener(
            String name, Duration grace, Optional<String> strategy, boolean forget) {
        if (strategy.isPresent() && strategy.get().equals("gently")) {
            throw new IllegalArgumentException("there is no unbind strategy 'gently'");
        }
        asked.add((forget ? "remove " : "unbind ") + name + " " + grace
                + strategy.map(word -> " " + word).orElse(""));
        return unbound;
    }

    @Override
    public CompletionStage<ServerResult> addServer(String upstream, String server, int weight) {
        return change(upstream, server, "add " + upstream + " " + server + " " + weight);
    }

    @Override
    public CompletionStage<ServerResult> changeServer(String upstream, String server, ServerState to) {
        return change(upstream, server, to + " " + upstream + " " + server);
    }

    @Override
    public CompletionStage<ServerResult> weighServer(String upstream, String server, int weight) {
        return change(upstream, server, "weigh " + upstream + " " + server + " " + weight);
    }

    private CompletionStage<ServerResult> change(String upstream, String server, String what) {
        if (!upstream.equals("app")) {
            throw new NoSuchElementException("no upstream '" + upstream + "'; did you mean 'app'?");
        } else if (server.equals("nowhere")) {
            throw new IllegalArgumentException("server 'nowhere': expected host:port");
        }
        asked.add(what);
        ServerResult.Outcome outcome =
                server.equals("full:1") ? ServerResult.Outcome.FAILED : ServerResult.Outcome.CHANGED;
        return CompletableFuture.completedStage(new ServerResult(upstream, server, outcome, 2, "as you wish"));
    }

    @Override
    public CompletionStage<LoopResult> addLoop() {
        asked.add("add loop");
        fail();
        return CompletableFuture.completedStage(new LoopResult(2, LoopResult.Outcome.ADDED, "there are 3 loops"));
    }

    @Override
    public CompletionStage<LoopResult> retireLoop(int id) {
        if (id > 1) {
            throw new IllegalArgumentException("there is no loop " + id);
        }
        if (id == 1) {
            asked.add("retire loop 1");
        }
        return CompletableFuture.completedStage(
                id == 1
                        ? new LoopResult(1, LoopResult.Outcome.RETIRED, "5 connections went to other loops")
                        : new LoopResult(0, LoopResult.Outcome.FAILED, "it is the last loop"));
    }

    @Override
    public Duration grace() {
        return Duration.ofSeconds(30);
    }

    @Override
    public CompletionStage<StopReport> stop(@Nullable Duration grace) {
        asked.add("stop " + grace);
        return stopped;
    }

    @Override
    public CompletionStage<UpgradeReport> upgrade(@Nullable Duration limit) {
        asked.add("upgrade " + limit);
        return CompletableFuture.completedFuture(upgraded);
    }

    @Override
    public Map<String, OfferedAction> actions() {
        return actions;
    }

    private final class FakeListener implements Listener {
        private final String name;

        FakeListener(String name) {
            this.name = name;
        }

        @Override
        public String name() {
            return name;
        }

        @Override
        public String address() {
            return "127.0.0.1:8080";
        }

        @Override
        public ListenerState state() {
            return ListenerState.READY;
        }

        @Override
        public int connections() {
            return 1;
        }

        @Override
        public CompletionStage<ListenerResult> suspend() {
            asked.add("suspend " + name);
            return CompletableFuture.completedFuture(new ListenerResult(name, suspendOutcome, "it \"waits\""));
        }

        @Override
        public CompletionStage<ListenerResult> resume() {
            asked.add("resume " + name);
            return CompletableFuture.completedFuture(new ListenerResult(name, Outcome.RESUMED, "accepts again"));
        }

        @Override
        public CompletionStage<ListenerResult> unbind(Duration grace) {
            throw new AssertionError("by name, with a strategy or without");
        }
    }

    @Override
    public void guard(Path file, int mode, List<String> users) {
        asked.add("guard " + file + " 0" + Integer.toOctalString(mode) + " " + users);
    }

    // ---- metrics --------------------------------------------------------------------------------------------------

    @Override
    public Counter counter(String name, String help, String... labels) {
        AtomicLong count = new AtomicLong();
        gauges.put(name, count::get);
        return new Counter() {
            @Override
            public void increment() {
                count.incrementAndGet();
            }

            @Override
            public long count() {
                return count.get();
            }
        };
    }

    @Override
    public void gauge(String name, String help, LongSupplier value, String... labels) {
        gauges.put(name, value);
    }

    /** What a gauge shows now. */
    long gauge(String name) {
        return gauges.getOrDefault(name, () -> -1).getAsLong();
    }

    @Override
    public String scrape() {
        return "# TYPE baton_orphans gauge\nbaton_orphans 1.0\n";
    }
}
