package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.runtime.channel.AsideForEver;
import dev.baton.runtime.channel.MovableStreamChannel;
import dev.baton.runtime.config.LaneConfig;
import dev.baton.runtime.lane.LiveLanes;
import dev.baton.runtime.lane.ServiceLane;
import dev.baton.runtime.listener.BoundListeners;
import dev.baton.runtime.loop.BatonLoop;
import dev.baton.runtime.loop.LoopRole;
import dev.baton.runtime.loop.Timer;
import dev.baton.runtime.takeover.LiveLoads;
import dev.baton.runtime.takeover.LoopSurroundings;
import dev.baton.runtime.takeover.StandbyLoops;
import dev.baton.spi.config.Percent;
import dev.baton.spi.loop.LaneLoad;
import dev.baton.spi.loop.Sampling;
import dev.baton.testkit.sim.Exploration;
import dev.baton.testkit.sim.SimPeer;
import dev.baton.testkit.sim.Simulation;
import dev.baton.testkit.sim.World;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.junit.jupiter.api.Test;

/**
 * F32: a service gets loops of its own and loses them while its connections come, ask and end. Each question is
 * answered once and in order; while the lane is open the others have nothing of the service, even a connection in which
 * something runs nearly all the time; when it is closed its loops have nothing left, what came late included; and a
 * connection that has stepped aside for a loop which does not come for it goes on.
 */
class F32LanesTest {
    private static final int LOOPS = 2;
    private static final int LANE_LOOPS = 2;
    private static final int CLIENTS = 5;
    /** What moving takes at most, with every pause. */
    private static final Duration SOON = Duration.ofSeconds(2);

    private final List<SimPeer> clients = new ArrayList<>();
    private int round;

    /** A server whose only service has a lane. */
    private static final class Guarded {
        final World world;
        final Web web;
        final ServiceLane lane;
        private final Sampling sampling;
        final List<LaneLoad> loads = new ArrayList<>();

        /** @param settles false for the wrong twin: nothing brings in line what has overtaken each other */
        Guarded(Simulation simulation, boolean settles) {
            world = Loops.world(simulation, LOOPS);
            web = new Web(world, 100);
            BoundListeners listeners = new BoundListeners();
            listeners.add(web.listener());
            Executor worker = simulation.executor("lanes");
            Timer timer = simulation.timer("leaving", worker);
            LoopSurroundings around = new LoopSurroundings(
                    world.env(), world.loops(), listeners, timer, simulation::now, loop -> List.of(), () -> false);
            lane = new ServiceLane(
                    "web",
                    new LaneConfig(LANE_LOOPS, new Percent(50), 10),
                    world.loops(),
                    world.table(),
                    world.observers().connections()::of,
                    role -> new StandbyLoops(
                            loop -> loop.role().equals(role), "a loop of a lane", () -> another(role), around, worker));
            web.initializing = connection -> lane.arrived((MovableStreamChannel) connection);
            web.start();
            sampling = settles
                    ? new LiveLanes(List.of(lane), world.loops(), new Events(simulation), timer)
                            .sample(Duration.ofMillis(100), (now, looks) -> loads.addAll(looks))
                    : () -> {};
        }

        private BatonLoop another(LoopRole role) {
            BatonLoop loop = world.another(role);
            web.listener().loopsChanged(world.loops().batonLoops());
            return loop;
        }

        int ownedByLane() {
            return laneLoops().stream().mapToInt(BatonLoop::owned).sum();
        }

        List<BatonLoop> laneLoops() {
            return world.loops().known().stream().filter(BatonLoop::isLane).toList();
        }

        int ownedByOthers() {
            int[] owned = new int[1];
            world.table().forEach(state -> {
                if (state.handler() instanceof MovableStreamChannel) {
                    BatonLoop owner = world.loops().find(state.owner());
                    owned[0] += owner != null && !owner.isLane() ? 1 : 0;
                }
            });
            return owned[0];
        }

        void finish() {
            sampling.end();
            web.finish();
            world.end();
        }
    }

    /** Each event takes a millisecond. */
    private record Events(Simulation simulation) implements LiveLoads.Gauges {
        @Override
        public int processors() {
            return LOOPS;
        }

