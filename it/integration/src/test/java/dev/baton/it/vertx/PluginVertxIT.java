package dev.baton.it.vertx;

import static dev.baton.it.vertx.VertxRig.get;
import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.runtime.loop.BatonLoop;
import dev.baton.spi.Component;
import dev.baton.spi.ComponentFactory;
import dev.baton.spi.Plugin;
import dev.baton.spi.PluginBinder;
import dev.baton.spi.admin.LoopResult;
import dev.baton.spi.loop.Apart;
import dev.baton.spi.loop.Loop;
import dev.baton.spi.loop.Loops;
import dev.baton.testkit.world.InEachWorld;
import dev.baton.testkit.world.Peer;
import dev.baton.testkit.world.PluginWorld;
import dev.baton.testkit.world.Where;
import io.vertx.core.AbstractVerticle;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.VertxInternal;
import jakarta.inject.Inject;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Timeout;

/** What a plugin can do with the Vert.x that it is given: use it on every loop, and end nothing that is not its own. */
@Timeout(60)
class PluginVertxIT {
    private static final String WHY = "Vert.x is on real loops";
    private static final String SERVER = """
            loops: 1
            using-vertx: {}
            listeners: { web: { bind: "127.0.0.1:0", service: echo } }
            services: { echo: { type: testkit-echo } }
            """;

    /** What was injected last. */
    private static volatile @Nullable Injected injected;

    record Injected(Vertx vertx, Vertx apart, Loops loops) {}

    /** The entry point of a plugin that uses Vert.x. */
    public static final class UsingVertx implements Plugin {
        @Override
        public void configure(PluginBinder binder) {
            binder.component("using-vertx", Config.class, Factory.class);
        }
    }

    /** No keys. */
    public record Config() {}

    /** Notes what it is given. */
    public static final class Factory implements ComponentFactory<Config> {
        private final Injected mine;

        @Inject
        Factory(Vertx vertx, @Apart Vertx apart, Loops loops) {
            mine = new Injected(vertx, apart, loops);
        }

        @Override
        public Component create(Config config) {
            injected = mine;
            return new Component() {
                @Override
                public CompletionStage<String> start() {
                    return CompletableFuture.completedStage("");
                }

                @Override
                public CompletionStage<Void> stop() {
                    return CompletableFuture.completedStage(null);
                }
            };
        }
    }

    private static Injected started(PluginWorld world) {
        world.plugin(UsingVertx.class);
        world.start(SERVER);
        Injected known = injected;
        if (known == null) {
            throw new AssertionError("nothing was injected");
        }
        return known;
    }

    private static void echoes(PluginWorld world) {
        Peer client = world.connect("web");
        client.send("hello");
        client.expect("hello");
        client.close();
    }

    @InEachWorld(worlds = Where.REAL, because = WHY)
    void shouldNotCloseTheRuntimesVertx(PluginWorld world) throws Exception {
        Injected mine = started(world);
        for (Vertx each : List.of(mine.vertx(), mine.apart())) {
            Future<Void> close = each.close();
            assertThat(close.cause()).hasMessageContaining("close what the plugin has opened");
            get(each.timer(1, java.util.concurrent.TimeUnit.MILLISECONDS));
        }
        echoes(world);
    }

    @InEachWorld(worlds = Where.REAL, because = WHY)
    void shouldNotEndTheLoopsByAnotherWay(PluginWorld world) throws Exception {
        Injected mine = started(world);
        world.expectErrors();
        Loop loop = mine.loops().all().get(0);
        assertThat(loop.eventLoop().shutdownGracefully().isSuccess()).isFalse();
        ((VertxInternal) mine.vertx()).nettyEventLoopGroup().shutdownGracefully();
        assertThat(loop.eventLoop().isShuttingDown()).isFalse();
        echoes(world);
    }

    /** Keeps what a verticle gets. */
    private static final class Noting extends VerticleBase {
        private final List<Vertx> known = new ArrayList<>();

        Context context() {
            return context;
        }

        @Override
        public Future<?> start() {
            known.add(vertx);
            known.add(context.owner());
            known.add(Vertx.currentContext().owner());
            return Future.succeededFuture();
        }
    }

    /** As older applications are written. */
    private static final class OldNoting extends AbstractVerticle {
        private final List<Vertx> known = new ArrayList<>();

        @Override
        public void start() {
            known.add(vertx);
            known.add(getVertx());
        }
    }

    @InEachWorld(worlds = Where.REAL, because = WHY)
    void shouldNotCloseTheVertxThatContextsAndVerticlesLeadTo(PluginWorld world) throws Exception {
        Injected mine = started(world);
        for (Vertx each : List.of(mine.vertx(), mine.apart())) {
            Noting verticle = new Noting();
            OldNoting old = new OldNoting();
            get(each.deployVerticle(verticle));
            get(each.deployVerticle(old));
            List<Vertx> known = new ArrayList<>(verticle.known);
            known.addAll(old.known);
            known.add(each.getOrCreateContext().owner());
            known.add(((VertxInternal) each).createWorkerContext().owner());
            known.add(((VertxInternal) each)
                    .createEventLoopContext()
                    .duplicate()
                    .unwrap()
                    .owner());
            assertThat(known).hasSize(8);
            for (Vertx way : known) {
                assertThat(way.close().cause()).hasMessageContaining("close what the plugin has opened");
            }
            get(each.deployVerticle(new Noting()));
            get(each.createNetServer().connectHandler(socket -> {}).listen(0, "127.0.0.1"));
        }
        echoes(world);
    }

    @InEachWorld(worlds = Where.REAL, because = WHY)
    void shouldKnowTheThreadOfALoopThatWasAdded(PluginWorld world) throws Exception {
        Injected mine = started(world);
        LoopResult added = world.await(world.control().addLoop());
        List<Loop> all = mine.loops().all();
        assertThat(all).hasSize(2);
        BatonLoop loop = (BatonLoop) all.get(1);
        assertThat(loop.id()).isEqualTo(added.loop());
        VertxThreadsIT.isKnown(mine.vertx(), loop);
        assertThat(loop.threadName()).isEqualTo("baton-loop-1"); // since its first task
        world.await(world.control().retireLoop(loop.id()));
    }

    /** Its contexts would be dead, with their timers, and closing what they have opened would never complete. */
    @InEachWorld(worlds = Where.REAL, because = WHY)
    void shouldLeaveAContextTheThreadOfALoopThatIsRetired(PluginWorld world) throws Exception {
        Injected mine = started(world);
        world.await(world.control().addLoop());
        Noting verticle = new Noting();
        String id = get(mine.vertx().deployVerticle(verticle));
        Loop its = mine.loops().all().stream()
                .filter(loop -> loop.eventLoop() == ((ContextInternal) verticle.context()).nettyEventLoop())
                .findFirst()
                .orElseThrow();
        LoopResult retired = world.await(world.control().retireLoop(its.id()));
        assertThat(retired.outcome()).isEqualTo(LoopResult.Outcome.RETIRED);
        assertThat(retired.detail()).contains("its thread stays for contexts of Vert.x");
        assertThat(mine.loops().all()).hasSize(1).doesNotContain(its);
        Promise<Void> timer = Promise.promise();
        verticle.context().runOnContext(ran -> mine.vertx().setTimer(1, fired -> timer.complete()));
        get(timer.future());
        get(mine.vertx().undeploy(id));
        echoes(world);
    }
}
