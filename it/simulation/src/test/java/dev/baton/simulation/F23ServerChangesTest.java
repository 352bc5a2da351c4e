package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.runtime.upstream.HostLookup;
import dev.baton.runtime.upstream.HostNames;
import dev.baton.runtime.upstream.ServerChanges;
import dev.baton.spi.admin.ServerResult;
import dev.baton.spi.admin.ServerSnapshot;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.loop.Loop;
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
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/**
 * F23: an operator drains a server, takes it into maintenance, changes its weight, removes it and adds it again, while
 * requests of all loops choose a server, wait for a place at it, connect and give their connections back. Another
 * server is ready all the time: so no request fails. After maintenance is answered no connection to the server is
 * opened until it is over. When it is quiet, no connection rests at a server that is not ready, and what was removed is
 * forgotten.
 */
class F23ServerChangesTest {
    private static final int LOOPS = 3;
    private static final int LIMIT = 2;
    private static final int REQUESTS = 24;
    private static final int CHANGED = World.PORT;
    private static final int STEADY = World.PORT + 1;
    private static final String SERVER = "127.0.0.1:" + CHANGED;
    private static final Duration LONG = Duration.ofSeconds(60);
    /** What services try. */
    private static final int TRIES = 3;

    @Test
    void noRequestFailsAndNothingConnectsToAServerInMaintenance() {
        int[] toChanged = {0};
        int[] refused = {0};
        Exploration.explore(2, simulation -> {
            Requests requests = new Requests(simulation);
            requests.start();
            simulation.thread("O", requests::change);
            simulation.pass(Duration.ofSeconds(5));
            requests.check();
            toChanged[0] += requests.toChanged;
            refused[0] += requests.askedAgain;
            requests.end();
        });
        assertThat(toChanged[0]).as("requests at the server that is changed").isPositive();
        assertThat(refused[0])
                .as("requests that had chosen it, and went to the other")
                .isPositive();
    }

    /** With the only server drained, those that wait for a place are served still, and new ones fail at once. */
    @Test
    void thoseThatWaitAtADrainedServerAreServedAndNewOnesFailAtOnce() {
        Exploration.explore(4, simulation -> {
            Requests requests = new Requests(simulation, List.of(CHANGED));
            requests.start();
            simulation.run();
            ServerState state = simulation.pick(2) == 0 ? ServerState.DRAIN : ServerState.REMOVED;
            boolean[] changed = {false};
            simulation.thread("O", () -> {
                requests.changes.change("app", SERVER, state);
                changed[0] = true;
            });
            simulation.run();
            simulation.pass(Duration.ofSeconds(1));
            assertThat(changed[0]).isTrue();
            int failed = requests.failed;
            assertThat(requests.served + failed).isEqualTo(REQUESTS);
            requests.ask(0);
            simulation.run();
            assertThat(requests.failed).as("asked afterwards").isEqualTo(failed + 1);
            assertThat(requests.app.open()).isZero();
            requests.end();
        });
    }

    /**
     * The server goes into maintenance after a request has seen that it is ready, and before it waits for a place. The
     * change ends all waits that have begun, and no place gets free: the request must look again.
     */
    @Test
    void shouldTellARequestThatBeginsToWaitJustThen() {
        Simulation simulation = Simulation.scripted();
        World world = Loops.world(simulation, 1);
        SimServer server = world.server();
        App app = new App(world, List.of(CHANGED), 1, LONG);
        UpstreamConnections connections = app.connections("requests");
        ServerChanges changes = app.changes();
        List<MovableChannel> held = new ArrayList<>();
        List<Throwable> told = new ArrayList<>();
        ConnectHandler request = new ConnectHandler() {
            @Override
            public void connected(MovableChannel connection) {
                held.add(connection);
            }

            @Override
            public void failed(Throwable cause) {
                told.add(cause);
            }
        };
        Runnable connect = () -> connections.connect(app.upstream().servers().get(0), world.loop(0), request);
        world.loop(0).execute(connect);
        simulation.run();
        assertThat(held).as("the only place").hasSize(1);

        world.loop(0).execute(connect);
        simulation.thread("O", () -> changes.change("app", SERVER, ServerState.MAINTENANCE));
        app.looks = () -> simulation.point("looks");
        simulation.run("L0@looks O@end");
        app.looks = () -> {};
        simulation.run();
        assertThat(told).singleElement().asString().contains("is in maintenance");
        assertThat(app.servers().get(0).waiting()).isZero();

        world.loop(0).execute(() -> held.get(0).close());
        app.close();
        simulation.run();
        for (SimPeer peer = server.tryAccept(); peer != null; peer = server.tryAccept()) {
            peer.close();
        }
        server.close();
        world.end();
    }

