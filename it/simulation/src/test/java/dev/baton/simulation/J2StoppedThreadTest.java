package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.runtime.view.LiveView;
import dev.baton.runtime.view.ViewSources;
import dev.baton.spi.admin.OrphanSnapshot;
import dev.baton.spi.fd.TakeoverResult;
import dev.baton.testkit.sim.Exploration;
import dev.baton.testkit.sim.SimServer;
import dev.baton.testkit.sim.Simulation;
import dev.baton.testkit.sim.World;
import io.netty.channel.ChannelHandlerContext;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/**
 * J2: a loop's thread is descheduled, or stopped by the garbage collector, inside a claim. Nobody spins on it: a
 * takeover is refused, a delete is done, each after the same few steps as ever, and a minute later nobody has done any
 * more. The orphan is visible, with how long it is one, in whom it runs and whose it is; and the leave closes it, once.
 */
class J2StoppedThreadTest {
    private static final Duration A_MINUTE = Duration.ofMinutes(1);
    /** What a refusal and a delete take, for both of the others, with their ways into sleep and out of it. */
    private static final int STEPS_MAX = 60;
    /** A loop that has nothing to do sleeps for a second at a time. */
    private static final int STEPS_ASLEEP_MAX = 2 * 60 + 10;

    /** Stops at a point in its callback. */
    private static final class Stops extends Recorder {
        private final Simulation simulation;

        Stops(Simulation simulation) {
            this.simulation = simulation;
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) throws Exception {
            simulation.holdUp("L0", 1);
            simulation.point("callback");
            super.channelRead(context, message);
        }
    }

    @Test
    void nobodySpinsOnTheClaimOfAThreadThatIsStopped() {
        Exploration.explore(4, simulation -> {
            World world = Loops.world(simulation, 2);
            SimServer server = world.server();
            Stops handler = new Stops(simulation);
            World.Connection connection = world.connected(server, 0, handler);
            connection.peer().send("x");
            simulation.run();
            assertThat(simulation.isHeldUp("L0")).isTrue();
            assertThat(simulation.where("L0")).isEqualTo("callback");

            List<Object> results = new ArrayList<>();
            int before = simulation.steps();
            world.loop(1).execute(() -> {
                results.add(Loops.take(world, connection.channel(), 1));
                results.add(world.table().fdDelete(connection.fd()));
                results.add(Loops.take(world, connection.channel(), 1));
            });
            simulation.thread("A", () -> results.add(world.table().fdDelete(connection.fd())));
            simulation.run();
            // Either may be the first to delete it, and the second delete does nothing.
            assertThat(results).hasSize(4).containsOnlyOnce(true).containsOnlyOnce(false);
            assertThat(results).contains(TakeoverResult.GONE).doesNotContain(TakeoverResult.TAKEN);
            assertThat(simulation.steps() - before).as("steps").isLessThan(STEPS_MAX);
            assertThat(world.audit().of(connection.fd())).containsExactly("orphaned");

            before = simulation.steps();
            simulation.pass(A_MINUTE);
            assertThat(simulation.steps() - before).as("steps in a minute").isLessThan(STEPS_ASLEEP_MAX);
            assertThat(world.counters().orphans()).isEqualTo(1);
            OrphanSnapshot orphan = view(world).orphans().get(0);
            assertThat(orphan.fd()).isEqualTo(connection.fd().number());
            assertThat(orphan.running()).isEqualTo(1);
            assertThat(orphan.loops()).containsExactly(0);
            assertThat(orphan.plugin()).isEqualTo("test");
            assertThat(orphan.orphanedForMs())
                    .isBetween(0L, Duration.ofMinutes(10).toMillis());
            assertThat(world.posix().open()).contains(connection.fd().number());

            simulation.letGo("L0");
            simulation.run();
            assertThat(handler.calls).containsExactly("read x on L0", "inactive on L0");
            assertThat(world.audit().of(connection.fd())).containsExactly("orphaned", "closed by leaver");
            connection.peer().close();
            server.close();
            world.end();
        });
    }

    private static LiveView view(World world) {
        return new LiveView(
                world.loops(),
                world.table(),
                world.observers(),
                new ViewSources(
                        "test",
                        "test",
                        0,
                        Duration.ZERO,
                        () -> "ready",
                        Optional::empty,
                        List::of,
                        List::of,
                        List::of,
                        List::of,
                        Map.of(),
                        () -> {
                            throw new AssertionError("not asked for");
                        },
                        List::of,
                        loop -> 0));
    }
}
