package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.epoll.EpollProvider;
import dev.baton.plugin.unbind.DrainStrategy;
import dev.baton.runtime.fd.PluginHook;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.fd.FdHook;
import dev.baton.spi.listener.BoundSocket;
import dev.baton.spi.listener.ListenerEndpoint;
import dev.baton.spi.listener.ListenerResult;
import dev.baton.spi.listener.UnbindStrategy;
import dev.baton.testkit.sim.SimPeer;
import dev.baton.testkit.sim.SimServer;
import dev.baton.testkit.sim.Simulation;
import dev.baton.testkit.sim.World;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A throw from each kind of callback, on one of two connections that a listener accepted on one loop. What the contract
 * says is lost is lost, and nothing else: the other connection, the listener and the loop go on, and at the end nothing
 * is left.
 */
class CallbackFaultsTest {
    /**
     * What a handler's callback costs: its connection, with the failure counted once; or nothing, as Netty swallows it.
     */
    private static final Map<String, Boolean> HANDLER_COSTS = new LinkedHashMap<>();

    private static final Map<String, BiConsumer<MovableChannel, Thrown>> TASKS = new LinkedHashMap<>();

    static {
        for (String costly : ThrowingHandler.COSTLY) {
            HANDLER_COSTS.put(costly, true);
        }
        for (String swallowed : ThrowingHandler.SWALLOWED) {
            HANDLER_COSTS.put(swallowed, swallowed.equals("exceptionCaught"));
        }
        TASKS.put("execute", (channel, thrown) -> channel.eventLoop().execute(thrown::now));
        TASKS.put("post", (channel, thrown) -> channel.post(thrown::now));
        TASKS.put("offer", (channel, thrown) -> channel.offer(thrown::now));
        TASKS.put("afterLeave", (channel, thrown) -> {
            assertThat(channel.tryEnter()).isTrue();
            channel.afterLeave(thrown::now);
            channel.leave();
        });
        TASKS.put("submit", (channel, thrown) -> channel.eventLoop().submit(thrown::now));
        TASKS.put("timer", (channel, thrown) -> channel.eventLoop().schedule(thrown::now, 1, TimeUnit.MILLISECONDS));
        TASKS.put(
                "fixed rate",
                (channel, thrown) -> channel.eventLoop().scheduleAtFixedRate(thrown::now, 1, 1, TimeUnit.MILLISECONDS));
        TASKS.put(
                "fixed delay",
                (channel, thrown) ->
                        channel.eventLoop().scheduleWithFixedDelay(thrown::now, 1, 1, TimeUnit.MILLISECONDS));
        TASKS.put("listener", (channel, thrown) -> channel.newSucceededFuture().addListener(done -> thrown.now()));
        TASKS.put(
                "close listener, free",
                (channel, thrown) -> channel.closeFuture().addListener(done -> thrown.now()));
        TASKS.put(
                "write listener",
                (channel, thrown) -> channel.writeAndFlush(
                                channel.alloc().directBuffer().writeByte('!'))
                        .addListener(done -> thrown.now()));
        TASKS.put(
                "task of the loop, free",
                (channel, thrown) -> ((dev.baton.runtime.loop.BatonLoop) channel.loop()).execute(thrown::now));
    }

    static Stream<Arguments> handlers() {
        return each(HANDLER_COSTS.keySet().stream());
    }

    static Stream<Arguments> tasks() {
        return each(TASKS.keySet().stream());
    }

    static Stream<Arguments> hooks() {
        return each(Stream.of("inserted", "takenOver", "orphaned", "closed"));
    }

    static Stream<Arguments> endpoints() {
        return each(Stream.of("socket", "bind", "address"));
    }

    private static Stream<Arguments> each(Stream<String> names) {
        return names.flatMap(name -> Stream.of(Thrown.values()).map(thrown -> Arguments.of(name, thrown)));
    }

    /** A listener with one loop, and a connection that has nothing to do with what is thrown. */
    private static final class Scene {
        final Simulation simulation = Simulation.scripted();
        final World world = new World(simulation, new EpollProvider(), 1);
        final Web web = new Web(world, 10).start();
        final SimPeer bystander;