    /** The name server answers a connect that has waited for it just before or just after the change. */
    @Test
    void aConnectThatWaitsForAnAddressDoesNotReachAServerInMaintenance() {
        int[] opened = {0};
        Exploration.explore(4, simulation -> {
            World world = Loops.world(simulation, LOOPS);
            SimServer server = world.server();
            List<HostLookup.Reply> replies = new ArrayList<>();
            App app = new App(
                    world,
                    "app.test:" + CHANGED,
                    new HostNames((host, reply) -> replies.add(reply), (delay, task) -> {}, simulation::now));
            ServerChanges changes = app.changes();
            List<Throwable> failures = new ArrayList<>();
            app.failing = failures::add;
            boolean[] answered = {false};
            boolean[] late = {false};
            app.opened = channel -> late[0] |= answered[0];
            world.loop(0).execute(() -> app.exchange(0, connection -> {}));
            simulation.run();
            boolean first = simulation.pick(2) == 0;
            if (first) { // what it leads to comes when it may
                replies.get(0).found(List.of(InetAddress.getLoopbackAddress()));
            }
            simulation.thread("O", () -> {
                CompletableFuture<ServerResult> result = changes.change(
                                "app", "app.test:" + CHANGED, ServerState.MAINTENANCE)
                        .toCompletableFuture();
                simulation.await("answer", result::isDone);
                answered[0] = true;
            });
            if (!first) {
                simulation.thread("N", () -> {
                    simulation.point("reply");
                    replies.get(0).found(List.of(InetAddress.getLoopbackAddress()));
                });
            }
            simulation.run();
            assertThat(late[0]).as("opened after the answer").isFalse();
            assertThat(failures.size() + app.channels.size()).as("told once").isEqualTo(1);
            assertThat(app.open()).as("kept").isZero();
            opened[0] += app.channels.size();
            app.close();
            simulation.run();
            for (SimPeer peer = server.tryAccept(); peer != null; peer = server.tryAccept()) {
                peer.close();
            }
            server.close();
            world.end();
        });
        assertThat(opened[0]).as("answers that came first").isPositive();
    }

    /** Requests to two servers, one of which is changed. */
    private static final class Requests {
        private final Simulation simulation;
        private final World world;
        private final App app;
        private final ServerChanges changes;
        private final UpstreamConnections connections;
        private final List<SimServer> servers = new ArrayList<>();
        /** Whether it was opened while the server was in maintenance, and an operator had been told. */
        private final Map<MovableChannel, Boolean> late = new HashMap<>();

        /** What requests found wrong. */
        private final List<Throwable> wrong = new ArrayList<>();

        private boolean inMaintenance;
        private int asked;
        private int served;
        private int failed;
        private int toChanged;
        private int askedAgain;

        Requests(Simulation simulation) {
            this(simulation, List.of(CHANGED, STEADY));
        }

        Requests(Simulation simulation, List<Integer> ports) {
            this.simulation = simulation;
            this.world = Loops.world(simulation, LOOPS);
            this.app = new App(world, ports, LIMIT, LONG);
            this.changes = app.changes();
            this.connections = app.connections("requests");
            ports.forEach(port -> servers.add(world.network().listen(port)));
            app.opened = channel -> late.put(channel, inMaintenance);
        }

        void start() {
            for (int i = 0; i < REQUESTS; i++) {
                Loop loop = world.loop(i % LOOPS);
                int id = i;
                loop.execute(() -> loop.eventLoop().schedule(() -> ask(id), simulation.pick(4), TimeUnit.MILLISECONDS));
            }
        }

