package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.runtime.config.PoolConfig;
import dev.baton.runtime.config.UpstreamConfig;
import dev.baton.runtime.config.Variant;
import dev.baton.spi.loop.Loop;
import dev.baton.spi.pool.Sharing;
import dev.baton.spi.upstream.RequestFacts;
import dev.baton.spi.upstream.ServerFailure;
import dev.baton.spi.upstream.Upstream;
import dev.baton.spi.upstream.UpstreamServer;
import dev.baton.testkit.sim.Exploration;
import dev.baton.testkit.sim.Simulation;
import dev.baton.testkit.sim.World;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * F22: requests of several loops find out at once that servers die, come back and flap. Of four servers no more than
 * two are ever ejected; a request that may be sent to another server never fails while another one is well; of the
 * others, those that are under way when a server dies are lost, and none after that; and a server that is well again is
 * in use again.
 */
class F22EjectionTest {
    private static final int LOOPS = 3;
    private static final int SERVERS = 4;
    private static final int ROUNDS = 12;
    private static final Duration STEP = Duration.ofMillis(500);

    /** A request, which is safe to be sent again or not. */
    private record Facts(boolean isSafe) implements RequestFacts {
        @Override
        public @Nullable SocketAddress clientAddress() {
            return null;
        }
    }

    /** Servers that a test lets die, and the requests to them. */
    private static final class Servers {
        private final World world;
        private final Simulation simulation;
        private final App app;
        private final Upstream upstream;
        private final boolean[] dead = new boolean[SERVERS];
        private int safeLost;
        private int unsafeLost;
        /** Requests that a server has not answered, in this round. */
        private int failures;

        Servers(World world) {
            this.world = world;
            this.simulation = world.simulation();
            this.app = new App(
                    world,
                    new UpstreamConfig(
                            List.of("127.0.0.1:9001", "127.0.0.1:9002", "127.0.0.1:9003", "127.0.0.1:9004"),
                            Duration.ofSeconds(2),
                            new PoolConfig(10, Duration.ofMinutes(1), Sharing.TAKEOVER, Variant.of("takeover"))));
            this.upstream = app.upstream();
        }

        /** A safe one and another one on each loop. */
        void round() {
            failures = 0;
            for (int i = 0; i < LOOPS; i++) {
                Loop loop = world.loop(i);
                loop.execute(() -> safe(loop));
                loop.execute(() -> unsafe(loop));
            }
            simulation.pass(STEP);
        }

        private void safe(Loop loop) {
            UpstreamServer first = upstream.next(new Facts(true));
            if (!ask(first, loop) && !ask(upstream.nextAfter(first), loop)) {
                safeLost++;
            }
        }

        private void unsafe(Loop loop) {
            if (!ask(upstream.next(new Facts(false)), loop)) {
                unsafeLost++;
            }
        }

        private boolean ask(UpstreamServer server, Loop loop) {
            long began = loop.eventLoop().ticker().nanoTime();
            boolean answers = !dead[server.index()];
            simulation.point("request");
            long nanos = loop.eventLoop().ticker().nanoTime() - began;
            if (answers) {
                upstream.answered(server, nanos);
            } else {
                failures++;
                upstream.failed(server, ServerFailure.CLOSED, nanos);
            }
            return answers;
        }

        /** Those that an ordinary request may get now. */
        Set<UpstreamServer> inUse() {
            Set<UpstreamServer> seen = new HashSet<>();
            for (int i = 0; i < 4 * SERVERS; i++) {
                seen.add(upstream.next());
            }
            return seen;
        }

        void end() {
            app.close();
            simulation.run();
            world.end();
        }
    }

    @Test
    void whatCanBeSentElsewhereIsNotLost() {
        int[] lost = {0};
        Exploration.explore(4, simulation -> {
            World world = Loops.world(simulation, LOOPS);
            Servers servers = new Servers(world);
            int dies = simulation.pick(SERVERS);
            servers.round();
            servers.dead[dies] = true;
            servers.round();
            servers.round();
            int early = servers.unsafeLost;
            for (int i = 0; i < ROUNDS; i++) {
                servers.round();
                assertThat(servers.failures).as("requests that try it at once").isLessThanOrEqualTo(1);
            }
            assertThat(servers.safeLost).isZero();
            assertThat(servers.unsafeLost).as("lost once it was known").isEqualTo(early);
            assertThat(servers.inUse()).hasSize(SERVERS - 1);
            lost[0] += early;
            servers.dead[dies] = false;
            for (int i = 0; i < 40 && servers.inUse().size() < SERVERS; i++) {
                servers.round();
            }
            assertThat(servers.inUse()).as("it answers again").hasSize(SERVERS);
            servers.end();
        });
        assertThat(lost[0]).as("lost before it was known, in some run").isPositive();
    }

    @Test
    void oneThatFlapsCostsNoSafeRequest() {
        Exploration.explore(4, simulation -> {
            World world = Loops.world(simulation, LOOPS);
            Servers servers = new Servers(world);
            for (int i = 0; i < 3 * ROUNDS; i++) {
                servers.dead[1] = simulation.pick(2) == 0;
                servers.round();
            }
            assertThat(servers.safeLost).isZero();
            servers.end();
        });
    }

    @Test
    void neverMoreThanTheShareIsLeftOut() {
        int[] full = {0};
        Exploration.explore(4, simulation -> {
            World world = Loops.world(simulation, LOOPS);
            Servers servers = new Servers(world);
            simulation.thread("F", () -> {
                for (int i = 0; i < 3 * SERVERS; i++) {
                    servers.dead[simulation.pick(SERVERS)] = simulation.pick(3) != 0;
                    simulation.point("flap");
                }
            });
            for (int i = 0; i < ROUNDS; i++) {
                servers.round();
                int used = servers.inUse().size();
                assertThat(used).isGreaterThanOrEqualTo(SERVERS / 2);
                full[0] += used == SERVERS / 2 ? 1 : 0;
            }
            servers.end();
        });
        assertThat(full[0])
                .as("rounds in which as many were left out as may be")
                .isPositive();
    }
}