        Scene() {
            world.expectErrors();
            simulation.run();
            bystander = world.network().connect(web.address());
            theOthersGoOn();
            world.failures().clear();
        }

        SimPeer victim() {
            SimPeer peer = world.network().connect(web.address());
            simulation.run();
            return peer;
        }

        MovableChannel channel() {
            return web.accepted.get(web.accepted.size() - 1);
        }

        void theOthersGoOn() {
            simulation.pass(Duration.ofMillis(5));
            bystander.send("still here");
            simulation.run();
            assertThat(bystander.received()).isEqualTo("still here");
            world.checkQuiet();
        }

        void newOnesComeIn() {
            simulation.thread("N", () -> assertThat(web.client("new")).isEqualTo("new"));
            simulation.run();
        }

        void end() {
            bystander.close();
            simulation.run();
            web.finish();
            assertThat(web.listener().connections()).isZero();
            world.end();
        }
    }

    // ---- handlers and tasks ---------------------------------------------------------------------------------------

    @ParameterizedTest
    @MethodSource("handlers")
    void aHandler(String where, Thrown thrown) {
        Scene scene = new Scene();
        ThrowingHandler handler = new ThrowingHandler(where, thrown);
        scene.web.initializing = connection -> {
            scene.web.initializing = next -> {};
            connection.pipeline().addLast(handler);
        };
        SimPeer peer = scene.victim();
        MovableChannel channel = scene.channel();
        peer.send("x");
        scene.simulation.run();
        scene.world.loop(0).execute(() -> handler.provoke(channel));
        scene.theOthersGoOn();
        if (ThrowingHandler.ATTHEEND.contains(where)) {
            peer.close();
            scene.simulation.run();
        }
        boolean costs = HANDLER_COSTS.get(where);
        assertThat(handler.thrown).as("thrown").isPositive();
        assertThat(scene.world.failures()).hasSize(costs ? 1 : 0);
        if (costs) {
            assertThat(channel.isOpen()).isFalse();
            assertThat(scene.world.audit().closes(channel.fd())).isEqualTo(1);
        } else if (!ThrowingHandler.ATTHEEND.contains(where)) {
            assertThat(channel.isOpen()).isTrue();
        }
        scene.theOthersGoOn();
        scene.newOnesComeIn();
        peer.close();
        scene.simulation.run();
        assertThat(channel.isOpen()).isFalse();
        assertThat(scene.world.audit().closes(channel.fd())).isEqualTo(1);
        scene.end();
    }

    @ParameterizedTest
    @MethodSource("tasks")
    void aTask(String name, Thrown thrown) {
        Scene scene = new Scene();
        SimPeer peer = scene.victim();
        MovableChannel channel = scene.channel();
        boolean costs = !name.endsWith(", free");
        scene.world.loop(0).execute(() -> TASKS.get(name).accept(channel, thrown));
        scene.theOthersGoOn();
        assertThat(scene.world.failures()).hasSize(costs ? 1 : 0);
        assertThat(channel.isOpen()).isEqualTo(!costs);
        if (!costs) {
            peer.received();
            peer.send("and on");
            scene.simulation.run();
            assertThat(peer.received()).isEqualTo("and on");
        }
        peer.close();
        scene.newOnesComeIn();
        assertThat(channel.isOpen()).isFalse();
        assertThat(scene.world.audit().closes(channel.fd())).isEqualTo(1);
        scene.end();
    }

    // ---- services, strategies and kinds ---------------------------------------------------------------------------

    @ParameterizedTest
    @EnumSource(Thrown.class)
    void aServicesInitialize(Thrown thrown) {
        Scene scene = new Scene();
        scene.web.initializing = connection -> {
            scene.web.initializing = next -> {};
            thrown.now();
        };
        SimPeer peer = scene.victim();
        assertThat(peer.sawEnd()).isTrue();
        assertThat(scene.world.failures()).hasSize(1);
        assertThat(scene.web.listener().connections()).isEqualTo(1);
        scene.theOthersGoOn();
        scene.newOnesComeIn();
        peer.close();
        scene.end();
    }