        @Override
        public long cpuNanos(BatonLoop loop) {
            return loop.events() * 1_000_000;
        }

        @Override
        public long nanoTime() {
            return simulation.now();
        }
    }

    private Guarded start(Simulation simulation) {
        return start(simulation, true);
    }

    private Guarded start(Simulation simulation, boolean settles) {
        clients.clear();
        round = 0;
        return new Guarded(simulation, settles);
    }

    private void connect(Guarded server, int count) {
        for (int i = 0; i < count; i++) {
            SimPeer peer = server.world.network().tryConnect(server.web.address());
            assertThat(peer).isNotNull();
            clients.add(peer);
        }
    }

    private void everybodyAsks() {
        round++;
        for (int i = 0; i < clients.size(); i++) {
            clients.get(i).send("[" + i + " asks " + round + "]");
        }
    }

    /** What each has got so far: its own answers, each once and in order. */
    private void everybodyIsAnswered() {
        for (int i = 0; i < clients.size(); i++) {
            String got = clients.get(i).received();
            assertThat(got).as("client " + i).endsWith("[" + i + " asks " + round + "]");
            assertThat(got.split("]")).as("client " + i).doesNotHaveDuplicates();
        }
    }

    @Test
    void everybodyIsServedWhileALaneOpensAndCloses() {
        Exploration.explore(6, simulation -> {
            Guarded server = start(simulation);
            connect(server, CLIENTS);
            everybodyAsks();
            simulation.pass(SOON);
            everybodyIsAnswered();
            assertThat(server.laneLoops()).isEmpty();

            everybodyAsks();
            CompletableFuture<Integer> opened = server.lane.open().toCompletableFuture();
            connect(server, 2);
            everybodyAsks();
            simulation.pass(SOON);
            everybodyIsAnswered();
            assertThat(opened.join()).isEqualTo(LANE_LOOPS);
            assertThat(server.ownedByOthers()).isZero();
            assertThat(server.world.loops().batonLoops()).as("those of all").hasSize(LOOPS);
            connect(server, 2);
            everybodyAsks();
            simulation.pass(SOON);
            everybodyIsAnswered();
            assertThat(server.ownedByOthers()).isZero();
            assertThat(server.lane.connections()).isEqualTo(clients.size());

            CompletableFuture<Integer> closed = server.lane.close().toCompletableFuture();
            connect(server, 1);
            everybodyAsks();
            simulation.pass(SOON);
            everybodyIsAnswered();
            assertThat(closed).isDone();
            assertThat(server.ownedByLane()).isZero();

            server.lane.open();
            simulation.pass(SOON);
            assertThat(server.laneLoops()).as("the same as before").hasSize(LANE_LOOPS);
            assertThat(server.ownedByOthers()).isZero();
            everybodyAsks();
            simulation.pass(SOON);
            everybodyIsAnswered();
            clients.forEach(SimPeer::close);
            server.finish();
        });
    }

    /** Whatever comes first, in the end the loops and the connections are where the last word says. */
    private void openAndCloseOvertakeEachOther(Simulation simulation, boolean settles) {
        Guarded server = start(simulation, settles);
        connect(server, CLIENTS);
        boolean open = false;
        for (int i = 0; i < 4; i++) {
            open = !open;
            if (open) {
                server.lane.open();
            } else {
                server.lane.close();
            }
            if (simulation.pick(2) == 0) {
                everybodyAsks();
                connect(server, 1);
                simulation.pass(Duration.ofMillis(simulation.pick(30)));
            }
        }
        everybodyAsks();
        simulation.pass(SOON);
        everybodyIsAnswered();
        assertThat(open).isFalse();
        assertThat(server.world.loops().lanes())
                .as("loops that serve a closed lane")
                .isEmpty();
        assertThat(server.ownedByLane()).isZero();
        clients.forEach(SimPeer::close);
        server.finish();
    }

    @Test
    void openAndCloseOvertakeEachOther() {
        Exploration.explore(4, simulation -> openAndCloseOvertakeEachOther(simulation, true));
    }

    /** The wrong twin: a loop that starts when its lane is closed again serves it for ever. */
    @Test
    void aLaneThatDoesNotSettleFails() {
        assertThat(Exploration.mustFail(100, simulation -> openAndCloseOvertakeEachOther(simulation, false)))
                .hasMessageContaining("loops that serve a closed lane");
    }

