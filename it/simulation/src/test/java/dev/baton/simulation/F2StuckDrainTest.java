package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.epoll.EpollProvider;
import dev.baton.testkit.sim.Exploration;
import dev.baton.testkit.sim.SimServer;
import dev.baton.testkit.sim.Simulation;
import dev.baton.testkit.sim.World;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * F2: the flag that says "a drain is queued" stands for a drain that is stuck with the old loop. After a rescue the
 * task runs on the new loop, while the old one is still blocked, and only once.
 */
class F2StuckDrainTest {

    @Test
    void theTaskRunsWhileTheOldLoopIsBlocked() {
        Simulation simulation = Simulation.scripted();
        World world = new World(simulation, new EpollProvider(), 2);
        SimServer server = world.server();
        World.Connection connection = world.connected(server, 0, new Recorder());
        boolean[] free = new boolean[1];
        List<String> ran = new ArrayList<>();
        world.loop(0).execute(() -> simulation.await("blocked", () -> free[0]));
        simulation.run("L0@end");
        connection
                .channel()
                .eventLoop()
                .execute(() -> ran.add("before on " + Thread.currentThread().getName()));
        world.loop(1).execute(() -> Loops.rescue(world, connection.channel(), 1, 0));
        simulation.run("L1@end");
        assertThat(ran).containsExactly("before on L1");
        connection
                .channel()
                .eventLoop()
                .execute(() -> ran.add("after on " + Thread.currentThread().getName()));
        simulation.run("L1@end");
        assertThat(ran).containsExactly("before on L1", "after on L1");
        free[0] = true;
        simulation.run();
        assertThat(ran).hasSize(2);
        connection.peer().close();
        server.close();
        world.end();
    }

    @Test
    void inAnyOrder() {
        Exploration.explore(simulation -> {
            World world = Loops.world(simulation, 2);
            SimServer server = world.server();
            World.Connection connection = world.connected(server, 0, new Recorder());
            boolean[] free = new boolean[1];
            List<Integer> ran = new ArrayList<>();
            world.loop(0).execute(() -> simulation.await("blocked", () -> free[0]));
            simulation.thread("T", () -> {
                for (int i = 0; i < 4; i++) {
                    int task = i;
                    connection.channel().eventLoop().execute(() -> ran.add(task));
                    simulation.point("queued");
                }
                // Needs no help of loop 0, whatever it is doing.
                simulation.await("all ran", () -> ran.size() == 4);
                free[0] = true;
            });
            // Until it is the rescuer's: the owner may be inside at the first try.
            world.loop(1).execute(new Runnable() {
                @Override
                public void run() {
                    Loops.rescue(world, connection.channel(), 1, 0);
                    if (connection.channel().loop() == world.loop(0)) {
                        simulation.point("again");
                        world.loop(1).execute(this);
                    }
                }
            });
            simulation.run();
            assertThat(ran).containsExactly(0, 1, 2, 3);
            connection.peer().close();
            server.close();
            world.end();
        });
    }
}
