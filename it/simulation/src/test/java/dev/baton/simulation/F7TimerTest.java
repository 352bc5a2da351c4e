package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.epoll.EpollProvider;
import dev.baton.testkit.sim.Exploration;
import dev.baton.testkit.sim.SimServer;
import dev.baton.testkit.sim.Simulation;
import dev.baton.testkit.sim.World;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/**
 * F7: a timer fires twice, or never, across a rescue and the way back. Once each, not before its time, under a claim.
 */
class F7TimerTest {

    @Test
    void eachFiresOnce() {
        Exploration.explore(simulation -> {
            World world = Loops.world(simulation, 2);
            SimServer server = world.server();
            World.Connection connection = world.connected(server, 0, new Recorder());
            long start = simulation.now();
            List<String> fired = new ArrayList<>();
            for (int i = 1; i <= 3; i++) {
                int millis = 10 * i;
                world.loop(0)
                        .execute(() -> connection
                                .channel()
                                .eventLoop()
                                .schedule(
                                        () -> {
                                            assertThat(simulation.now() - start)
                                                    .isGreaterThanOrEqualTo(Duration.ofMillis(millis)
                                                            .toNanos());
                                            assertThat(connection
                                                            .channel()
                                                            .eventLoop()
                                                            .inEventLoop())
                                                    .isTrue();
                                            fired.add("t" + millis);
                                        },
                                        millis,
                                        TimeUnit.MILLISECONDS));
            }
            // The owner is blocked beyond the first timer or the second.
            simulation.thread("W", () -> {
                boolean[] free = new boolean[1];
                world.loop(0).execute(() -> simulation.await("blocked", () -> free[0]));
                simulation.sleep(Duration.ofMillis(5));
                world.loop(1).execute(() -> Loops.rescue(world, connection.channel(), 1, 0));
                simulation.sleep(Duration.ofMillis(5 + 10L * simulation.pick(2)));
                free[0] = true;
                world.loop(0).execute(() -> Loops.rescue(world, connection.channel(), 0, 1));
            });
            simulation.run();
            simulation.pass(Duration.ofMillis(100));
            assertThat(fired).containsExactlyInAnyOrder("t10", "t20", "t30");
            assertThat(world.failures()).isEmpty();
            connection.peer().close();
            server.close();
            world.end();
        });
    }

    @Test
    void aRescuedTimerFiresWhileTheOldLoopIsBlocked() {
        Simulation simulation = Simulation.scripted();
        World world = new World(simulation, new EpollProvider(), 2);
        SimServer server = world.server();
        World.Connection connection = world.connected(server, 0, new Recorder());
        List<String> fired = new ArrayList<>();
        boolean[] free = new boolean[1];
        world.loop(0).execute(() -> {
            connection
                    .channel()
                    .eventLoop()
                    .schedule(() -> fired.add(Thread.currentThread().getName()), 10, TimeUnit.MILLISECONDS);
            simulation.await("blocked", () -> free[0]);
        });
        simulation.run("L0@end");
        world.loop(1).execute(() -> Loops.rescue(world, connection.channel(), 1, 0));
        simulation.pass(Duration.ofMillis(9));
        assertThat(fired).isEmpty();
        simulation.pass(Duration.ofMillis(5));
        assertThat(fired).containsExactly("L1");
        free[0] = true;
        simulation.pass(Duration.ofMillis(100));
        assertThat(fired).containsExactly("L1");
        connection.peer().close();
        server.close();
        world.end();
    }
}