    /** Takes 5 ms for each message, before it answers. */
    private static final class Greedy extends ChannelInboundHandlerAdapter {
        private final Simulation simulation;

        Greedy(Simulation simulation) {
            this.simulation = simulation;
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            simulation.await("works", () -> false, Duration.ofMillis(5));
            context.writeAndFlush(message);
        }
    }

    /**
     * A client that asks again as soon as it is answered, so that something runs in its connection nearly all the time.
     */
    private static void asksAllTheTime(Simulation simulation, SimPeer client, boolean[] over) {
        simulation
                .threads("hasty")
                .newThread(() -> {
                    int number = 0;
                    while (!over[0]) {
                        client.send("[" + number++ + "]");
                        assertThat(client.receive()).endsWith("[" + (number - 1) + "]");
                    }
                })
                .start();
    }

    /** It is alone on its loop: whenever another looks, something runs in it. */
    @Test
    void aConnectionThatIsHardlyEverFreeComesToo() {
        Exploration.explore(10, simulation -> {
            Guarded server = start(simulation);
            server.web.serving = connection -> connection.pipeline().addLast(new Greedy(simulation));
            SimPeer client = server.world.network().tryConnect(server.web.address());
            assertThat(client).isNotNull();
            boolean[] over = new boolean[1];
            asksAllTheTime(simulation, client, over);
            simulation.pass(Duration.ofMillis(50));
            server.lane.open();
            simulation.pass(Duration.ofMillis(500));
            assertThat(server.ownedByOthers()).isZero();
            over[0] = true;
            simulation.pass(SOON);
            client.close();
            server.finish();
        });
    }

    /**
     * The loops that a connection has stepped aside for are blocked just then.
     *
     * @param aside has a connection step aside
     */
    private void theLoopDoesNotComeForIt(Simulation simulation, AsideForEver.Way aside) {
        Guarded server = start(simulation);
        connect(server, 1);
        everybodyAsks();
        simulation.pass(SOON);
        everybodyIsAnswered();
        MovableStreamChannel connection = (MovableStreamChannel) server.web.accepted.get(0);
        boolean[] stepped = new boolean[1];
        aside.stepAside(connection, () -> stepped[0] = true);
        simulation.pass(Duration.ofMillis(simulation.pick(20)));
        assertThat(stepped[0]).isTrue();
        everybodyAsks();
        simulation.pass(SOON);
        everybodyIsAnswered();
        clients.forEach(SimPeer::close);
        simulation.pass(SOON);
        server.finish();
    }

    @Test
    void aConnectionGoesOnIfNoLoopComesForIt() {
        Exploration.explore(4, simulation -> theLoopDoesNotComeForIt(simulation, MovableStreamChannel::stepAside));
    }

    /** The wrong twin: it waits for ever. */
    @Test
    void oneThatStepsAsideForEverIsForgotten() {
        assertThat(Exploration.mustFail(5, simulation -> theLoopDoesNotComeForIt(simulation, AsideForEver.WAY)))
                .hasMessageContaining("client 0");
    }

    /** A loop of the lane blocks while connections are on their way to it, and when it has them. */
    @Test
    void theOtherLoopOfTheLaneServesWhatABlockedOneWasToGet() {
        Exploration.explore(10, simulation -> {
            Guarded server = start(simulation);
            connect(server, CLIENTS);
            everybodyAsks();
            simulation.pass(SOON);
            CompletableFuture<Integer> opened = server.lane.open().toCompletableFuture();
            simulation.pass(Duration.ofMillis(simulation.pick(5)));
            boolean[] free = new boolean[1];
            for (BatonLoop loop : server.laneLoops()) {
                loop.execute(() -> simulation.await("blocked", () -> free[0]));
                break;
            }
            simulation.pass(Duration.ofMillis(200));
            free[0] = true;
            everybodyAsks();
            simulation.pass(SOON);
            everybodyIsAnswered();
            assertThat(opened).isDone();
            assertThat(server.ownedByOthers()).isZero();
            clients.forEach(SimPeer::close);
            server.finish();
        });
    }
}
