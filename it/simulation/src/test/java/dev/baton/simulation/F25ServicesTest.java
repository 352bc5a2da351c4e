package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.runtime.config.EjectConfig;
import dev.baton.runtime.config.PoolConfig;
import dev.baton.runtime.config.ServerConfig;
import dev.baton.runtime.config.UpstreamConfig;
import dev.baton.runtime.config.Variant;
import dev.baton.runtime.upstream.HostLookup;
import dev.baton.runtime.upstream.HostNames;
import dev.baton.runtime.upstream.ServerChange;
import dev.baton.runtime.upstream.ServerChanges;
import dev.baton.runtime.upstream.SrvRecord;
import dev.baton.spi.admin.ServerSnapshot;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.loop.Loop;
import dev.baton.spi.pool.Sharing;
import dev.baton.spi.upstream.ConnectHandler;
import dev.baton.spi.upstream.RequestFacts;
import dev.baton.spi.upstream.ServerState;
import dev.baton.spi.upstream.UpstreamConnections;
import dev.baton.spi.upstream.UpstreamServer;
import dev.baton.testkit.sim.Exploration;
import dev.baton.testkit.sim.SimPeer;
import dev.baton.testkit.sim.SimServer;
import dev.baton.testkit.sim.Simulation;
import dev.baton.testkit.sim.World;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/**
 * F25: servers come, vanish and change their weights and priorities in the answers for an SRV name, while requests of
 * all loops choose a server, connect and give their connections back, and an operator drains and weighs servers. A
 * server beside the name is ready all the time: so no request fails, not even one that came before the first answer.
 * When it is quiet, the servers are those of the last answer, nothing rests at others, and those are forgotten.
 */
class F25ServicesTest {
    private static final int LOOPS = 3;
    private static final int REQUESTS = 40;
    private static final int STEADY = World.PORT;
    private static final List<Integer> FOUND = List.of(World.PORT + 1, World.PORT + 2);
    private static final String NAME = "srv:_http._tcp.shop.test";
    private static final Duration TTL = Duration.ofSeconds(1);
    /** What services try. */
    private static final int TRIES = 3;

    @Test
    void noRequestFailsWhileTheServersOfANameComeAndGo() {
        int[] atFound = {0};
        Exploration.explore(16, simulation -> {
            Shop shop = new Shop(simulation);
            shop.start();
            simulation.thread("O", shop::operate);
            simulation.pass(Duration.ofSeconds(40));
            shop.settles = true;
            simulation.pass(Duration.ofSeconds(20));
            shop.check();
            atFound[0] += shop.atFound;
            shop.end();
        });
        assertThat(atFound[0]).as("requests at servers of the name").isPositive();
    }

    /** An upstream with a server and a name, and what happens to it. */
    private static final class Shop {
        private final Simulation simulation;
        private final World world;
        private final List<SimServer> servers = new ArrayList<>();
        private final Executor dns;
        private final App app;
        private final ServerChanges changes;
        private final UpstreamConnections connections;
        private final List<Throwable> failures = new ArrayList<>();
        private boolean settles;
        private int served;
        private int atFound;

        Shop(Simulation simulation) {
            this.simulation = simulation;
            this.world = Loops.world(simulation, LOOPS);
            this.dns = simulation.executor("dns");
            servers.add(world.network().listen(STEADY));
            FOUND.forEach(port -> servers.add(world.network().listen(port)));
            HostNames names = new HostNames(
                    new Answers(), simulation.timer("timer", simulation.executor("work")), simulation::now);
            UpstreamConfig config = new UpstreamConfig(
                    List.of(new ServerConfig("127.0.0.1:" + STEADY), new ServerConfig(NAME)),
                    Duration.ofSeconds(2),
                    Optional.empty(),
                    Optional.of(10),
                    Duration.ofSeconds(5),
                    100,
                    Variant.of("round-robin"),
                    Optional.empty(),
                    Optional.empty(),
                    EjectConfig.DEFAULT,
                    Optional.empty(),
                    new PoolConfig(10, Duration.ofMinutes(1), Sharing.TAKEOVER, Variant.of("takeover")));
            this.app = new App(world, config, names);
            this.changes = app.changes();
            this.connections = app.connections("requests");
        }

        /** The name servers. */
        private final class Answers implements HostLookup {
            @Override
            public void lookUp(String host, Reply reply) {
                reply.found(List.of(InetAddress.getLoopbackAddress()));
            }

