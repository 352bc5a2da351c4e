package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.epoll.EpollProvider;
import dev.baton.runtime.channel.MovableSocketChannel;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.fd.TakeoverResult;
import dev.baton.testkit.sim.Exploration;
import dev.baton.testkit.sim.SimPeer;
import dev.baton.testkit.sim.SimServer;
import dev.baton.testkit.sim.Simulation;
import dev.baton.testkit.sim.World;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * F9: an idle connection is used although its server has ended it, or has sent something on it: its loop is busy and
 * has not seen that yet, and the request is lost, or answered with what was not meant for it. What is taken out of the
 * pool has nothing to be read.
 */
class F9UnseenInputTest {
    private static final Duration IDLE_TIMEOUT = Duration.ofMinutes(5);

    /** What a server does to an idle connection. */
    enum OutOfTurn {
        BYTES("bytes", peer -> peer.send("HTTP/1.1 200 OK")),
        END("end", SimPeer::close),
        RESET("reset", SimPeer::reset);

        private final String reason;

        @SuppressWarnings("ImmutableEnumChecker") // it is immutable, but does not say so
        private final Consumer<SimPeer> act;

        OutOfTurn(String reason, Consumer<SimPeer> act) {
            this.reason = reason;
            this.act = act;
        }
    }

    /** Two loops, the first with an idle connection. */
    private static final class Scene {
        final Simulation simulation;
        final World world;
        final SimServer server;
        final App app;
        final SimPeer peer;
        final MovableChannel idle;
        final List<MovableChannel> used = new ArrayList<>();
        boolean free;

        Scene(Simulation simulation, World world) {
            this.simulation = simulation;
            this.world = world;
            server = world.server();
            app = new App(world, 8, IDLE_TIMEOUT);
            world.loop(0).execute(() -> app.exchange(0, used::add));
            simulation.run();
            peer = server.accept();
            idle = used.remove(0);
            assertThat(app.figures().idle()).isOne();
        }

        static Scene scripted() {
            Simulation simulation = Simulation.scripted();
            return new Scene(simulation, new World(simulation, new EpollProvider(), 2));
        }

        void exchange(int loop) {
            app.exchange(loop, used::add);
        }

        /** Holds a loop up. */
        void busy() {
            simulation.await("busy", () -> free);
        }

        void neverUsed(OutOfTurn what) {
            assertThat(used).hasSize(1).doesNotContain(idle);
            assertThat(idle.isOpen()).isFalse();
            assertThat(app.counts.of("baton_upstream_discards_total", "upstream", "app", "reason", what.reason))
                    .isOne();
        }

        void end() {
            free = true;
            simulation.run();
            app.close();
            simulation.run();
            server.close();
            world.end();
        }
    }

    @ParameterizedTest
    @EnumSource
    void itIsNotTakenOverFromABusyLoop(OutOfTurn what) {
        Scene scene = Scene.scripted();
        scene.world.loop(0).execute(scene::busy);
        scene.simulation.run("L0@busy");
        what.act.accept(scene.peer);
        scene.world.loop(1).execute(() -> scene.exchange(1));
        scene.simulation.run("L1@end");
        scene.neverUsed(what);
        scene.end();
    }

    @ParameterizedTest
    @EnumSource
    void aLoopThatWasHeldUpDoesNotUseItsOwn(OutOfTurn what) {
        Scene scene = Scene.scripted();
        scene.world.loop(0).execute(() -> {
            scene.busy();
            scene.exchange(0);
        });
        scene.simulation.run("L0@busy +35ms");
        what.act.accept(scene.peer);
        scene.free = true;
        scene.simulation.run();
        scene.neverUsed(what);
        scene.end();
    }

    @ParameterizedTest
    @EnumSource
    void aRescuerDoesNotUseWhatItHasNotPolledYet(OutOfTurn what) {
        Scene scene = Scene.scripted();
        scene.world.loop(0).execute(scene::busy);
        scene.simulation.run("L0@busy");
        what.act.accept(scene.peer);
        scene.world.loop(1).execute(() -> {
            assertThat(Loops.rescue(scene.world, (MovableSocketChannel) scene.idle, 1, 0))
                    .isEqualTo(TakeoverResult.TAKEN);
            scene.exchange(1);
        });
        scene.simulation.run("L1@end");
        scene.neverUsed(what);
        scene.end();
    }

    @Test
    void oneThatIsQuietIsUsed() {
        Scene scene = Scene.scripted();
        scene.world.loop(0).execute(() -> {
            scene.busy();
            scene.exchange(0);
        });
        scene.simulation.run("L0@busy +35ms");
        scene.world.loop(1).execute(() -> scene.exchange(1));
        scene.simulation.run("L1@end");
        scene.free = true;
        scene.simulation.run();
        assertThat(scene.used).containsExactly(scene.idle, scene.idle);
        scene.end();
    }

    /** Costs a system call, and loops that turn have seen what there was to see. */
    @Test
    void aLoopThatTurnsDoesNotLook() {
        Scene scene = Scene.scripted();
        for (int i = 0; i < 3; i++) {
            int before = recvs(scene);
            scene.world.loop(0).execute(() -> scene.exchange(0));
            scene.simulation.run("L0@end");
            assertThat(recvs(scene)).isEqualTo(before);
        }
        assertThat(scene.used).containsExactly(scene.idle, scene.idle, scene.idle);
        scene.end();
    }

    private static int recvs(Scene scene) {
        return scene.simulation.trace().whole().split("recv\\(", -1).length;
    }

    @Test
    void inAnyOrder() {
        Exploration.explore(2, simulation -> {
            Scene scene = new Scene(simulation, Loops.world(simulation, 2));
            OutOfTurn what = OutOfTurn.values()[simulation.pick(OutOfTurn.values().length)];
            boolean rescue = simulation.pick(2) == 0;
            boolean[] done = new boolean[1];
            scene.world.loop(0).execute(() -> {
                simulation.point("busy");
                simulation.point("busy");
            });
            simulation.thread("P", () -> {
                what.act.accept(scene.peer);
                done[0] = true;
            });
            simulation.thread("T", () -> {
                simulation.await("done", () -> done[0]);
                scene.world.loop(1).execute(() -> {
                    if (rescue) {
                        Loops.rescue(scene.world, (MovableSocketChannel) scene.idle, 1, 0);
                    }
                    scene.exchange(1);
                });
            });
            simulation.run();
            assertThat(scene.used).hasSize(1).doesNotContain(scene.idle);
            assertThat(scene.idle.isOpen()).isFalse();
            scene.end();
        });
    }
}
