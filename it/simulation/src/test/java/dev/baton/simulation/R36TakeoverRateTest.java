package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.admin.PoolSnapshot;
import dev.baton.spi.fd.TakeoverResult;
import dev.baton.testkit.sim.Exploration;
import dev.baton.testkit.sim.SimPeer;
import dev.baton.testkit.sim.SimServer;
import dev.baton.testkit.sim.World;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/**
 * R36 (2f3f4d344): too many takeovers cost more than they save. A loop that has an idle connection of its own takes
 * that one, so that loops with enough of them never take from each other; where one has too few, each exchange takes
 * over one connection at most; and the pool's figures and the counter of takeovers say the same.
 */
class R36TakeoverRateTest {
    private static final int ROUNDS = 10;

    @Test
    void loopsThatHaveEnoughTakeNothingFromEachOther() {
        Exploration.explore(10, simulation -> {
            World world = Loops.world(simulation, 2);
            SimServer server = world.server();
            App app = new App(world, 8, Duration.ofMinutes(5));
            // Each connects, unless the schedule has one of them wait for the other's.
            for (int id = 0; id < 2; id++) {
                int loop = id;
                world.loop(id).execute(() -> app.exchange(loop, connection -> {}));
            }
            simulation.run();
            boolean both = app.figures().connects() == 2;
            long before = world.counters().takeovers(TakeoverResult.TAKEN);
            assertThat(app.figures().reusesTakeover()).isEqualTo(before);
            for (int i = 0; i < ROUNDS; i++) {
                for (int id = 0; id < 2; id++) {
                    int loop = id;
                    world.loop(id).execute(() -> app.exchange(loop, connection -> {}));
                }
            }
            simulation.run();
            PoolSnapshot figures = app.figures();
            long takeovers = world.counters().takeovers(TakeoverResult.TAKEN) - before;
            assertThat(figures.reusesTakeover()).as("as the counter says").isEqualTo(before + takeovers);
            assertThat(figures.reusesLocal() + figures.reusesTakeover() + figures.connects())
                    .as("each exchange has one way to its connection")
                    .isEqualTo(2L * ROUNDS + 2);
            if (both) {
                assertThat(takeovers).as("takeovers").isZero();
            } else {
                assertThat(takeovers).as("takeovers").isLessThanOrEqualTo(2L * ROUNDS);
            }
            finish(world, server, app);
        });
    }

    @Test
    void aLoopThatHasNoneTakesOneForEachThatItNeeds() {
        Exploration.explore(10, simulation -> {
            World world = Loops.world(simulation, 2);
            SimServer server = world.server();
            App app = new App(world, 8, Duration.ofMinutes(5));
            world.loop(0).execute(() -> app.exchange(0, connection -> {}));
            simulation.run();
            long connects = app.figures().connects();
            for (int i = 0; i < ROUNDS; i++) {
                world.loop(1).execute(() -> app.exchange(1, connection -> {}));
            }
            simulation.run();
            // The first takes it over; from then on it is this loop's own.
            assertThat(world.counters().takeovers(TakeoverResult.TAKEN)).isEqualTo(1);
            assertThat(app.figures().reusesTakeover()).isEqualTo(1);
            assertThat(app.figures().reusesLocal()).isEqualTo(ROUNDS - 1);
            assertThat(app.figures().connects()).isEqualTo(connects);
            finish(world, server, app);
        });
    }

    private static void finish(World world, SimServer server, App app) {
        app.close();
        world.simulation().run();
        for (SimPeer peer = server.tryAccept(); peer != null; peer = server.tryAccept()) {
            peer.close();
        }
        server.close();
        world.end();
    }
}
