package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.runtime.config.EjectConfig;
import dev.baton.runtime.config.PoolConfig;
import dev.baton.runtime.config.ServerConfig;
import dev.baton.runtime.config.UpstreamConfig;
import dev.baton.runtime.config.Variant;
import dev.baton.runtime.upstream.UpstreamUse;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.loop.Loop;
import dev.baton.spi.pool.Sharing;
import dev.baton.spi.upstream.ConnectHandler;
import dev.baton.spi.upstream.ServerBusyException;
import dev.baton.spi.upstream.UpstreamConnections;
import dev.baton.spi.upstream.UpstreamProtocol;
import dev.baton.spi.upstream.UpstreamServer;
import dev.baton.spi.upstream.WaitingConnect;
import dev.baton.testkit.sim.Exploration;
import dev.baton.testkit.sim.SimPeer;
import dev.baton.testkit.sim.SimServer;
import dev.baton.testkit.sim.Simulation;
import dev.baton.testkit.sim.World;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * F19: more requests than {@code max-connections} allows. They wait over all loops, in two profiles, while connections
 * are released, closed by either side, and opened in vain, and while waiters are cancelled from a thread that is no
 * loop's and run into their timeout. At no time are there more connections than may be; who has come before is served
 * before; each request ends once; and when it is quiet nobody waits.
 */
class F19WaitingConnectsTest {
    private static final int LOOPS = 3;
    private static final int LIMIT = 2;
    private static final int REQUESTS = 18;
    private static final Duration QUEUE_TIMEOUT = Duration.ofSeconds(1);

    /** Every request ends, and connections are freed, before the queue timeout. */
    @Test
    void eachEndsOnceAndInTurn() {
        int[] waited = {0};
        int[] newOnes = {0};
        Exploration.explore(2, simulation -> {
            World world = Loops.world(simulation, LOOPS);
            Requests requests = new Requests(world, 100);
            SimServer server = world.server();
            requests.start();
            simulation.thread("P", () -> {
                for (int i = 0; i < 6; i++) {
                    SimPeer peer = server.tryAccept();
                    if (peer != null && simulation.pick(2) == 0) {
                        peer.close();
                    }
                }
            });
            simulation.thread("C", () -> {
                for (int i = 0; i < 6; i++) {
                    simulation.point("cancel");
                    requests.cancel(simulation.pick(REQUESTS));
                }
            });
            simulation.pass(QUEUE_TIMEOUT.dividedBy(2));
            requests.checkAllEnded();
            assertThat(requests.refused + requests.timedOut + requests.failed)
                    .as("before the time is over")
                    .isZero();
            waited[0] += requests.waited;
            newOnes[0] += (int) requests.app.figures().connects();
            requests.end(server);
        });
        assertThat(waited[0]).as("requests that waited").isPositive();
        assertThat(newOnes[0]).as("connections").isPositive();
    }

    /** Connections that are never released: who does not get one is told so when its time is over, or at once. */
    @Test
    void thoseThatWaitTooLongAreToldSo() {
        Exploration.explore(2, simulation -> {
            World world = Loops.world(simulation, LOOPS);
            int queue = 5;
            Requests requests = new Requests(world, queue);
            requests.keeps = true;
            SimServer server = world.server();
            requests.start();
            simulation.pass(QUEUE_TIMEOUT.dividedBy(2));
            assertThat(requests.connected).isEqualTo(LIMIT);
            assertThat(requests.app.figures().waiting()).isEqualTo(queue);
            assertThat(requests.refused).isEqualTo(REQUESTS - LIMIT - queue);
            simulation.pass(QUEUE_TIMEOUT);
            requests.checkAllEnded();
            assertThat(requests.timedOut).isEqualTo(queue);
            assertThat(requests.app.counts.of(
                            "baton_upstream_wait_timeouts_total", "upstream", "app", "server", "127.0.0.1:9000"))
                    .isEqualTo(queue);
            requests.closeKept();
            requests.end(server);
        });
    }

