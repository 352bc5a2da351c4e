package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.rescue.SimulatedWatchdog;
import dev.baton.runtime.listener.BoundListeners;
import dev.baton.runtime.loop.BatonLoop;
import dev.baton.runtime.takeover.LiveWatch;
import dev.baton.runtime.takeover.LoopSurroundings;
import dev.baton.runtime.takeover.StandbyLoops;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.fd.TakeoverResult;
import dev.baton.testkit.sim.Exploration;
import dev.baton.testkit.sim.SimServer;
import dev.baton.testkit.sim.Simulation;
import dev.baton.testkit.sim.World;
import io.netty.channel.ChannelHandlerContext;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import org.junit.jupiter.api.Test;

/**
 * R50 (ae053b30d, haproxy#2980): a watchdog kills a healthy process. The real watchdog on the real loops, in virtual
 * time: many callbacks that are slightly slow, slow ones far apart, pauses of the whole process, and a start that takes
 * long cost nothing, not one connection changes loops. A loop that is truly stuck is seen in time, and its other
 * connections go on elsewhere.
 */
class R50WatchdogTest {
    private static final int LOOPS = 3;
    private static final Duration DETECT = Duration.ofMillis(50);
    /** Longer than the watchdog thinks is long, in a start that it knows of. */
    private static final Duration SLOW_START = Duration.ofMillis(300);

    private static final Duration SETTLE = Duration.ofSeconds(3);
    private static final Duration PAUSE = Duration.ofSeconds(5);
    private static final Duration A_WHILE = Duration.ofSeconds(2);

    /** A watchdog that looks at a world. */
    private static final class Guard {
        final Counts counts = new Counts();
        private boolean over;

        Guard(World world, Duration settle) {
            Simulation simulation = world.simulation();
            SimulatedWatchdog watchdog = new SimulatedWatchdog(
                    DETECT,
                    settle,
                    0,
                    new LiveWatch(world.loops(), world.table(), List::of, loop -> List.of(), noSpares(world)),
                    counts,
                    simulation.now());
            simulation
                    .threads("W")
                    .newThread(() -> {
                        while (!over) {
                            simulation.await("round", () -> over, watchdog.interval());
                            watchdog.round(simulation.now());
                        }
                    })
                    .start();
        }

        private static StandbyLoops noSpares(World world) {
            Simulation simulation = world.simulation();
            Executor worker = simulation.executor("spares");
            return new StandbyLoops(
                    BatonLoop::isSpare,
                    "a spare loop",
                    () -> {
                        throw new IllegalStateException("none here");
                    },
                    new LoopSurroundings(
                            world.env(),
                            world.loops(),
                            new BoundListeners(),
                            simulation.timer("leaving", worker),
                            simulation::now,
                            loop -> List.of(),
                            () -> false),
                    worker);
        }

        long blocked() {
            long sum = 0;
            for (int loop = 0; loop < LOOPS; loop++) {
                sum += counts.counter("baton_loop_blocked_total", "", "loop", Integer.toString(loop))
                        .count();
            }
            return sum;
        }
    }

    @Test
    void aHealthyProcessIsLeftAlone() {
        Exploration.explore(20, simulation -> {
            World world = Loops.world(simulation, LOOPS);
            SimServer server = world.server();
            List<World.Connection> connections = connections(world, server, new ArrayList<>());
            Guard guard = new Guard(world, Duration.ZERO);
            for (int id = 0; id < LOOPS; id++) {
                for (int i = 0; i < 12; i++) {
                    Duration work = Duration.ofMillis(simulation.pick(6) == 0 ? 35 : simulation.pick(12));
                    world.loop(id).execute(() -> simulation.sleep(work));
                }
            }
            simulation.thread("J", () -> {
                for (int i = 0; i < 3; i++) {
                    simulation.sleep(Duration.ofMillis(40 + simulation.pick(40)));
                    simulation.jump(PAUSE);
                }
            });
            simulation.pass(PAUSE.multipliedBy(4));
            assertThat(guard.blocked()).as("loops that were taken for blocked").isZero();
            assertThat(world.counters().takeovers(TakeoverResult.TAKEN)).isZero();
            finish(world, server, connections, guard);
        });
    }

    @Test
    void aSlowStartIsNoStandstill() {
        Exploration.explore(50, simulation -> {
            World world = Loops.world(simulation, LOOPS);
            SimServer server = world.server();
            List<World.Connection> connections = connections(world, server, new ArrayList<>());
            Guard guard = new Guard(world, SETTLE);
            world.loop(0).execute(() -> simulation.sleep(SLOW_START));
            simulation.pass(SETTLE);
            assertThat(guard.blocked()).isZero();
            // The same later is one.
            world.loop(0).execute(() -> simulation.sleep(SLOW_START));
            simulation.pass(SETTLE);
            assertThat(guard.blocked()).isEqualTo(1);
            assertThat(world.loop(0).isBlocked()).isFalse();
            finish(world, server, connections, guard);
        });
    }

    @Test
    void aLoopThatIsStuckIsSeenAndItsConnectionsGoOn() {
        Exploration.explore(20, simulation -> {
            World world = Loops.world(simulation, LOOPS);
            SimServer server = world.server();
            boolean[] released = {false};
            Recorder stuck = new Recorder() {
                @Override
                public void channelRead(ChannelHandlerContext context, Object message) throws Exception {
                    simulation.await("stuck", () -> released[0]);
                    super.channelRead(context, message);
                }
            };
            World.Connection guilty = world.connected(server, 0, stuck);
            List<Recorder> handlers = new ArrayList<>();
            List<World.Connection> others = connections(world, server, handlers);
            Guard guard = new Guard(world, Duration.ZERO);
            guilty.peer().send("x");
            simulation.pass(DETECT.multipliedBy(2));
            assertThat(guard.blocked())
                    .as("seen in twice the time of detection")
                    .isEqualTo(1);
            assertThat(world.loop(0).isBlocked()).isTrue();
            for (int i = 0; i < others.size(); i++) {
                others.get(i).peer().send("y");
            }
            simulation.pass(Duration.ofMillis(10));
            for (int i = 0; i < others.size(); i++) {
                assertThat(owner(world, others.get(i).fd())).isPositive();
                assertThat(handlers.get(i).calls).singleElement().asString().startsWith("read y on L");
            }
            assertThat(owner(world, guilty.fd())).isZero();
            simulation.pass(A_WHILE);
            assertThat(guard.blocked()).as("told once").isEqualTo(1);
            released[0] = true;
            simulation.pass(DETECT);
            assertThat(world.loop(0).isBlocked()).isFalse();
            assertThat(stuck.calls).containsExactly("read x on L0");
            others.add(guilty);
            finish(world, server, others, guard);
        });
    }

    /** One on each loop but the first, which has two. */
    private static List<World.Connection> connections(World world, SimServer server, List<Recorder> handlers) {
        List<World.Connection> made = new ArrayList<>();
        for (int i = 0; i <= LOOPS; i++) {
            Recorder handler = new Recorder();
            handlers.add(handler);
            made.add(world.connected(server, i % LOOPS, handler));
        }
        return made;
    }

    private static int owner(World world, Fd fd) {
        int[] owner = {-1};
        world.table().forEach(each -> {
            if (each.fd().equals(fd)) {
                owner[0] = each.owner();
            }
        });
        return owner[0];
    }

    private static void finish(World world, SimServer server, List<World.Connection> connections, Guard guard) {
        guard.over = true;
        connections.forEach(each -> each.peer().close());
        server.close();
        world.simulation().run();
        world.end();
    }
}