    /** The one that it throws for is cut; the other is asked as well, and has the whole of its time. */
    @ParameterizedTest
    @EnumSource(Thrown.class)
    void aServicesDrain(Thrown thrown) {
        Scene scene = new Scene();
        SimPeer peer = scene.victim();
        MovableChannel victim = scene.channel();
        List<MovableChannel> asked = new ArrayList<>();
        scene.web.draining = connection -> {
            asked.add(connection);
            if (connection == victim) {
                thrown.now();
            }
        };
        CompletableFuture<ListenerResult> done = scene.web
                .listener()
                .unbind(Duration.ofSeconds(5), new DrainStrategy())
                .toCompletableFuture();
        scene.theOthersGoOn();
        assertThat(asked).hasSize(2);
        assertThat(peer.sawEnd()).isTrue();
        assertThat(scene.world.failures()).hasSize(1);
        assertThat(done).isNotDone();
        scene.bystander.close();
        scene.simulation.pass(Duration.ofSeconds(60));
        assertThat(done.join().outcome()).isEqualTo(ListenerResult.Outcome.UNBOUND);
        peer.close();
        scene.end();
    }

    /** Before it has done anything, after it has deleted the fd, and as a stage that fails. */
    @ParameterizedTest
    @EnumSource(Thrown.class)
    void anUnbindStrategy(Thrown thrown) {
        Scene scene = new Scene();
        failed(scene, unbinding -> {
            thrown.now();
            return CompletableFuture.completedFuture(null);
        });
        scene.theOthersGoOn();
        scene.newOnesComeIn();
        failed(
                scene,
                unbinding -> CompletableFuture.supplyAsync(
                        () -> {
                            thrown.now();
                            throw new AssertionError("thrown before");
                        },
                        Runnable::run));
        scene.theOthersGoOn();
        scene.newOnesComeIn();
        failed(scene, unbinding -> {
            unbinding.deleteFd();
            thrown.now();
            return CompletableFuture.completedFuture(null);
        });
        scene.theOthersGoOn();
        assertThat(scene.world.failures()).hasSize(3);
        assertThat(scene.world.network().isBound(scene.web.address())).isFalse();
        scene.end();
    }

    private static void failed(Scene scene, UnbindStrategy strategy) {
        CompletableFuture<ListenerResult> done =
                scene.web.listener().unbind(Duration.ZERO, strategy).toCompletableFuture();
        scene.simulation.run();
        assertThat(done.join().outcome()).isEqualTo(ListenerResult.Outcome.FAILED);
    }

    private static String fail(Thrown thrown) {
        thrown.now();
        return "";
    }

