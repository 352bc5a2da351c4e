package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.rescue.SimulatedWatchdog;
import dev.baton.runtime.listener.BoundListeners;
import dev.baton.runtime.loop.BatonLoop;
import dev.baton.runtime.loop.LoopRole;
import dev.baton.runtime.loop.Timer;
import dev.baton.runtime.takeover.LiveWatch;
import dev.baton.runtime.takeover.LoopSurroundings;
import dev.baton.runtime.takeover.StandbyLoops;
import dev.baton.testkit.sim.Exploration;
import dev.baton.testkit.sim.SimPeer;
import dev.baton.testkit.sim.Simulation;
import dev.baton.testkit.sim.World;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.junit.jupiter.api.Test;

/**
 * F30: every loop is blocked, and spare ones take over. Every client but the guilty ones is served meanwhile, once and
 * in order, those that come then too; when the loops are back the spare ones give everything to them, whatever is under
 * way, and they are the same that come the next time.
 */
class F30SparesTest {
    private static final int LOOPS = 2;
    private static final int CLIENTS = 6;
    private static final Duration DETECT = Duration.ofMillis(50);
    /** Far more than it takes to see that loops are blocked and to rescue from them. */
    private static final Duration SOON = DETECT.multipliedBy(4);
    /** More than the rest after which the spare ones go, both. */
    private static final Duration REST = Duration.ofSeconds(25);

    private final List<SimPeer> clients = new ArrayList<>();
    private final boolean[] free = new boolean[1];
    private int round;

    /** A server with a watchdog. */
    private static final class Guarded {
        final World world;
        final Web web;
        final StandbyLoops spares;
        boolean stopping;
        private boolean over;

        Guarded(Simulation simulation) {
            world = Loops.world(simulation, LOOPS);
            web = new Web(world, 100).start();
            BoundListeners listeners = new BoundListeners();
            listeners.add(web.listener());
            Executor worker = simulation.executor("spares");
            Timer timer = simulation.timer("leaving", worker);
            LoopSurroundings around = new LoopSurroundings(
                    world.env(), world.loops(), listeners, timer, simulation::now, loop -> List.of(), () -> stopping);
            spares = new StandbyLoops(BatonLoop::isSpare, "a spare loop", this::another, around, worker);
            SimulatedWatchdog watchdog = new SimulatedWatchdog(
                    DETECT,
                    Duration.ZERO,
                    LOOPS,
                    new LiveWatch(world.loops(), world.table(), listeners::all, loop -> List.of(), spares),
                    new Counts(),
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

        private BatonLoop another() {
            BatonLoop loop = world.another(LoopRole.SPARE);
            web.listener().loopsChanged(world.loops().batonLoops());
            return loop;
        }

        long serving() {
            return world.loops().batonLoops().stream()
                    .filter(BatonLoop::isSpare)
                    .count();
        }

        int ownedBySpares() {
            return world.loops().known().stream()
                    .filter(BatonLoop::isSpare)
                    .mapToInt(BatonLoop::owned)
                    .sum();
        }

        void finish() {
            over = true;
            web.finish();
            world.end();
        }
    }

    /** Until {@link #free}. */
    private void block(Guarded server, int loop) {
        boolean[] ends = free;
        server.world.loop(loop).execute(() -> server.world.simulation().await("blocked", () -> ends[0]));
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
            assertThat(clients.get(i).received()).as("client " + i).endsWith("[" + i + " asks " + round + "]");
            assertThat(clients.get(i).received().split("]")).as("client " + i).doesNotHaveDuplicates();
        }
    }

    @Test
    void everybodyIsServedWhileEveryLoopIsBlocked() {
        Exploration.explore(6, simulation -> {
            clients.clear();
            free[0] = false;
            round = 0;
            Guarded server = new Guarded(simulation);
            connect(server, CLIENTS);
            everybodyAsks();
            simulation.pass(SOON);
            everybodyIsAnswered();
            assertThat(server.serving()).isZero();

            for (int loop = 0; loop < LOOPS; loop++) {
                block(server, loop);
            }
            connect(server, 2);
            everybodyAsks();
            simulation.pass(SOON);
            assertThat(free[0]).isFalse();
            everybodyIsAnswered();
            assertThat(server.serving()).isEqualTo(LOOPS);
            everybodyAsks();
            simulation.pass(SOON);
            everybodyIsAnswered();

            free[0] = true;
            // Questions are under way all the time while the spare ones go.
            for (int i = 0; i < 5; i++) {
                everybodyAsks();
                simulation.pass(REST.dividedBy(5));
                everybodyIsAnswered();
            }
            assertThat(server.serving()).isZero();
            assertThat(server.ownedBySpares()).isZero();
            int loops = server.world.loops().known().size();

            free[0] = false;
            for (int loop = 0; loop < LOOPS; loop++) {
                block(server, loop);
            }
            everybodyAsks();
            simulation.pass(SOON);
            everybodyIsAnswered();
            assertThat(server.world.loops().known()).as("the same as before").hasSize(loops);
            free[0] = true;
            simulation.pass(SOON);
            clients.forEach(SimPeer::close);
            server.finish();
        });
    }

    /** A spare loop is called at any moment while it gives away what it has. */
    @Test
    void oneThatLeavesComesBack() {
        Exploration.explore(20, simulation -> {
            clients.clear();
            round = 0;
            Guarded server = new Guarded(simulation);
            CompletableFuture<BatonLoop> first = server.spares.call().toCompletableFuture();
            simulation.pass(SOON);
            connect(server, CLIENTS);
            everybodyAsks();
            simulation.pass(SOON);
            everybodyIsAnswered();

            CompletableFuture<Integer> left =
                    server.spares.dismiss(first.join()).toCompletableFuture();
            everybodyAsks();
            simulation.pass(Duration.ofMillis(simulation.pick(40)));
            CompletableFuture<BatonLoop> second = server.spares.call().toCompletableFuture();
            simulation.pass(SOON);
            assertThat(second.join()).isSameAs(first.join());
            simulation.pass(SOON);
            everybodyIsAnswered();
            assertThat(left).isDone();
            assertThat(server.world.loops().batonLoops()).hasSize(LOOPS + 1);
            connect(server, CLIENTS);
            everybodyAsks();
            simulation.pass(SOON);
            everybodyIsAnswered();
            clients.forEach(SimPeer::close);
            server.finish();
        });
    }

    /** While the process drains its loops may block as well. */
    @Test
    void theyComeAndGoWhileTheProcessDrains() {
        Exploration.explore(10, simulation -> {
            clients.clear();
            round = 0;
            Guarded server = new Guarded(simulation);
            server.stopping = true;
            CompletableFuture<BatonLoop> called = server.spares.call().toCompletableFuture();
            simulation.pass(SOON);
            connect(server, CLIENTS);
            everybodyAsks();
            simulation.pass(SOON);
            everybodyIsAnswered();
            CompletableFuture<Integer> left =
                    server.spares.dismiss(called.join()).toCompletableFuture();
            simulation.pass(SOON);
            assertThat(left).isDone();
            assertThat(server.ownedBySpares()).isZero();
            everybodyAsks();
            simulation.pass(SOON);
            everybodyIsAnswered();
            clients.forEach(SimPeer::close);
            server.finish();
        });
    }
}