    /** Nobody listens: each attempt frees its place, and the next one tries. */
    @Test
    void aConnectThatFailsFreesItsPlace() {
        Exploration.explore(4, simulation -> {
            World world = Loops.world(simulation, LOOPS);
            Requests requests = new Requests(world, 100);
            requests.start();
            simulation.pass(QUEUE_TIMEOUT.dividedBy(2));
            requests.checkAllEnded();
            assertThat(requests.failed).isEqualTo(REQUESTS);
            requests.end(null);
        });
    }

    /** One of the loops is blocked with its waiters and its timers: the others are served, and so are its own. */
    @Test
    void aBlockedLoopKeepsNobody() {
        int[] heldUp = {0};
        Exploration.explore(2, simulation -> {
            World world = Loops.world(simulation, LOOPS);
            Requests requests = new Requests(world, 100);
            SimServer server = world.server();
            simulation.holdUp("L0", 1 + simulation.pick(40));
            requests.start();
            simulation.pass(QUEUE_TIMEOUT.dividedBy(4));
            heldUp[0] += simulation.isHeldUp("L0") ? 1 : 0;
            simulation.letGo("L0");
            simulation.pass(QUEUE_TIMEOUT.dividedBy(4));
            requests.checkAllEnded();
            requests.end(server);
        });
        assertThat(heldUp[0]).as("runs in which it was held up").isPositive();
    }

    /**
     * The only connection is idle, of a profile that the one that waits cannot use, and busy for a moment in which it
     * cannot be closed. No event tells when that is over; and until then no other gets it.
     */
    @Test
    void anIdleConnectionThatIsBusyForAMomentIsAskedAgain() {
        Exploration.explore(4, simulation -> {
            World world = Loops.world(simulation, LOOPS);
            SimServer server = world.server();
            App app = new App(world, 1, QUEUE_TIMEOUT, 10);
            UpstreamConnections one = app.connections("one");
            UpstreamServer only = app.upstream().servers().get(0);
            List<MovableChannel> opened = new ArrayList<>();
            world.loop(0).execute(() -> app.exchange(0, opened::add));
            simulation.run();
            boolean another = simulation.pick(2) == 0;
            boolean[] asked = {false};
            List<String> told = new ArrayList<>();
            world.loop(0).execute(() -> {
                MovableChannel idle = opened.get(0);
                assertThat(idle.tryEnter()).isTrue();
                simulation.await("held", () -> asked[0]);
                idle.leave();
                if (another) {
                    app.exchange(0, connection -> told.add("later"));
                }
            });
            simulation.run();
            world.loop(1).execute(() -> {
                one.connect(only, world.loop(1), new ConnectHandler() {
                    @Override
                    public void connected(MovableChannel connection) {
                        told.add("first");
                        one.release(connection);
                    }

                    @Override
                    public void failed(Throwable cause) {
                        told.add(cause.toString());
                    }
                });
                asked[0] = true;
            });
            simulation.pass(QUEUE_TIMEOUT.dividedBy(2));
            assertThat(told).isEqualTo(another ? List.of("first", "later") : List.of("first"));
            app.close();
            simulation.run();
            for (SimPeer peer = server.tryAccept(); peer != null; peer = server.tryAccept()) {
                peer.close();
            }
            server.close();
            world.end();
        });
    }