        void ask(int id) {
            Loop loop = world.loop(id % LOOPS);
            asked++;
            Runnable ask = () -> new Request(this, loop).ask(app.upstream().next(RequestFacts.NONE));
            if (loop.inLoop()) {
                ask.run();
            } else {
                loop.execute(ask);
            }
        }

        /** On the operator's thread. */
        void change() {
            boolean there = true;
            for (int i = 0; i < 5; i++) {
                simulation.sleep(Duration.ofMillis(simulation.pick(2)));
                if (!there) {
                    assertThat(answer(changes.add("app", SERVER, 1 + simulation.pick(2)))
                                    .outcome())
                            .isEqualTo(ServerResult.Outcome.ADDED);
                    there = true;
                    continue;
                }
                int what = simulation.pick(5);
                inMaintenance &= what == 4;
                switch (what) {
                    case 0 -> answer(changes.change("app", SERVER, ServerState.DRAIN));
                    case 1 -> answer(changes.change("app", SERVER, ServerState.READY));
                    case 2 -> {
                        answer(changes.change("app", SERVER, ServerState.REMOVED));
                        there = false;
                    }
                    case 3 -> answer(changes.change("app", SERVER, ServerState.MAINTENANCE));
                    default -> answer(changes.weigh("app", SERVER, simulation.pick(3)));
                }
                inMaintenance |= what == 3;
            }
        }

        private ServerResult answer(CompletionStage<ServerResult> stage) {
            CompletableFuture<ServerResult> result = stage.toCompletableFuture();
            simulation.await("answer", result::isDone);
            assertThat(result.join().outcome()).isNotEqualTo(ServerResult.Outcome.FAILED);
            return result.join();
        }

        void check() {
            assertThat(wrong).isEmpty();
            assertThat(asked).isEqualTo(REQUESTS);
            assertThat(served)
                    .as("served, " + failed + " failed, " + app.servers())
                    .isEqualTo(REQUESTS);
            assertThat(failed).isZero();
            List<ServerSnapshot> shown = app.servers();
            assertThat(shown).hasSizeBetween(1, 2);
            for (ServerSnapshot each : shown) {
                assertThat(each.state()).isNotEqualTo(ServerState.REMOVED);
                assertThat(each.inFlight()).as("in flight at " + each).isZero();
                if (each.state() != ServerState.READY) {
                    assertThat(each.idle()).as("idle at " + each).isZero();
                }
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
        private final Requests requests;
        private final Loop loop;
        private int tries;
        private UpstreamServer server = UpstreamServer.NONE;

        Request(Requests requests, Loop loop) {
            this.requests = requests;
            this.loop = loop;
        }

        void ask(UpstreamServer chosen) {
            server = chosen;
            requests.simulation.point("chosen");
            MovableChannel taken = requests.connections.take(server, loop);
            if (taken == null) {
                requests.connections.connect(server, loop, this);
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
            try {
                use(connection);
            } catch (Throwable t) { // the caller would only close the connection
                requests.wrong.add(t);
            }
        }

        private void use(MovableChannel connection) {
            InetSocketAddress to = (InetSocketAddress) connection.remoteAddress();
            if (to.getPort() == CHANGED) {
                requests.toChanged++;
                assertThat(requests.late.get(connection))
                        .as("opened to a server in maintenance")
                        .isFalse();
            }
            int use = requests.simulation.pick(4);
            if (use < 2) {
                end(connection, use == 0);
            } else {
                connection.eventLoop().schedule(() -> end(connection, use == 2), 1, TimeUnit.MILLISECONDS);
            }
        }

        private void end(MovableChannel connection, boolean closes) {
            requests.served++;
            if (closes) {
                connection.close();
            } else {
                requests.connections.release(connection);
            }
        }

        @Override
        public void failed(Throwable cause) {
            if (++tries >= Math.min(TRIES, requests.app.upstream().servers().size())) {
                requests.failed++;
                return;
            }
            requests.askedAgain++;
            ask(requests.app.upstream().nextAfter(server));
        }
    }
}
