package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.epoll.EpollProvider;
import dev.baton.plugin.poll.PollProvider;
import dev.baton.runtime.fd.FdBudget;
import dev.baton.runtime.listener.TotalLimit;
import dev.baton.spi.listener.ListenerState;
import dev.baton.spi.poller.PollerProvider;
import dev.baton.spi.posix.Errno;
import dev.baton.testkit.sim.Exploration;
import dev.baton.testkit.sim.SimNetwork;
import dev.baton.testkit.sim.SimPeer;
import dev.baton.testkit.sim.SimServer;
import dev.baton.testkit.sim.Simulation;
import dev.baton.testkit.sim.World;
import io.netty.channel.ChannelFuture;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * The limit of open files is reached: during accept the listener pauses, looks again now and then and comes back;
 * during connect the attempt fails and leaves nothing. Nothing spins.
 */
class FdLimitTest {
    private static final int NO_LIMIT = 1_000;
    /** A loop that asks again and again would take thousands of steps in a second. */
    private static final int STEPS_A_SECOND = 400;

    private static final String EVICTIONS = "baton_upstream_evictions_total";

    private static void leaveRoomFor(World world, int fds) {
        // The lowest free numbers are given out first, so that the numbers in use are the first ones.
        world.posix().limit(3 + world.posix().open().size() + fds);
    }

    private static List<PollerProvider> pollers() {
        return List.of(new EpollProvider(), new PollProvider());
    }

    @Test
    void duringAcceptWhileItLasts() {
        for (PollerProvider poller : pollers()) {
            Simulation simulation = Simulation.scripted();
            World world = new World(simulation, poller, 2);
            Web web = new Web(world, 10).start();
            simulation.run();
            leaveRoomFor(world, 1);
            SimPeer first = world.network().connect(web.address());
            simulation.run();
            first.send("first");
            simulation.run();
            assertThat(first.received()).isEqualTo("first");
            SimPeer second = world.network().connect(web.address());
            second.send("second");
            simulation.run();
            assertThat(web.listener().state()).isEqualTo(ListenerState.LIMITED);
            assertThat(world.posix().pollersOf(web.number())).isEmpty();
            // It lasts: there are looks, and few of them.
            int steps = simulation.steps();
            int accepts = world.posix().faults().calls("accept");
            simulation.pass(Duration.ofSeconds(10));
            assertThat(simulation.steps() - steps).isLessThan(10 * STEPS_A_SECOND);
            assertThat(world.posix().faults().calls("accept") - accepts)
                    .as("looks in ten seconds")
                    .isBetween(5, 300);
            // Who is in goes on.
            first.send("still here");
            simulation.run();
            assertThat(first.received()).isEqualTo("still here");
            // One that leaves makes room for the one that waits, without a timer.
            first.close();
            simulation.run();
            assertThat(second.received()).isEqualTo("second");
            assertThat(web.listener().accepted()).isEqualTo(2);
            second.close();
            simulation.run();
            world.posix().limit(NO_LIMIT);
            simulation.pass(Duration.ofSeconds(2));
            assertThat(web.listener().state()).isEqualTo(ListenerState.READY);
            web.finish();
            world.end();
        }
    }

    /** The files that are too many are somebody else's: no end of a connection tells when there is room again. */
    @Test
    void theListenerComesBackByItself() {
        for (PollerProvider poller : pollers()) {
            Simulation simulation = Simulation.scripted();
            World world = new World(simulation, poller, 2);
            Web web = new Web(world, 10).start();
            simulation.run();
            leaveRoomFor(world, 1);
            int file = world.posix().openOther();
            SimPeer peer = world.network().connect(web.address());
            peer.send("x");
            simulation.pass(Duration.ofSeconds(5));
            assertThat(peer.received()).isEmpty();
            assertThat(web.listener().accepted()).isZero();
            world.posix().closeOther(file);
            simulation.pass(Duration.ofSeconds(2));
            assertThat(peer.received()).isEqualTo("x");
            assertThat(web.listener().state()).isEqualTo(ListenerState.READY);
            peer.close();
            simulation.run();
            world.posix().limit(NO_LIMIT);
            web.finish();
            world.end();
        }
    }

    @Test
    void duringConnect() {
        for (PollerProvider poller : pollers()) {
            Simulation simulation = Simulation.scripted();
            World world = new World(simulation, poller, 2);
            SimServer server = world.server();
            Recorder handler = new Recorder();
            World.Connection connection = world.connected(server, 0, handler);
            leaveRoomFor(world, 0);
            List<Integer> before = world.posix().open();
            int steps = simulation.steps();
            for (int i = 0; i < 20; i++) {
                ChannelFuture failing = world.connect(i % 2, SimNetwork.address(World.PORT), new Recorder());
                simulation.run();
                assertThat(failing.cause()).hasMessageContaining(Errno.name(Errno.EMFILE));
                assertThat(failing.channel().isOpen()).isFalse();
                assertThat(world.posix().open()).isEqualTo(before);
            }
            simulation.pass(Duration.ofSeconds(10));
            assertThat(simulation.steps() - steps).isLessThan(10 * STEPS_A_SECOND);
            assertThat(server.tryAccept()).isNull();
            connection.peer().send("still here");
            simulation.run();
            assertThat(handler.calls).containsExactly("read still here on L0");
            connection.peer().close();
            simulation.run();
            Recorder next = new Recorder();
            World.Connection served = world.connected(server, 1, next);
            served.peer().send("there is room");
            simulation.run();
            assertThat(next.calls).containsExactly("read there is room on L1");
            served.peer().close();
            server.close();
            world.posix().limit(NO_LIMIT);
            world.end();
        }
    }

