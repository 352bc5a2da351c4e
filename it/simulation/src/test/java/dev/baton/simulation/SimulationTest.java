package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.plugin.epoll.EpollProvider;
import dev.baton.testkit.sim.Exploration;
import dev.baton.testkit.sim.SimFailure;
import dev.baton.testkit.sim.SimLock;
import dev.baton.testkit.sim.SimServer;
import dev.baton.testkit.sim.Simulation;
import dev.baton.testkit.sim.World;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The simulation itself: the same choices give the same run, and what cannot go on is told. */
class SimulationTest {

    private static void echoAndTakeover(Simulation simulation) {
        World world = new World(simulation, new EpollProvider(), 2);
        SimServer server = world.server();
        World.Connection connection = world.connected(server, 0, new Recorder());
        simulation.thread("P", () -> {
            connection.peer().send("one");
            connection.peer().send("two");
            connection.peer().close();
        });
        simulation.thread(
                "T",
                () -> world.loop(1).execute(() -> {
                    if (connection.channel().takeover(world.loop(1)) == dev.baton.spi.fd.TakeoverResult.TAKEN) {
                        connection.channel().leave();
                    }
                }));
        simulation.run();
        server.close();
        world.end();
    }

    @Test
    void theSameSeedGivesTheSameTraceByteForByte() {
        Set<String> traces = new HashSet<>();
        for (long seed = 100; seed < 140; seed++) {
            String first = Exploration.once(seed, SimulationTest::echoAndTakeover)
                    .trace()
                    .whole();
            String second = Exploration.once(seed, SimulationTest::echoAndTakeover)
                    .trace()
                    .whole();
            assertThat(second).isEqualTo(first);
            traces.add(first);
        }
        assertThat(traces).as("different seeds differ").hasSizeGreaterThan(20);
    }

    @Test
    void aScriptSaysWhoGoesOn() {
        Simulation simulation = Simulation.scripted();
        List<String> order = new ArrayList<>();
        for (String name : List.of("A", "B")) {
            simulation.thread(name, () -> {
                for (int i = 0; i < 3; i++) {
                    simulation.point("turn(" + i + ")");
                    order.add(name + i);
                }
            });
        }
        simulation.run("A@turn*2 B@turn(1) A@end");
        assertThat(order).containsExactly("A0", "B0", "A1", "A2");
        simulation.run();
        assertThat(order).containsExactly("A0", "B0", "A1", "A2", "B1", "B2");
    }

    @Test
    void aScriptThatDoesNotFitSaysWhere() {
        Simulation simulation = Simulation.scripted();
        simulation.thread("A", () -> simulation.point("here"));
        assertThatThrownBy(() -> simulation.run("A@here A@there"))
                .isInstanceOf(SimFailure.class)
                .hasMessageContaining("step 2 'A@there'")
                .hasMessageContaining("A has ended");
        assertThatThrownBy(() -> Simulation.scripted().run("B@end"))
                .isInstanceOf(SimFailure.class)
                .hasMessageContaining("no such thread");
        assertThatThrownBy(() -> Simulation.scripted().run("B-end"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("neither THREAD@POINT");
    }

    @Test
    void aDeadlockIsToldWithTheTrace() {
        SimFailure failure = Exploration.mustFail(50, simulation -> {
            SimLock a = simulation.lock("a");
            SimLock b = simulation.lock("b");
            simulation.thread("A", () -> {
                try (SimLock one = a.lock();
                        SimLock two = b.lock()) {
                    assertThat(one.isHeld() && two.isHeld()).isTrue();
                }
            });
            simulation.thread("B", () -> {
                try (SimLock two = b.lock();
                        SimLock one = a.lock()) {
                    assertThat(one.isHeld() && two.isHeld()).isTrue();
                }
            });
            simulation.run();
        });
        assertThat(failure)
                .hasMessageContaining("deadlock")
                .hasMessageContaining("seed ")
                .hasMessageContaining("A stands at lock(b) and waits")
                .hasMessageContaining("A lock(a)");
    }

    @Test
    void whatNeverEndsIsStopped() {
        Simulation simulation = Simulation.scripted();
        simulation.thread("A", () -> {
            while (true) {
                simulation.point("round");
            }
        });
        assertThatThrownBy(simulation::run).isInstanceOf(SimFailure.class).hasMessageContaining("no end after");
    }

    @Test
    void timePassesWhenNobodyCanGoOn() {
        Simulation simulation = Simulation.scripted();
        World world = new World(simulation, new EpollProvider(), 1);
        List<String> log = new ArrayList<>();
        world.loop(0).schedule(() -> log.add("timer"), 1, java.util.concurrent.TimeUnit.HOURS);
        simulation.run();
        assertThat(log).isEmpty();
        simulation.pass(Duration.ofMinutes(59));
        assertThat(log).isEmpty();
        simulation.pass(Duration.ofMinutes(1));
        assertThat(log).containsExactly("timer");
        assertThat(Duration.ofNanos(simulation.now()).toMillis()).isEqualTo(3_600_000);
        world.end();
    }

    @Test
    void aThreadThatThrowsFailsTheRun() {
        Simulation simulation = Simulation.scripted();
        simulation.thread("A", () -> {
            throw new IllegalStateException("broken");
        });
        assertThatThrownBy(simulation::run).isInstanceOf(SimFailure.class).hasMessageContaining("broken");
    }
}
