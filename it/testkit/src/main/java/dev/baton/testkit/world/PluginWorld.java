package dev.baton.testkit.world;

import dev.baton.runtime.config.ConfigException;
import dev.baton.runtime.config.ConfigReader;
import dev.baton.runtime.config.RootConfig;
import dev.baton.runtime.config.Variant;
import dev.baton.runtime.loop.SwallowedThrows;
import dev.baton.runtime.plugin.ExtensionPoint;
import dev.baton.runtime.plugin.PluginLoader;
import dev.baton.runtime.posix.Posix;
import dev.baton.runtime.server.ConfigSource;
import dev.baton.runtime.server.Foundation;
import dev.baton.runtime.server.Server;
import dev.baton.runtime.server.StartException;
import dev.baton.spi.Plugin;
import dev.baton.spi.admin.ListenerSnapshot;
import dev.baton.spi.admin.LoopResult;
import dev.baton.spi.admin.OfferedAction;
import dev.baton.spi.admin.PluginSnapshot;
import dev.baton.spi.admin.RuntimeControl;
import dev.baton.spi.admin.RuntimeView;
import dev.baton.spi.metrics.Metrics;
import dev.baton.spi.posix.AbstractUnixAddress;
import dev.baton.spi.posix.Sockets;
import dev.baton.testkit.sim.ErrorLog;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.BooleanSupplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * One world with one server in it: {@link #plugin} names the plugins, {@link #start} loads and configures them and
 * serves, {@link #connect} is a client. Everything ends with the test, and then the books must balance; see the
 * package.
 *
 * <p>For one thread, the one that runs the test's method. In the simulation that thread is one of its threads, so loops
 * go on at any point between two of its calls; nothing in a test may wait for anything but by this world and its peers.
 */
public abstract class PluginWorld {
    /** How long any wait of a test may take, in the world's time: far above what a busy machine needs. */
    public static final Duration PATIENCE = Duration.ofSeconds(10);

    private static final byte[] LOCALHOST = {127, 0, 0, 1};
    private static final int PASSED_BACKLOG = 100;
    private static final String UNIX = "unix:";
    private static final Pattern TOP_LEVEL = Pattern.compile("(?m)^(version|loops)\\s*:");
    private static final Pattern HUMP = Pattern.compile("(?<=[a-z0-9])(?=[A-Z])");
    private static final String PLUGIN_ERRORS = "baton_plugin_errors_total";

    private final Duration closing;
    private final Set<Class<? extends Plugin>> plugins = new LinkedHashSet<>();
    private final List<Path> folders = new ArrayList<>();
    private final List<Peer> clients = new ArrayList<>();
    private final List<Origin> origins = new ArrayList<>();
    private final List<String> said = new ArrayList<>();
    /** Every channel's buffers, counted. */
    private final UnpooledByteBufAllocator memory = new UnpooledByteBufAllocator(true, true);

    private @Nullable Server server;
    private @Nullable Window window;
    private @Nullable FdAccount account;
    private @Nullable Posix calls;
    private long acceptedBeforeStarted;
    private boolean errorsExpected;
    private boolean ended;

    /** @param closing how long what the others have left may take to be closed, in the world's time */
    PluginWorld(Duration closing) {
        this.closing = closing;
    }

    /** A test's method. */
    @FunctionalInterface
    interface Body {
        void run() throws Throwable;
    }

    // ---- what differs ---------------------------------------------------------------------------------------------

    /** Runs a test and everything that comes after it. */
    abstract void run(Body body) throws Throwable;

    /** Which world it is. */
    public abstract Where where();

    abstract Posix posix(Fds fds);

    /** Who is told that a number is closed. */
    interface Fds {
        void closing(int number);
    }

    abstract Server assemble(Foundation foundation, RootConfig config, FdAccount account) throws StartException;

    /** A connection to an address, or null if nothing listens there. */
    abstract @Nullable Wire wire(SocketAddress address) throws IOException;

    abstract Origin newOrigin() throws IOException;

    abstract boolean holds(String what, BooleanSupplier condition, Duration limit);

    /** The numbers that are open in the kernel. */
    abstract Collection<Integer> openNumbers();

    // ---- for tests: before the start ------------------------------------------------------------------------------

    /**
     * Names a plugin by its entry point. Its id is made of the class's name: {@code TcpProxyPlugin} is
     * {@code tcp-proxy}. Those that are named first are loaded first.
     */
    public final PluginWorld plugin(Class<? extends Plugin> entryPoint) {
        if (server != null) {
            throw new IllegalStateException("the server has started without " + entryPoint);
        }
        plugins.add(entryPoint);
        return this;
    }

    /**
     * Names a folder of plugins as they are installed: each a folder of jars of its own, with a manifest, that is
     * loaded as the launcher loads it, by a class loader of its own.
     *
     * @param folder as in {@code plugins: path} of a configuration
     */
    public final PluginWorld installed(Path folder) {
        if (server != null) {
            throw new IllegalStateException("the server has started without the plugins in " + folder);
        }
        folders.add(folder);
        return this;
    }

    /** The run provokes errors that are logged, or that a plugin's callback throws. */
    public final void expectErrors() {
        errorsExpected = true;
    }

    /** A server that is not the process under test, for upstreams. */
    public final Origin origin() {
        try {
            Origin origin = newOrigin();
            origins.add(origin);
            return origin;
        } catch (IOException e) {
            throw new AssertionError("no origin: " + e, e);
        }
    }

    /** The same, of a server that speaks HTTP. */
    public final HttpOrigin httpOrigin() {
        return new HttpOrigin(origin());
    }

    /**
     * Loads the plugins, configures the server and lets it serve.
     *
     * @param configuration what a user would write, without {@code version}; with two {@code loops}, unless it says
     *     otherwise
     */
    public final void start(String configuration) {
        start(configuration, () -> {});
    }

    /**
     * The same.
     *
     * @param bound called when the listeners are bound, before the components start and any connection is accepted
     */
    final void start(String configuration, Runnable bound) {
        if (server != null) {
            throw new IllegalStateException("there is one server in a world");
        }
        try {
            FdAccount[] known = new FdAccount[1];
            Posix posix = posix(number -> {
                if (known[0] != null) {
                    known[0].closing(number);
                }
            });
            calls = posix;
            SwallowedThrows.install();
            Foundation foundation = Foundation.embed("test", Set.of(), posix, memory, this::load);
            FdAccount hook =
                    FdAccount.class.cast(foundation.plugins().make(ExtensionPoint.FD_HOOK, Variant.of(StandIns.KIT)));
            known[0] = hook;
            account = hook;
            ConfigReader reader = ConfigReader.parse(
                    "test", complete(configuration), Path.of("").toAbsolutePath());
            Server assembled =
                    assemble(foundation, foundation.read(new ConfigSource("test", "a test's", reader)), hook);
            server = assembled;
            window = Window.class.cast(foundation
                    .plugins()
                    .get(ExtensionPoint.ADMIN_VIEW, StandIns.KIT)
                    .get());
            assembled.open();
            bound.run();
            assembled.start(this::hear);
        } catch (StartException | ConfigException e) {
            throw new AssertionError(e.getMessage(), e);
        }
    }

    private void hear(String line) {
        if (line.startsWith(StandIns.LastFactory.SAYS)) {
            acceptedBeforeStarted = Long.parseLong(line.substring(StandIns.LastFactory.SAYS.length()));
        } else {
            said.add(line);
        }
    }

    private void load(PluginLoader loader) {
        loader.loadEmbedded(StandIns.KIT, StandIns.Kit.class);
        plugins.forEach(each -> loader.loadEmbedded(id(each), each));
        loader.loadAll(List.of(), folders);
        StandIns.fill(loader);
        for (PluginSnapshot failure : loader.registry().failures()) {
            throw new AssertionError("plugin " + failure.id() + " is not loaded: " + failure.problem());
        }
    }

    private static String id(Class<? extends Plugin> entryPoint) {
        String name = entryPoint.getSimpleName();
        String stem = name.endsWith("Plugin") && name.length() > "Plugin".length()
                ? name.substring(0, name.length() - "Plugin".length())
                : name;
        return HUMP.matcher(stem).replaceAll("-").toLowerCase(Locale.ROOT);
    }

    /** Behind the text, so that places in messages are the test's. */
    private static String complete(String configuration) {
        List<String> said = TOP_LEVEL
                .matcher(configuration)
                .results()
                .map(match -> match.group(1))
                .toList();
        return configuration
                + (said.contains("version") ? "" : "\nversion: 1")
                + (said.contains("loops") ? "\n" : "\nloops: 2\n");
    }

    // ---- for tests: while it serves -------------------------------------------------------------------------------

    /** A new client of a listener. */
    public final Peer connect(String listener) {
        return connect(address(listener));
    }

    /** A new client of a listener, which speaks HTTP. */
    public final HttpPeer http(String listener) {
        return new HttpPeer(connect(listener));
    }

    /** A new client of what listens there, such as a component. */
    public final Peer connect(SocketAddress address) {
        try {
            Wire wire = wire(address);
            if (wire == null) {
                throw new AssertionError("nobody listens on " + address);
            }
            Peer peer = new Peer(wire);
            clients.add(peer);
            return peer;
        } catch (IOException e) {
            throw new AssertionError("cannot connect to " + address + ": " + e, e);
        }
    }

    /** True if nothing listens there. What does listen has a client that leaves at once. */
    public final boolean refuses(SocketAddress address) {
        try {
            Wire wire = wire(address);
            if (wire != null) {
                new Peer(wire).close();
            }
            return wire == null;
        } catch (IOException e) {
            throw new AssertionError("cannot connect to " + address + ": " + e, e);
        }
    }

    /**
     * The number of a socket that listens on a free port of 127.0.0.1, as a parent process passes one to its child. It
     * is for a listener that is added, which closes it.
     */
    public final int passedSocket() {
        Posix posix = Objects.requireNonNull(calls, "the server has not started");
        int number = posix.socket(Sockets.AF_INET, Sockets.SOCK_STREAM, 0);
        try {
            int bound = posix.bind(number, new InetSocketAddress(InetAddress.getByAddress(LOCALHOST), 0));
            int listens = posix.listen(number, PASSED_BACKLOG);
            if (number < 0 || bound < 0 || listens < 0) {
                throw new AssertionError("no socket to pass: " + number + ", " + bound + ", " + listens);
            }
            return number;
        } catch (IOException e) {
            throw new AssertionError("no socket to pass: " + e, e);
        }
    }

    /** Where a listener listens. */
    public final SocketAddress address(String listener) {
        for (ListenerSnapshot each : view().listeners()) {
            if (each.name().equals(listener)) {
                return parsed(each.address());
            }
        }
        throw new AssertionError("there is no listener " + listener);
    }

    private static SocketAddress parsed(String address) {
        if (address.startsWith(UNIX)) {
            String name = address.substring(UNIX.length());
            return name.startsWith("@") ? new AbstractUnixAddress(name.substring(1)) : UnixDomainSocketAddress.of(name);
        }
        int colon = address.lastIndexOf(':');
        return new InetSocketAddress(address.substring(0, colon), Integer.parseInt(address.substring(colon + 1)));
    }

    /** What the server's components have said of themselves, a line each. */
    public final List<String> said() {
        return List.copyOf(said);
    }

    /** How many connections had been accepted when all components had started. */
    final long acceptedBeforeStarted() {
        return acceptedBeforeStarted;
    }

    /** What an operator sees. */
    public final RuntimeView view() {
        return window().view;
    }

    /** What an operator can do; {@link #await(CompletionStage)} waits for its results. */
    public final RuntimeControl control() {
        return window().control;
    }

    /** Where the server and its plugins count. */
    public final Metrics metrics() {
        return window().metrics;
    }

    private Window window() {
        return Objects.requireNonNull(window, "the server has not started");
    }

    /** Does what an operator can ask of a plugin, and waits for the answer. */
    public final Record act(String action, Map<String, String> parameters) {
        OfferedAction offered = control().actions().get(action);
        if (offered != null) {
            return await(offered.act(parameters));
        }
        throw new AssertionError("no plugin contributes the action " + action);
    }

    /** Waits for something that an operator or a plugin does; what it fails with, this fails with. */
    public final <T> T await(CompletionStage<? extends T> stage) {
        CompletableFuture<? extends T> future = stage.toCompletableFuture();
        await("a result", future::isDone);
        return future.join();
    }

    /** Waits until something holds. */
    public final void await(String what, BooleanSupplier condition) {
        if (!holds(what, condition, PATIENCE)) {
            throw new AssertionError("after " + PATIENCE.toSeconds() + " s there is not: " + what);
        }
    }

    /** Lets so much of the world's time pass, with everything that happens in it: no real time in the simulation. */
    public final void pass(Duration time) {
        if (holds("that time has passed", () -> false, time)) {
            throw new AssertionError("nothing holds");
        }
    }

    /**
     * Has the service of a listener pack its connections and unpack them again, as an upgrade does with the next
     * process in between. Their peers notice nothing of it. Each is asked once.
     *
     * @return how many were packed; the others were not at a boundary, or never are
     */
    public final int repack(String listener) {
        return await(beginRepack(listener));
    }

    /** Begins what {@link #repack} does, so that peers can act while their connection is packed. */
    public final CompletionStage<Integer> beginRepack(String listener) {
        return Objects.requireNonNull(server, "the server has not started").repack(listener);
    }

    /**
     * Retires a loop, as an operator does: every connection that it owns continues on another loop, wherever its
     * exchange is.
     */
    public final void retireLoop(int loop) {
        LoopResult result = await(control().retireLoop(loop));
        if (result.outcome() != LoopResult.Outcome.RETIRED) {
            throw new AssertionError("loop " + loop + " is not retired: " + result);
        }
    }

    /**
     * Ends the server now, so that the test can look at what it leaves behind, such as files. Everything that clients
     * and origins have open ends before that.
     */
    public final void stop() {
        leave();
        end();
    }

    // ---- the end --------------------------------------------------------------------------------------------------

    /** Before the test's method. */
    final void begin() {
        ErrorLog.clear();
    }

    /** The others leave, and the connections of those who have left end by themselves. */
    final void leave() {
        clients.forEach(Peer::close);
        origins.forEach(Origin::end);
        if (window == null) {
            return;
        }
        if (!holds("no connections", () -> connections() == 0, closing)) {
            throw new AssertionError(connections() + " connections are open " + closing.toMillis()
                    + " ms after everybody else has left");
        }
    }

    final Duration closing() {
        return closing;
    }

    private int connections() {
        return view().listeners().stream()
                .mapToInt(ListenerSnapshot::connections)
                .sum();
    }

    /** The server ends, as a process ends that is told to at once. */
    final void end() {
        clients.forEach(Peer::close);
        origins.forEach(Origin::end);
        if (server != null && !ended) {
            ended = true;
            server.end();
        }
    }

    /** After the end: whether the table and the kernel have nothing of the server's any more. */
    final boolean isAllClosed() {
        return (window == null || view().status().fdsOpen() == 0)
                && openNumbers().isEmpty();
    }

    /** After the end: what must hold in every world. */
    final void check() {
        List<String> problems = new ArrayList<>();
        if (!errorsExpected) {
            ErrorLog.errors().forEach(each -> problems.add("logged as an error: " + each));
        }
        if (window != null && !errorsExpected) {
            for (PluginSnapshot each : view().plugins()) {
                long errors = metrics()
                        .counter(PLUGIN_ERRORS, "Callbacks of a plugin that threw.", "plugin", each.id())
                        .count();
                if (errors > 0) {
                    problems.add(errors + " callbacks of plugin " + each.id() + " threw");
                }
            }
        }
        if (window != null) {
            if (!view().orphans().isEmpty()) {
                problems.add("orphans: " + view().orphans());
            }
            if (view().status().fdsOpen() != 0) {
                problems.add("in the table: " + view().fds());
            }
        }
        if (account != null) {
            problems.addAll(account.problems());
        }
        if (!openNumbers().isEmpty()) {
            problems.add("open numbers: " + openNumbers());
        }
        long bytes = memory.metric().usedDirectMemory() + memory.metric().usedHeapMemory();
        if (bytes != 0) {
            problems.add(bytes + " bytes of buffers were not given back");
        }
        if (!problems.isEmpty()) {
            throw new AssertionError(String.join("\n", problems));
        }
    }

    /** For a person: the fd table. */
    final String dump() {
        StringBuilder text = new StringBuilder("fds:");
        if (window != null) {
            view().fds().forEach(each -> text.append("\n  ").append(each));
            view().loops().forEach(each -> text.append("\n  ").append(each));
        }
        return text.toString();
    }
}
