package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.epoll.EpollProvider;
import dev.baton.spi.listener.ListenerState;
import dev.baton.spi.posix.Errno;
import dev.baton.testkit.sim.Exploration;
import dev.baton.testkit.sim.SimNetwork;
import dev.baton.testkit.sim.SimPeer;
import dev.baton.testkit.sim.SimServer;
import dev.baton.testkit.sim.Simulation;
import dev.baton.testkit.sim.World;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ConnectTimeoutException;
import io.netty.handler.timeout.IdleStateEvent;
import io.netty.handler.timeout.IdleStateHandler;
import io.netty.util.concurrent.ScheduledFuture;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The clock jumps hours ahead between two steps, as it does for a process that was stopped or a machine that was
 * asleep: nothing had its turn at the right time. Each timer fires once and none spins to catch up, no delay is
 * negative, and everything that was too late is settled once.
 */
class ClockJumpTest {
    /** What catches up with each missed period one by one would need. */
    private static final int FEW_STEPS = 500;

    /** A second, hours, days, and more milliseconds than an int holds. */
    static Stream<Duration> jumps() {
        return Stream.of(Duration.ofSeconds(1), Duration.ofHours(5), Duration.ofDays(3), Duration.ofDays(60));
    }

    /** The time has come and gone before anybody runs again. */
    private static void jump(Simulation simulation, Duration far) {
        simulation.jump(far);
        int steps = simulation.steps();
        simulation.run();
        assertThat(simulation.steps() - steps).isLessThan(FEW_STEPS);
    }

    @ParameterizedTest
    @MethodSource("jumps")
    void timers(Duration far) {
        Simulation simulation = Simulation.scripted();
        World world = new World(simulation, new EpollProvider(), 2);
        SimServer server = world.server();
        World.Connection connection = world.connected(server, 0, new Recorder());
        List<String> fired = new ArrayList<>();
        List<ScheduledFuture<?>> periodic = new ArrayList<>();
        world.loop(0).execute(() -> {
            var loop = connection.channel().eventLoop();
            for (int i = 1; i <= 3; i++) {
                String name = "once " + i;
                loop.schedule(() -> fired.add(name), 100L * i, TimeUnit.MILLISECONDS);
            }
            periodic.add(loop.scheduleWithFixedDelay(() -> fired.add("delay"), 300, 300, TimeUnit.MILLISECONDS));
            ScheduledFuture<?> cancelled = loop.schedule(() -> fired.add("cancelled"), 100, TimeUnit.MILLISECONDS);
            cancelled.cancel(false);
        });
        simulation.run();
        jump(simulation, far);
        assertThat(fired)
                .startsWith("once 1", "once 2")
                .containsExactlyInAnyOrder("once 1", "once 2", "once 3", "delay");
        assertThat(periodic.get(0).getDelay(TimeUnit.MILLISECONDS)).isBetween(1L, 300L);
        // Taken by another loop: what it has left is right there too.
        world.loop(1).execute(() -> Loops.rescue(world, connection.channel(), 1, 0));
        simulation.run();
        jump(simulation, far);
        assertThat(fired).filteredOn("delay"::equals).hasSize(2);
        assertThat(fired).hasSize(5);
        periodic.get(0).cancel(false);
        connection.peer().close();
        simulation.run();
        jump(simulation, far);
        assertThat(fired).hasSize(5);
        server.close();
        world.end();
    }

    /** A fixed rate owes each of its runs: as many as there are, and then no more. */
    @Test
    void aFixedRateCatchesUpAndStops() {
        Simulation simulation = Simulation.scripted();
        World world = new World(simulation, new EpollProvider(), 1);
        SimServer server = world.server();
        World.Connection connection = world.connected(server, 0, new Recorder());
        int[] runs = {0};
        List<ScheduledFuture<?>> periodic = new ArrayList<>();
        world.loop(0)
                .execute(() -> periodic.add(
                        connection.channel().eventLoop().scheduleAtFixedRate(() -> runs[0]++, 1, 1, TimeUnit.MINUTES)));
        simulation.run();
        simulation.jump(Duration.ofHours(1).plusSeconds(30));
        simulation.run();
        assertThat(runs[0]).isEqualTo(60);
        simulation.pass(Duration.ofSeconds(20));
        assertThat(runs[0]).isEqualTo(60);
        simulation.pass(Duration.ofSeconds(20));
        assertThat(runs[0]).isEqualTo(61);
        periodic.get(0).cancel(false);
        jump(simulation, Duration.ofHours(1));
        assertThat(runs[0]).as("after it was cancelled").isEqualTo(61);
        connection.peer().close();
        server.close();
        world.end();
    }

    @ParameterizedTest
    @MethodSource("jumps")
    void idleConnections(Duration far) {
        Simulation simulation = Simulation.scripted();
        World world = new World(simulation, new EpollProvider(), 1);
        List<Object> events = new ArrayList<>();
        Web web = new Web(world, 10).start();
        web.initializing =
                connection -> connection.pipeline().addLast(new IdleStateHandler(0, 0, 500, TimeUnit.MILLISECONDS) {
                    @Override
                    protected void channelIdle(ChannelHandlerContext context, IdleStateEvent event) {
                        events.add(event);
                        context.close();
                    }
                });
        SimPeer peer = world.network().connect(web.address());
        peer.send("x");
        simulation.run();
        assertThat(peer.received()).isEqualTo("x");
        jump(simulation, far);
        assertThat(events).hasSize(1);
        assertThat(peer.sawEnd()).isTrue();
        assertThat(web.listener().connections()).isZero();
        peer.close();
        jump(simulation, far);
        assertThat(events).hasSize(1);
        web.finish();
        world.end();
    }

