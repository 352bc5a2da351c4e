package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.runtime.config.CheckConfig;
import dev.baton.runtime.config.EjectConfig;
import dev.baton.runtime.config.PoolConfig;
import dev.baton.runtime.config.ServerConfig;
import dev.baton.runtime.config.UpstreamConfig;
import dev.baton.runtime.config.Variant;
import dev.baton.runtime.upstream.HostNames;
import dev.baton.spi.pool.Sharing;
import dev.baton.testkit.sim.Exploration;
import dev.baton.testkit.sim.SimPeer;
import dev.baton.testkit.sim.SimServer;
import dev.baton.testkit.sim.Simulation;
import dev.baton.testkit.sim.World;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * F24: the loop that a check runs on is held up at any point or retires. Checks go on, one at a time for each server; a
 * server that can be connected to is never down, and one that cannot is.
 */
class F24ChecksTest {
    private static final int LOOPS = 3;
    private static final String GOOD = "127.0.0.1:" + World.PORT;
    private static final String BAD = "127.0.0.1:" + (World.PORT + 1);

    private static App app(World world, CheckConfig.Type type) {
        Simulation simulation = world.simulation();
        HostNames names = new HostNames(
                (host, reply) -> {
                    throw new AssertionError("there are no names");
                },
                simulation.timer("timer", simulation.executor("worker")),
                simulation.ticker()::nanoTime);
        return new App(
                world,
                new UpstreamConfig(
                        List.of(new ServerConfig(GOOD), new ServerConfig(BAD)),
                        Duration.ofSeconds(2),
                        Optional.empty(),
                        Optional.empty(),
                        Duration.ofSeconds(1),
                        10,
                        Variant.of("round-robin"),
                        Optional.empty(),
                        Optional.of(CheckConfig.of(type, Duration.ofSeconds(1), Duration.ofMillis(500), 2, 3)),
                        EjectConfig.DEFAULT,
                        Optional.empty(),
                        new PoolConfig(10, Duration.ofMinutes(1), Sharing.TAKEOVER, Variant.of("takeover"))),
                names);
    }

    private static Set<String> inUse(App app) {
        Set<String> seen = new HashSet<>();
        for (int i = 0; i < 8; i++) {
            seen.add(app.upstream().next().address());
        }
        return seen;
    }

    private static long checks(App app, String server, String result) {
        return app.counts.of("baton_upstream_checks_total", "upstream", "app", "server", server, "result", result);
    }

    /** Takes the connections of checks, of which one is open at most, and answers them if it is asked for that. */
    private static void serve(Simulation simulation, SimServer server, @Nullable String answer) {
        for (SimPeer peer = server.tryAccept(); peer != null; peer = server.tryAccept()) {
            if (answer != null) {
                peer.send(answer);
            }
            peer.close();
        }
        simulation.run();
    }

    private static void pass(Simulation simulation, SimServer server, @Nullable String answer, int quarters) {
        for (int i = 0; i < quarters; i++) {
            simulation.pass(Duration.ofMillis(250));
            serve(simulation, server, answer);
        }
    }

    private static void end(World world, App app, SimServer server) {
        app.close();
        world.simulation().pass(Duration.ofSeconds(5));
        serve(world.simulation(), server, null);
        server.close();
        world.end();
    }

    @Test
    void aLoopThatIsHeldUpHoldsNoCheckUp() {
        int[] heldUp = {0};
        Exploration.explore(4, simulation -> {
            World world = Loops.world(simulation, LOOPS);
            SimServer server = world.server();
            App app = app(world, CheckConfig.Type.TCP);
            simulation.holdUp("L0", 1 + simulation.pick(60));
            pass(simulation, server, null, 60);
            heldUp[0] += simulation.isHeldUp("L0") ? 1 : 0;
            assertThat(checks(app, GOOD, "passed")).as("in 15 s").isGreaterThanOrEqualTo(5);
            assertThat(checks(app, GOOD, "failed")).isZero();
            assertThat(inUse(app)).containsExactly(GOOD);
            simulation.letGo("L0");
            pass(simulation, server, null, 8);
            assertThat(checks(app, GOOD, "failed")).isZero();
            end(world, app, server);
        });
        assertThat(heldUp[0]).as("runs in which it was held up").isPositive();
    }

    @Test
    void aLoopThatRetiresTakesNoCheckAlong() {
        Exploration.explore(4, simulation -> {
            World world = Loops.world(simulation, LOOPS);
            SimServer server = world.server();
            App app = app(world, CheckConfig.Type.TCP);
            pass(simulation, server, null, 4 + simulation.pick(8));
            world.loop(1).shutdownGracefully(0, 1, TimeUnit.SECONDS);
            long before = checks(app, GOOD, "passed");
            pass(simulation, server, null, 40);
            assertThat(checks(app, GOOD, "passed")).isGreaterThanOrEqualTo(before + 5);
            assertThat(checks(app, GOOD, "failed")).isZero();
            assertThat(inUse(app)).containsExactly(GOOD);
            end(world, app, server);
        });
    }

    @Test
    void aServerThatDiesAndComesBackIsSeen() {
        Exploration.explore(8, simulation -> {
            World world = Loops.world(simulation, LOOPS);
            SimServer server = world.server();
            App app = app(world, CheckConfig.Type.HTTP);
            pass(simulation, server, "HTTP/1.1 200 OK\r\n\r\n", 20);
            assertThat(inUse(app)).containsExactly(GOOD);
            pass(simulation, server, "HTTP/1.1 503 No\r\n\r\n", 24);
            assertThat(inUse(app))
                    .as("all are down: a try is better than nothing")
                    .hasSize(2);
            pass(simulation, server, "HTTP/1.1 200 OK\r\n\r\n", 20);
            assertThat(inUse(app)).containsExactly(GOOD);
            assertThat(app.counts.of("baton_upstream_downs_total", "upstream", "app", "server", GOOD))
                    .isOne();
            assertThat(app.counts.of("baton_upstream_connects_total", "upstream", "app"))
                    .as("checks are no traffic")
                    .isZero();
            end(world, app, server);
        });
    }
}