    /**
     * A plugin is replaced whose connection carries something that lasts for ever; another one may be on its way. What
     * the new version asks for does not wait for them, and each place is given back once.
     */
    @Test
    void aReplacedVersionKeepsNoPlaceOfAConnectionThatCarriesMany() {
        int[] late = {0};
        Exploration.explore(4, simulation -> {
            World world = Loops.world(simulation, LOOPS);
            SimServer server = world.server();
            App app = new App(world, http2(1));
            UpstreamServer only = app.upstream().servers().get(0);
            UpstreamUse old = app.use(1);
            UpstreamConnections before = App.connections(old);
            List<MovableChannel> lasting = new ArrayList<>();
            List<String> told = new ArrayList<>();
            world.loop(0)
                    .execute(() -> before.connect(only, world.loop(0), handler(connection -> {
                        before.carries(connection, 2);
                        lasting.add(connection);
                        told.add("old");
                    })));
            if (simulation.pick(2) == 0) {
                simulation.run();
            }
            late[0] += lasting.isEmpty() ? 1 : 0;
            UpstreamUse next = app.use(2);
            UpstreamConnections after = App.connections(next);
            simulation.thread("reload", old::retire);
            world.loop(1)
                    .execute(() -> after.connect(only, world.loop(1), handler(connection -> {
                        told.add("new");
                        after.release(connection);
                    })));
            simulation.pass(QUEUE_TIMEOUT.dividedBy(2));
            assertThat(told).containsExactlyInAnyOrder("old", "new");
            assertThat(lasting.get(0).isActive()).isTrue();
            lasting.forEach(MovableChannel::close);
            next.retire();
            simulation.run();
            assertThat(app.open()).isZero();
            // One place, no more and no less.
            UpstreamConnections last = App.connections(app.use(3));
            List<MovableChannel> kept = new ArrayList<>();
            for (int i = 0; i < 2; i++) {
                world.loop(2).execute(() -> last.connect(only, world.loop(2), handler(kept::add)));
            }
            simulation.pass(QUEUE_TIMEOUT.dividedBy(2));
            assertThat(kept).hasSize(1);
            kept.get(0).close();
            simulation.run();
            assertThat(kept).hasSize(2);
            kept.get(1).close();
            app.close();
            simulation.run();
            for (SimPeer peer = server.tryAccept(); peer != null; peer = server.tryAccept()) {
                peer.close();
            }
            server.close();
            world.end();
        });
        assertThat(late[0])
                .as("runs in which it was replaced while it connected")
                .isPositive();
    }

    /** A tunnel goes from one version to the next: nobody gets its place meanwhile. */
    @Test
    void aConnectionThatIsPackedKeepsItsPlace() {
        Exploration.explore(2, simulation -> {
            World world = Loops.world(simulation, LOOPS);
            SimServer server = world.server();
            App app = new App(world, 1, QUEUE_TIMEOUT, 10);
            UpstreamConnections one = app.connections("one");
            UpstreamServer only = app.upstream().servers().get(0);
            List<MovableChannel> first = new ArrayList<>();
            List<MovableChannel> second = new ArrayList<>();
            world.loop(0).execute(() -> one.connect(only, world.loop(0), handler(first::add)));
            simulation.run();
            world.loop(1).execute(() -> one.connect(only, world.loop(1), handler(second::add)));
            simulation.run();
            Runnable arrived = app.hold(only);
            first.get(0).close(); // as packing does
            simulation.pass(QUEUE_TIMEOUT.dividedBy(4));
            assertThat(second).as("it is on its way").isEmpty();
            arrived.run();
            simulation.pass(QUEUE_TIMEOUT.dividedBy(4));
            assertThat(second).hasSize(1);
            second.get(0).close();
            app.close();
            simulation.run();
            for (SimPeer peer = server.tryAccept(); peer != null; peer = server.tryAccept()) {
                peer.close();
            }
            server.close();
            world.end();
        });
    }

    private static UpstreamConfig http2(int maxConnections) {
        return new UpstreamConfig(
                List.of(new ServerConfig("127.0.0.1:" + World.PORT)),
                UpstreamProtocol.HTTP_2,
                Duration.ofSeconds(2),
                Optional.empty(),
                Optional.empty(),
                Optional.of(maxConnections),
                QUEUE_TIMEOUT,
                10,
                Variant.of("round-robin"),
                Optional.empty(),
                Optional.empty(),
                EjectConfig.DEFAULT,
                Optional.empty(),
                new PoolConfig(10, Duration.ofMinutes(1), Sharing.TAKEOVER, Variant.of("takeover")));
    }

    private static ConnectHandler handler(Consumer<MovableChannel> connected) {
        return new ConnectHandler() {
            @Override
            public void connected(MovableChannel connection) {
                connected.accept(connection);
            }

            @Override
            public void failed(Throwable cause) {
                throw new AssertionError(cause);
            }
        };
    }

