package dev.baton.testkit.world;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.baton.spi.Component;
import dev.baton.spi.ComponentFactory;
import dev.baton.spi.Plugin;
import dev.baton.spi.PluginBinder;
import dev.baton.spi.config.Default;
import dev.baton.spi.fd.FdHook;
import dev.baton.spi.loop.Apart;
import dev.baton.spi.loop.BoundConnections;
import dev.baton.spi.loop.LoopWatch;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.internal.VertxInternal;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.NetSocket;
import jakarta.inject.Inject;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/** Whose the contexts of an injected Vertx are, and what is said where there is none. */
class VertxOwnersTest {
    private static final String WHY = "there is no Vert.x in the simulation";

    private static final Map<String, Using> USING = new ConcurrentHashMap<>();

    /** Two plugins that use Vert.x. */
    static final class FirstPlugin implements Plugin {
        @Override
        public void configure(PluginBinder binder) {
            binder.component("first", Settings.class, First.class);
        }
    }

    static final class SecondPlugin implements Plugin {
        @Override
        public void configure(PluginBinder binder) {
            binder.component("second", Settings.class, Second.class);
        }
    }

    record Settings(@Default("true") boolean listens) {}

    static final class First implements ComponentFactory<Settings> {
        private final Vertx vertx;
        private final Vertx apart;
        private final LoopWatch watch;

        @Inject
        First(Vertx vertx, @Apart Vertx apart, LoopWatch watch) {
            this.vertx = vertx;
            this.apart = apart;
            this.watch = watch;
        }

        @Override
        public Component create(Settings settings) {
            return new Using("first", settings, vertx, apart, watch);
        }
    }

    static final class Second implements ComponentFactory<Settings> {
        private final Vertx vertx;
        private final Vertx apart;
        private final LoopWatch watch;

        @Inject
        Second(Vertx vertx, @Apart Vertx apart, LoopWatch watch) {
            this.vertx = vertx;
            this.apart = apart;
            this.watch = watch;
        }

        @Override
        public Component create(Settings settings) {
            return new Using("second", settings, vertx, apart, watch);
        }
    }

    /** Listens where it is to, and throws at each connection. */
    private record Using(String plugin, Settings settings, Vertx vertx, Vertx apart, LoopWatch watch, NetServer server)
            implements Component {
        Using(String plugin, Settings settings, Vertx vertx, Vertx apart, LoopWatch watch) {
            this(plugin, settings, vertx, apart, watch, vertx.createNetServer());
            USING.put(plugin, this);
        }

        @Override
        public CompletionStage<String> start() {
            if (!settings.listens()) {
                return CompletableFuture.completedStage("");
            }
            return server.connectHandler(socket -> {
                        socket.close();
                        throw new IllegalStateException("thrown by the server of " + plugin);
                    })
                    .listen(0, "127.0.0.1")
                    .map("")
                    .toCompletionStage();
        }

        @Override
        public CompletionStage<Void> stop() {
            return settings.listens() ? server.close().toCompletionStage() : CompletableFuture.completedStage(null);
        }
    }

    /** Throws in its own context, later. */
    private static final class Throwing extends VerticleBase {
        @Override
        public Future<?> start() {
            vertx.setTimer(1, id -> {
                throw new IllegalStateException("thrown by a verticle's timer");
            });
            return Future.succeededFuture();
        }
    }

    private static Using using(String plugin) {
        return Objects.requireNonNull(USING.get(plugin));
    }

    private static void start(PluginWorld world) {
        world.plugin(FirstPlugin.class);
        world.plugin(SecondPlugin.class);
        world.expectErrors();
        world.start("first: {}\nsecond: {}\n");
    }

    private static long errors(PluginWorld world, String plugin) {
        return world.metrics()
                .counter("baton_plugin_errors_total", "Callbacks of a plugin that threw.", "plugin", plugin)
                .count();
    }

    private static void fail(Vertx vertx) {
        vertx.runOnContext(nothing -> {
            throw new IllegalStateException("thrown in a context");
        });
    }