    /** The answer and the end of its time have both come when the loop looks: the promise is fulfilled once. */
    @ParameterizedTest
    @MethodSource("jumps")
    void connecting(Duration far) {
        for (boolean answered : new boolean[] {false, true}) {
            Simulation simulation = Simulation.scripted();
            World world = new World(simulation, new EpollProvider(), 1);
            // Of a backlog of none the first waits to be accepted, and the others for their handshake.
            SimServer server = world.network().listen(World.PORT, 0);
            SimPeer queued = world.network().connect(SimNetwork.address(World.PORT));
            Recorder handler = new Recorder();
            int[] told = {0};
            ChannelFuture connecting = world.connect(0, SimNetwork.address(World.PORT), handler);
            connecting.channel().config().setOption(io.netty.channel.ChannelOption.CONNECT_TIMEOUT_MILLIS, 500);
            connecting.addListener(done -> told[0]++);
            simulation.run();
            assertThat(connecting.isDone()).isFalse();
            List<SimPeer> peers = new ArrayList<>(List.of(queued));
            if (answered) {
                for (SimPeer peer = server.tryAccept(); peer != null; peer = server.tryAccept()) {
                    peers.add(peer);
                }
            }
            jump(simulation, far);
            assertThat(connecting.isDone()).isTrue();
            assertThat(told[0]).isEqualTo(1);
            if (!answered) {
                assertThat(connecting.cause()).isInstanceOf(ConnectTimeoutException.class);
            }
            assertThat(connecting.channel().isOpen()).isEqualTo(connecting.isSuccess());
            jump(simulation, far);
            assertThat(told[0]).isEqualTo(1);
            assertThat(connecting.channel().isOpen()).isEqualTo(connecting.isSuccess());
            connecting.channel().close();
            simulation.run();
            peers.forEach(SimPeer::close);
            for (SimPeer peer = server.tryAccept(); peer != null; peer = server.tryAccept()) {
                peer.close();
            }
            server.close();
            world.end();
        }
    }

    @ParameterizedTest
    @MethodSource("jumps")
    void idleOnesOfAPool(Duration far) {
        Simulation simulation = Simulation.scripted();
        World world = new World(simulation, new EpollProvider(), 2);
        SimServer server = world.server();
        App app = new App(world, 4, Duration.ofMillis(800));
        for (int i = 0; i < 3; i++) {
            int loop = i % 2;
            world.loop(loop).execute(() -> app.exchange(loop, connection -> {}));
        }
        simulation.run();
        int idle = app.figures().idle();
        assertThat(idle).isPositive();
        // Ages are counted in the sweeps that were, so that one jump is one sweep: nobody is closed who was just put.
        for (int i = 0; i < 12; i++) {
            jump(simulation, far);
            assertThat(app.figures().idle()).isBetween(0, idle).isEqualTo(app.open());
            assertThat(app.figures().inUse()).isZero();
        }
        assertThat(app.open()).isZero();
        // And the pool is as good as new.
        world.loop(0).execute(() -> app.exchange(0, connection -> {}));
        simulation.run();
        assertThat(app.figures().idle()).isEqualTo(1);
        app.close();
        simulation.run();
        assertThat(app.open()).isZero();
        server.close();
        world.end();
    }

    /** A pause is over once; a pause that began after the jump is not cut short by the timer of one before. */
    @ParameterizedTest
    @MethodSource("jumps")
    void aListenersPause(Duration far) {
        Simulation simulation = Simulation.scripted();
        World world = new World(simulation, new EpollProvider(), 2);
        Web web = new Web(world, 10).start();
        simulation.run();
        for (int i = 0; i < 3; i++) {
            world.posix().faults().plan("accept", 1, Errno.EMFILE);
            SimPeer peer = world.network().connect(web.address());
            peer.send("x");
            simulation.run();
            assertThat(web.listener().state()).isEqualTo(ListenerState.LIMITED);
            jump(simulation, far);
            assertThat(web.listener().state()).isEqualTo(ListenerState.READY);
            assertThat(peer.received()).isEqualTo("x");
            peer.close();
            simulation.run();
        }
        assertThat(web.listener().accepted()).isEqualTo(3);
        web.finish();
        world.end();
    }

    /** Anything is under way when it jumps, under any schedule. */
    @Test
    void atAnyTime() {
        Exploration.explore(10, simulation -> {
            World world = Loops.world(simulation, 2);
            SimServer server = world.server();
            Web web = new Web(world, 2).start();
            App app = new App(world, 4, Duration.ofSeconds(8));
            List<String> answers = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                String name = "c" + i;
                simulation.thread("C" + i, () -> answers.add(web.client(name)));
            }
            for (int i = 0; i < 4; i++) {
                int loop = i % 2;
                world.loop(loop).execute(() -> app.exchange(loop, connection -> {}));
            }
            world.posix().faults().oneIn(4).random("accept", Errno.EMFILE, Errno.ECONNABORTED);
            simulation.thread("J", () -> {
                for (int i = 0; i < 3; i++) {
                    simulation.jump(Duration.ofHours(simulation.pick(3)));
                }
            });
            simulation.run();
            world.posix().faults().stop();
            simulation.pass(Duration.ofMinutes(1));
            assertThat(answers).containsExactlyInAnyOrder("c0", "c1", "c2", "c3");
            assertThat(app.open()).isZero();
            assertThat(app.figures().inUse()).isZero();
            assertThat(app.figures().idle()).isZero();
            server.close();
            web.finish();
            app.close();
            world.end();
        });
    }
}
