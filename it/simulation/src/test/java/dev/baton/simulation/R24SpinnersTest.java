package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.testkit.sim.Exploration;
import dev.baton.testkit.sim.SimLock;
import dev.baton.testkit.sim.SimPeer;
import dev.baton.testkit.sim.Simulation;
import dev.baton.testkit.sim.World;
import java.time.Duration;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/**
 * R24 (1dad3843d): loops that spin starve an accept lock, and who connects waits for ever. There is no such lock: with
 * every loop busy in every turn, and one of them held up where it is about to accept, each client is served after a few
 * turns of the others.
 */
class R24SpinnersTest {
    private static final int LOOPS = 3;
    private static final int CLIENTS = 6;
    /** What each loop does in each turn, whatever else there is to do. */
    private static final Duration WORK = Duration.ofMillis(1);
    /**
     * From the connect to the answer: turns that accept, read and answer, and wait for each other's work in between.
     */
    private static final Duration SERVED_MAX = WORK.multipliedBy(10);

    @Test
    void whoConnectsIsServedWhileAllSpin() {
        Exploration.explore(10, simulation -> clients(simulation, false));
    }

    /** As it was: whoever accepts has a lock, and who has it can be anywhere. */
    @Test
    void anAcceptLockWouldBeSeen() {
        assertThat(Exploration.mustFail(20, simulation -> clients(simulation, true)))
                .hasMessageContaining("longest wait");
    }

    private static void clients(Simulation simulation, boolean locked) {
        World world = Loops.world(simulation, LOOPS);
        Web web = new Web(world, 100).start();
        simulation.run();
        if (locked) {
            SimLock accepting = simulation.lock("accept");
            web.initializing = connection -> accepting.lock().close();
            world.loop(0).execute(accepting::lock);
            simulation.run();
        }
        web.listener().tryAccept(world.loop(0));
        simulation.run("L0@accept"); // with the claim on the listening fd that all loops share
        simulation.holdUp("L0", 0);
        boolean[] over = {false};
        for (int id = 1; id < LOOPS; id++) {
            int loop = id;
            world.loop(id).execute(() -> spin(world, loop, over));
        }
        long[] waited = new long[CLIENTS];
        int[] left = {CLIENTS};
        for (int i = 0; i < CLIENTS; i++) {
            int client = i;
            simulation.thread("C" + i, () -> {
                long start = simulation.now();
                SimPeer peer = world.network().connect(web.address());
                peer.send("x");
                peer.await(false, WORK.multipliedBy(100));
                waited[client] = simulation.now() - start;
                peer.close();
                over[0] |= --left[0] == 0;
            });
        }
        simulation.run();
        assertThat(simulation.isHeldUp("L0")).isTrue();
        assertThat(world.loop(0).accepted()).isZero();
        assertThat(LongStream.of(waited).max().orElseThrow())
                .as("longest wait, ns")
                .isLessThan(SERVED_MAX.toNanos());
        simulation.letGo("L0");
        simulation.run();
        web.finish();
        world.end();
    }

    private static void spin(World world, int loop, boolean[] over) {
        if (!over[0]) {
            world.simulation().sleep(WORK);
            world.loop(loop).nextTurn(() -> spin(world, loop, over));
        }
    }
}