            @Override
            public void lookUpService(String name, ServiceReply reply) {
                dns.execute(() -> {
                    simulation.point("answer");
                    List<SrvRecord> records = new ArrayList<>();
                    for (int port : FOUND) {
                        if (settles ? port == FOUND.get(0) : simulation.pick(3) > 0) {
                            records.add(new SrvRecord(simulation.pick(2), simulation.pick(3), port, "localhost"));
                        }
                    }
                    if (!settles && simulation.pick(4) == 0) {
                        reply.failed("no answer", simulation.pick(2) == 0);
                    } else {
                        reply.found(records, Map.of(), TTL);
                    }
                });
            }
        }

        void start() {
            for (int i = 0; i < REQUESTS; i++) {
                Loop loop = world.loop(i % LOOPS);
                int seconds = i < LOOPS ? 0 : simulation.pick(40);
                loop.execute(() -> loop.eventLoop().schedule(() -> ask(loop), seconds, TimeUnit.SECONDS));
            }
        }

        private void ask(Loop loop) {
            new Request(this, loop).ask(app.upstream().next(RequestFacts.NONE));
        }

        /** On the operator's thread. */
        void operate() {
            for (int i = 0; i < 20; i++) {
                simulation.sleep(Duration.ofMillis(500 + simulation.pick(3000)));
                String server = "localhost:" + FOUND.get(simulation.pick(2));
                try {
                    switch (simulation.pick(4)) {
                        case 0 -> changes.change("app", server, ServerState.DRAIN);
                        case 1 -> changes.change("app", server, ServerState.READY);
                        case 2 -> changes.weigh("app", server, 1 + simulation.pick(5));
                        default ->
                            assertThat(changes.handOver())
                                    .extracting(ServerChange::state)
                                    .as("none was removed")
                                    .doesNotContain(ServerState.REMOVED);
                    }
                } catch (NoSuchElementException vanished) {
                    assertThat(vanished).hasMessageContaining(server);
                }
            }
        }

        void check() {
            assertThat(failures).isEmpty();
            assertThat(served).isEqualTo(REQUESTS);
            List<ServerSnapshot> shown = app.servers();
            assertThat(shown)
                    .extracting(ServerSnapshot::server)
                    .containsExactlyInAnyOrder("127.0.0.1:" + STEADY, "localhost:" + FOUND.get(0));
            for (ServerSnapshot each : shown) {
                assertThat(each.inFlight()).as("in flight at " + each).isZero();
            }
            assertThat(app.open())
                    .as("open")
                    .isEqualTo(shown.stream().mapToInt(ServerSnapshot::idle).sum());
        }

        void end() {
            app.close();
            simulation.endServers();
            simulation.run();
            for (SimServer server : servers) {
                for (SimPeer peer = server.tryAccept(); peer != null; peer = server.tryAccept()) {
                    peer.close();
                }
                server.close();
            }
            world.end();
        }
    }

    /** One request, which asks the next server where it cannot connect, as services do. */
    private static final class Request implements ConnectHandler {
        private final Shop shop;
        private final Loop loop;
        private int tries;
        private UpstreamServer server = UpstreamServer.NONE;

        Request(Shop shop, Loop loop) {
            this.shop = shop;
            this.loop = loop;
        }

        void ask(UpstreamServer chosen) {
            server = chosen;
            shop.simulation.point("chosen");
            MovableChannel taken = shop.connections.take(server, loop);
            if (taken == null) {
                shop.connections.connect(server, loop, this);
                return;
            }
            try {
                connected(taken);
            } finally {
                taken.leave();
            }
        }

        @Override
        public void connected(MovableChannel connection) {
            shop.atFound += server.address().startsWith("localhost") ? 1 : 0;
            int use = shop.simulation.pick(3);
            if (use == 0) {
                end(connection);
            } else {
                connection.eventLoop().schedule(() -> end(connection), use == 1 ? 1 : 12_000, TimeUnit.MILLISECONDS);
            }
        }

        private void end(MovableChannel connection) {
            shop.served++;
            shop.connections.release(connection);
        }

        @Override
        public void failed(Throwable cause) {
            if (++tries >= Math.min(TRIES, shop.app.upstream().servers().size())) {
                shop.failures.add(cause);
                return;
            }
            ask(shop.app.upstream().nextAfter(server));
        }
    }
}
