package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.runtime.loop.BatonLoop;
import dev.baton.runtime.takeover.LiveLoads;
import dev.baton.runtime.takeover.LoopEvacuation;
import dev.baton.spi.admin.Move;
import dev.baton.spi.admin.Move.Cause;
import dev.baton.spi.admin.MoveCount;
import dev.baton.testkit.sim.SimServer;
import dev.baton.testkit.sim.Simulation;
import dev.baton.testkit.sim.World;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Each connection that changes loops is counted once, and with the reason for which it did. */
class MoveCausesTest {

    @Test
    void shouldTellWhyConnectionsMove() {
        Simulation simulation = Simulation.ofSeed(1);
        World world = Loops.world(simulation, 3);
        SimServer server = world.server();
        List<World.Connection> connections = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            connections.add(world.connected(server, 0, new Recorder()));
        }
        simulation.run();
        LiveLoads loads = new LiveLoads(
                world.loops(), world.table(), new NoGauges(), simulation.timer("loads", simulation.executor("loads")));
        MoveCount count = world.observers().moves().begin();

        loads.move(
                world.loop(0), world.loop(1), loads.connections(world.loop(0)).subList(0, 2));
        simulation.run();
        LoopEvacuation.ofLeaving(world.loop(0), world.table()).start(List.of(world.loop(2)), List.of());
        simulation.run();
        world.loop(0).execute(() -> connections.forEach(each -> Loops.take(world, each.channel(), 0)));
        simulation.run();

        assertThat(count.moves())
                .containsExactlyInAnyOrder(
                        new Move(0, 1, Cause.REBALANCE, 2),
                        new Move(0, 2, Cause.RETIREMENT, 3),
                        new Move(1, 0, Cause.USE, 2),
                        new Move(2, 0, Cause.USE, 3));
        connections.forEach(each -> each.peer().close());
        server.close();
        simulation.run();
        world.end();
    }

    private static final class NoGauges implements LiveLoads.Gauges {
        @Override
        public int processors() {
            return 1;
        }

        @Override
        public long cpuNanos(BatonLoop loop) {
            return 0;
        }

        @Override
        public long nanoTime() {
            return 0;
        }
    }
}