    /** The loop that asked ends while its requests wait, and with it their timers: their time is over all the same. */
    @Test
    void thoseOfALoopThatEndsAreToldToo() {
        Exploration.explore(4, simulation -> {
            World world = Loops.world(simulation, LOOPS);
            Requests requests = new Requests(world, 100);
            requests.keeps = true;
            SimServer server = world.server();
            requests.start(1);
            simulation.pass(QUEUE_TIMEOUT.multipliedBy(2));
            assertThat(requests.connected).isEqualTo(LIMIT);
            assertThat(requests.app.figures().waiting()).isZero();
            requests.start(0);
            simulation.run();
            world.loop(0).shutdownGracefully(0, 1, TimeUnit.SECONDS);
            simulation.pass(QUEUE_TIMEOUT.multipliedBy(2));
            assertThat(requests.app.figures().waiting()).isZero();
            requests.start(2);
            simulation.pass(QUEUE_TIMEOUT.multipliedBy(2));
            requests.checkAllEnded();
            assertThat(requests.timedOut).isEqualTo(REQUESTS - LIMIT);
            requests.closeKept();
            requests.end(server);
        });
    }

    /** The twin counts and queues in two steps: a release between them finds nobody, and one waits for ever. */
    @Test
    void aCounterBesideAQueueWouldBeSeen() {
        assertThat(Exploration.mustFail(200, simulation -> {
                    World world = Loops.world(simulation, LOOPS);
                    Requests requests = new Requests(world, 100);
                    requests.twin = new Twin(simulation);
                    SimServer server = world.server();
                    requests.start();
                    simulation.pass(QUEUE_TIMEOUT.dividedBy(2));
                    requests.checkAllEnded();
                    requests.end(server);
                }))
                .hasMessageContaining("ended");
    }

    /** Takes a place, or else queues: not in one step. */
    private static final class Twin {
        private final Simulation simulation;
        private final Deque<Runnable> waiting = new ArrayDeque<>();
        private int used;

        Twin(Simulation simulation) {
            this.simulation = simulation;
        }

        void acquire(Runnable run) {
            if (used < LIMIT) {
                used++;
                run.run();
                return;
            }
            simulation.point("twin.queue");
            waiting.add(run);
        }

        void release() {
            Runnable next = waiting.poll();
            if (next == null) {
                used--;
            } else {
                next.run();
            }
        }
    }

    /** Requests of all loops to one server. */
    private static final class Requests {
        private final World world;
        private final Simulation simulation;
        private final App app;
        private final List<UpstreamConnections> profiles = new ArrayList<>();
        private final Request[] all = new Request[REQUESTS];
        private final Map<MovableChannel, Integer> profileOf = new HashMap<>();
        private final Set<MovableChannel> inUse = new HashSet<>();
        private final List<MovableChannel> kept = new ArrayList<>();
        private @Nullable Twin twin;
        private boolean keeps;
        private int mostOpen;
        private int waited;
        private int connected;
        private int refused;
        private int timedOut;
        private int failed;

        Requests(World world, int queue) {
            this.world = world;
            this.simulation = world.simulation();
            this.app = new App(world, LIMIT, QUEUE_TIMEOUT, queue);
            int othersOpen = world.posix().open().size();
            profiles.add(app.connections("one"));
            profiles.add(app.connections("other"));
            // Noted only: what is thrown here fails the attempt.
            app.opening =
                    () -> mostOpen = Math.max(mostOpen, world.posix().open().size() - othersOpen);
        }

        void start() {
            for (int i = 0; i < LOOPS; i++) {
                start(i);
            }
        }

        void start(int first) {
            for (int i = first; i < REQUESTS; i += LOOPS) {
                Loop loop = world.loop(i % LOOPS);
                int id = i;
                loop.execute(() -> {
                    all[id] = new Request(this, id, simulation.pick(3) == 0 ? 1 : 0);
                    all[id].ask(loop);
                });
            }
        }