    /**
     * A listener whose endpoint or bound socket throws does not open and leaves nothing; it opens as soon as the
     * endpoint works.
     */
    @ParameterizedTest
    @MethodSource("endpoints")
    void aListenerEndpoint(String method, Thrown thrown) {
        Simulation simulation = Simulation.scripted();
        World world = new World(simulation, new EpollProvider(), 1);
        world.expectErrors();
        boolean[] armed = {true};
        ListenerEndpoint real = Web.tcp(8_081);
        Web web = new Web(world, 8_081, 10, (ListenerEndpoint) Proxy.newProxyInstance(
                CallbackFaultsTest.class.getClassLoader(),
                new Class<?>[] {ListenerEndpoint.class},
                (proxy, called, arguments) -> {
                    if (armed[0] && called.getName().equals(method)) {
                        thrown.now();
                    }
                    try {
                        Object result = called.invoke(real, arguments);
                        boolean saysNothing = armed[0] && method.equals("address") && result instanceof BoundSocket;
                        return saysNothing ? (BoundSocket) () -> fail(thrown) : result;
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                }));
        List<Integer> before = world.posix().open();
        Throwable told = null;
        try {
            web.start();
        } catch (Throwable t) { // any kind of throw is the point here
            told = t;
        }
        assertThat(told).isNotNull();
        assertThat(world.posix().open()).isEqualTo(before);
        assertThat(world.network().isBound(web.address())).isFalse();
        armed[0] = false;
        web.start();
        simulation.thread("C", () -> assertThat(web.client("c")).isEqualTo("c"));
        simulation.run();
        web.finish();
        world.end();
    }

    // ---- hooks ----------------------------------------------------------------------------------------------------

    /** One method at a time; the audit behind it must hear of everything all the same. */
    @ParameterizedTest
    @MethodSource("hooks")
    void anFdHook(String method, Thrown thrown) {
        Simulation simulation = Simulation.scripted();
        World world = new World(simulation, new EpollProvider(), 2);
        world.expectErrors();
        FdHook thrower = (FdHook) Proxy.newProxyInstance(
                CallbackFaultsTest.class.getClassLoader(),
                new Class<?>[] {FdHook.class},
                (proxy, called, arguments) -> {
                    if (called.getName().equals(method)) {
                        thrown.now();
                    }
                    return null;
                });
        List<Throwable> counted = new ArrayList<>();
        world.hooks()
                .set(
                        List.of(new PluginHook("thrower", thrower), new PluginHook("audit", world.audit())),
                        (plugin, cause) -> counted.add(cause));
        SimServer server = world.server();
        Web web = new Web(world, 10).start();
        simulation.thread("C", () -> assertThat(web.client("c")).isEqualTo("c"));
        simulation.run();
        Recorder handler = new Recorder();
        World.Connection connection = world.connected(server, 0, handler);
        world.loop(1).execute(() -> Loops.takeAndDelete(world, connection.channel(), 1));
        simulation.run();
        assertThat(counted).isNotEmpty();
        assertThat(handler.calls).containsExactly("inactive on L1");
        assertThat(world.audit().of(connection.fd()))
                .containsExactly("taken from 0 by 1", "orphaned", "closed by leaver");
        simulation.thread("D", () -> assertThat(web.client("d")).isEqualTo("d"));
        simulation.run();
        assertThat(world.failures()).isEmpty();
        connection.peer().close();
        server.close();
        web.finish();
        world.end();
    }

    // ---- upstreams ------------------------------------------------------------------------------------------------

    /** The handler of a connect, and what makes the channel: the accounts are right, and the next exchange works. */
    @ParameterizedTest
    @EnumSource(Thrown.class)
    void connectHandlers(Thrown thrown) {
        Simulation simulation = Simulation.scripted();
        World world = new World(simulation, new EpollProvider(), 1);
        world.expectErrors();
        App app = new App(world, 4, Duration.ofSeconds(8));
        // Nobody listens: it fails, and so does the handler.
        app.failing = cause -> thrown.now();
        world.loop(0).execute(() -> app.exchange(0, connection -> {}));
        simulation.run();
        assertThat(app.failed).isEqualTo(1);
        nothingIsOpen(app);
        // There is no channel: the handler hears of it.
        SimServer server = world.server();
        app.failing = cause -> {};
        app.opening = thrown::now;
        world.loop(0).execute(() -> app.exchange(0, connection -> {}));
        simulation.run();
        assertThat(app.failed).as("told that there is no channel").isEqualTo(2);
        nothingIsOpen(app);
        // It is connected, and the handler throws.
        app.opening = () -> {};
        world.failures().clear();
        world.loop(0).execute(() -> app.exchange(0, connection -> thrown.now()));
        simulation.run();
        assertThat(world.failures()).hasSize(1);
        nothingIsOpen(app);
        // And the next one is served.
        List<String> served = new ArrayList<>();
        world.loop(0).execute(() -> app.exchange(0, connection -> served.add("served")));
        simulation.run();
        assertThat(served).containsExactly("served");
        assertThat(app.figures().idle()).isEqualTo(1);
        app.close();
        simulation.run();
        nothingIsOpen(app);
        server.close();
        world.end();
    }

    private static void nothingIsOpen(App app) {
        assertThat(app.open()).isZero();
        assertThat(app.inUse).isEmpty();
        assertThat(app.figures().idle()).isZero();
        assertThat(app.figures().inUse()).isZero();
    }
}