    @InEachWorld(worlds = Where.REAL, because = WHY)
    void shouldCountForThePluginWhoseContextItIs(PluginWorld world) {
        start(world);
        Using first = using("first");
        long wanted = 0;
        for (Vertx vertx : List.of(first.vertx(), first.apart())) {
            fail(vertx);
            vertx.setTimer(1, id -> {
                throw new IllegalStateException("thrown by a timer");
            });
            ((VertxInternal) vertx).createEventLoopContext().runOnContext(nothing -> {
                throw new IllegalStateException("thrown in a context of its own");
            });
            // Not through its own Vertx any more: from context to context.
            vertx.runOnContext(
                    nothing -> ((VertxInternal) Vertx.currentContext().owner())
                            .createEventLoopContext()
                            .runOnContext(again -> {
                                throw new IllegalStateException("thrown in a context that a context has made");
                            }));
            world.await(vertx.deployVerticle(new Throwing()).toCompletionStage());
            wanted += 5;
            long sum = wanted;
            world.await("all are counted", () -> errors(world, "first") == sum);
        }
        connect(world, first).close();
        world.await("the server's, too", () -> errors(world, "first") == 11);
        assertThat(errors(world, "second")).isZero();
        fail(using("second").vertx());
        world.await("the second's", () -> errors(world, "second") == 1);
        assertThat(errors(world, "first")).isEqualTo(11);
    }

    @InEachWorld(worlds = Where.REAL, because = WHY)
    void shouldGiveEachPluginAnExceptionHandlerOfItsOwn(PluginWorld world) {
        start(world);
        List<Throwable> seen = new CopyOnWriteArrayList<>();
        using("first").vertx().exceptionHandler(seen::add);
        assertThat(using("second").vertx().exceptionHandler()).isNull();
        fail(using("first").vertx());
        world.await("it is told", () -> seen.size() == 1);
        fail(using("second").vertx());
        world.await("the second's is counted", () -> errors(world, "second") == 1);
        assertThat(errors(world, "first")).isZero();
        assertThat(seen).hasSize(1);
    }

    private static Peer connect(PluginWorld world, Using using) {
        return world.connect(new InetSocketAddress(
                InetAddress.getLoopbackAddress(), using.server().actualPort()));
    }

    private static String connections(PluginWorld world, String plugin) {
        String name = "baton_vertx_connections{plugin=\"" + plugin + "\"} ";
        return world.metrics()
                .scrape()
                .lines()
                .filter(line -> line.startsWith(name))
                .findFirst()
                .orElseThrow(() -> new AssertionError("there is no " + name))
                .substring(name.length());
    }

    /** To a server that is none of the process's. */
    private static NetClient open(PluginWorld world, Using using, Origin origin) {
        String[] address = origin.address().split(":", 2);
        NetClient client = using.vertx().createNetClient();
        CompletableFuture<NetSocket> opened = new CompletableFuture<>();
        // In a context of the plugin's: its class loader, which would tell it as well, is the test's.
        using.vertx()
                .runOnContext(nothing -> client.connect(Integer.parseInt(address[1]), address[0])
                        .onComplete(opened::complete, opened::completeExceptionally));
        world.await(opened);
        return client;
    }

    @InEachWorld(worlds = Where.REAL, because = WHY)
    void shouldKnowWhoseConnectionsCannotMove(PluginWorld world) {
        Origin origin = world.origin();
        world.plugin(FirstPlugin.class);
        world.plugin(SecondPlugin.class);
        world.start("first: { listens: false }\nsecond: { listens: false }\nloops: 1\n");
        // Held: a client without a reference to it is closed with its connections.
        List<NetClient> clients = List.of(
                open(world, using("first"), origin),
                open(world, using("first"), origin),
                open(world, using("second"), origin));
        assertThat(using("first").watch().loops().get(0).bound())
                .containsExactly(new BoundConnections("first", 2), new BoundConnections("second", 1));
        assertThat(connections(world, "first")).isEqualTo("2.0");
        assertThat(connections(world, "second")).isEqualTo("1.0");
        clients.forEach(client -> world.await(client.close().toCompletionStage()));
        world.await("they are closed", () -> connections(world, "first").equals("0.0"));
    }

    @InEachWorld(worlds = Where.SIMULATION, because = "the real world has a Vert.x")
    void shouldSayThatThereIsNone(PluginWorld world) {
        world.plugin(FirstPlugin.class);
        assertThatExceptionOfType(AssertionError.class)
                .isThrownBy(() -> world.start("first: {}"))
                .withMessageContaining(
                        "there is no Vertx here: the loops are not those of a Vert.x, as in a simulation");
    }

    /** Made before the loops. */
    static final class EarlyPlugin implements Plugin {
        @Override
        public void configure(PluginBinder binder) {
            binder.fdHook("early", Early.class);
        }
    }

    static final class Early implements FdHook {
        final Vertx vertx;

        @Inject
        Early(Vertx vertx) {
            this.vertx = vertx;
        }
    }

    @InEachWorld(worlds = Where.REAL, because = WHY)
    void shouldSayThatThereIsNoneYet(PluginWorld world) {
        world.plugin(EarlyPlugin.class);
        assertThatExceptionOfType(RuntimeException.class)
                .isThrownBy(() -> world.start("loops: 1"))
                .withMessageContaining("there is no Vertx yet: it is made with the loops");
    }
}