        void cancel(int id) {
            Request request = all[id];
            WaitingConnect wait = request == null ? null : request.wait;
            if (wait != null && wait.cancel()) {
                request.ends("cancelled");
            }
        }

        void checkAllEnded() {
            for (Request each : all) {
                assertThat(each.ended).as("request " + each.id + " has ended").isNotNull();
            }
            if (twin == null) {
                assertThat(mostOpen).as("open when one more is opened").isLessThan(LIMIT);
                assertThat(app.figures().waiting()).isZero();
                assertThat(app.figures().inUse()).isEqualTo(kept.size());
                assertThat(app.open()).isLessThanOrEqualTo(LIMIT);
            }
        }

        void closeKept() {
            kept.forEach(MovableChannel::close);
            simulation.run();
        }

        void end(@Nullable SimServer server) {
            app.close();
            simulation.run();
            if (server != null) {
                for (SimPeer peer = server.tryAccept(); peer != null; peer = server.tryAccept()) {
                    peer.close();
                }
                server.close();
            }
            world.end();
        }
    }

    /** One request, until it has ended. */
    private static final class Request implements ConnectHandler {
        private final Requests requests;
        private final int id;
        private final int profile;
        /** Those that waited when this one came. */
        private final List<Request> before = new ArrayList<>();

        private @Nullable WaitingConnect wait;
        private @Nullable String ended;

        Request(Requests requests, int id, int profile) {
            this.requests = requests;
            this.id = id;
            this.profile = profile;
        }

        void ask(Loop loop) {
            Twin twin = requests.twin;
            if (twin != null) {
                twin.acquire(() -> {
                    ends("served");
                    requests.simulation.point("twin.use");
                    twin.release();
                });
                return;
            }
            for (Request each : requests.all) {
                if (each != null && each.wait != null && each.ended == null) {
                    before.add(each);
                }
            }
            UpstreamConnections connections = requests.profiles.get(profile);
            UpstreamServer server = requests.app.upstream().servers().get(0);
            MovableChannel taken = connections.take(server, loop);
            if (taken == null) {
                connections.connect(server, loop, this);
                return;
            }
            try {
                connected(taken);
            } finally {
                taken.leave();
            }
        }

        void ends(String how) {
            assertThat(ended).as("request " + id + " ends again: " + how).isNull();
            ended = how;
        }

        @Override
        public void waits(WaitingConnect waiting) {
            requests.waited++;
            wait = waiting;
        }

        @Override
        public void connected(MovableChannel connection) {
            assertThat(connection.eventLoop().inEventLoop()).as("under a claim").isTrue();
            ends("served");
            Integer opener = requests.profileOf.putIfAbsent(connection, profile);
            boolean opened = opener == null;
            assertThat(opened ? profile : opener).as("the connection's profile").isEqualTo(profile);
            for (Request each : before) {
                WaitingConnect earlier = each.wait;
                if (earlier != null && (opened || each.profile == profile) && each.ended == null) {
                    assertThat(earlier.cancel())
                            .as("request " + each.id + " still waits, and " + id + " is served")
                            .isFalse();
                }
            }
            assertThat(requests.inUse.add(connection)).as("handed out once").isTrue();
            requests.connected++;
            if (requests.keeps) {
                requests.kept.add(connection);
                return;
            }
            int use = requests.simulation.pick(4);
            if (use < 2) {
                end(connection, use == 0);
            } else {
                connection.eventLoop().schedule(() -> end(connection, use == 2), 1, TimeUnit.MILLISECONDS);
            }
        }

        private void end(MovableChannel connection, boolean closes) {
            requests.inUse.remove(connection);
            if (closes || !connection.isActive()) {
                connection.close();
            } else {
                requests.profiles.get(profile).release(connection);
            }
        }

        @Override
        public void failed(Throwable cause) {
            if (cause instanceof ServerBusyException busy) {
                ends("refused");
                switch (busy.reason()) {
                    case FULL -> requests.refused++;
                    case TIMEOUT -> requests.timedOut++;
                }
            } else {
                ends("failed");
                requests.failed++;
            }
        }
    }
}