    /** Exchanges of an upstream fail one by one, the accounts stay right, and the pool is of use again afterwards. */
    @Test
    void duringConnectOfAPool() {
        Simulation simulation = Simulation.scripted();
        World world = new World(simulation, new EpollProvider(), 2);
        SimServer server = world.server();
        App app = new App(world, 4, Duration.ofSeconds(8));
        leaveRoomFor(world, 0);
        for (int i = 0; i < 5; i++) {
            int loop = i % 2;
            world.loop(loop).execute(() -> app.exchange(loop, connection -> {}));
        }
        simulation.run();
        assertThat(app.failed).isEqualTo(5);
        assertThat(app.open()).isZero();
        assertThat(app.figures().inUse()).isZero();
        world.posix().limit(NO_LIMIT);
        world.loop(0).execute(() -> app.exchange(0, connection -> {}));
        simulation.run();
        assertThat(app.figures().idle()).isEqualTo(1);
        app.close();
        simulation.run();
        assertThat(app.open()).isZero();
        server.close();
        world.end();
    }

    /**
     * Idle connections have every fd that clients and they may have: they are closed before a client or a request is
     * refused.
     */
    @Test
    void idleConnectionsMakeRoomInTheBudget() {
        roomIsMade(new FdBudget(3), NO_LIMIT);
    }

    /** The kernel has no fd for an accept or a connect, whatever the budget says. */
    @Test
    void idleConnectionsMakeRoomInTheKernel() {
        roomIsMade(new FdBudget(), 0);
    }

    private static void roomIsMade(FdBudget fds, int room) {
        Simulation simulation = Simulation.scripted();
        World world = new World(simulation, new EpollProvider(), 2);
        SimServer server = world.server();
        App other = new App(world, 4, Duration.ofHours(1), fds);
        App app = new App(world, 4, Duration.ofHours(1), fds); // last: it is asked for its idle connections
        Web web = new Web(world, 8_080, 10, Web.tcp(8_080), new TotalLimit(Integer.MAX_VALUE, fds), 1).start();
        for (int i = 0; i < 3; i++) {
            world.loop(0).execute(() -> app.exchange(0, connection -> {}));
        }
        simulation.run();
        assertThat(app.figures().idle()).isEqualTo(3);
        leaveRoomFor(world, room);

        SimPeer client = world.network().connect(web.address());
        client.send("client");
        simulation.run();
        assertThat(client.received()).isEqualTo("client");
        // accept(2) asks for an fd before it looks whether anybody waits.
        int closed = room == 0 ? 2 : 1;
        assertThat(app.counts.of(EVICTIONS, "upstream", "app")).isEqualTo(closed);
        assertThat(fds.open()).isEqualTo(4 - closed);

        world.loop(1).execute(() -> other.exchange(1, connection -> {}));
        simulation.run();
        assertThat(other.failed).isZero();
        assertThat(other.figures().idle()).isEqualTo(1);
        assertThat(app.figures().idle()).isEqualTo(1);
        assertThat(app.counts.of(EVICTIONS, "upstream", "app")).isEqualTo(2);
        assertThat(fds.open()).isEqualTo(3);
        assertThat(web.listener().state()).isEqualTo(ListenerState.READY);

        client.close();
        app.close();
        other.close();
        simulation.run();
        assertThat(fds.open()).isZero();
        server.close();
        world.posix().limit(NO_LIMIT);
        web.finish();
        world.end();
    }

    /** Accepts and connects fight for the last few numbers, in any order: each ends, one way or the other. */
    @Test
    void bothAtOnce() {
        Exploration.explore(10, simulation -> {
            World world = Loops.world(simulation, 2);
            SimServer server = world.server();
            Web web = new Web(world, 10).start();
            leaveRoomFor(world, 2);
            List<String> answers = new ArrayList<>();
            List<ChannelFuture> connects = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                String name = "c" + i;
                simulation.thread("C" + i, () -> answers.add(web.client(name)));
            }
            simulation.thread("U", () -> {
                for (int i = 0; i < 4; i++) {
                    connects.add(world.connect(i % 2, SimNetwork.address(World.PORT), new Recorder()));
                    simulation.point("next");
                    ChannelFuture oldest = connects.get(i / 2);
                    oldest.channel().close();
                }
                connects.forEach(each -> each.channel().close());
            });
            simulation.run();
            assertThat(answers).containsExactlyInAnyOrder("c0", "c1", "c2", "c3");
            assertThat(connects)
                    .allMatch(each -> each.isDone() && !each.channel().isOpen());
            world.posix().limit(NO_LIMIT);
            server.close();
            web.finish();
            world.end();
        });
    }
}
