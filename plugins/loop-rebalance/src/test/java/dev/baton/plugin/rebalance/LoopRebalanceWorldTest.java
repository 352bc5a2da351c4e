package dev.baton.plugin.rebalance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.baton.spi.admin.FdSnapshot;
import dev.baton.testkit.world.InEachWorld;
import dev.baton.testkit.world.Peer;
import dev.baton.testkit.world.PluginWorld;
import dev.baton.testkit.world.Where;
import java.util.ArrayList;
import java.util.List;

/** Clients that are all served by one loop come to be served by both, and are answered all the while. */
class LoopRebalanceWorldTest {
    private static final int CLIENTS = 6;

    private int number;

    private static List<Peer> start(PluginWorld world, String section) {
        assumeTrue(
                world.where() == Where.SIMULATION || Runtime.getRuntime().availableProcessors() > 1,
                "nothing is moved where loops cannot run at the same time");
        world.plugin(LoopRebalancePlugin.class);
        world.start("""
                listeners: { echo: { bind: "127.0.0.1:0", service: echo, loops: [0] } }
                services: { echo: { type: testkit-echo } }
                """ + section);
        List<Peer> clients = new ArrayList<>();
        for (int i = 0; i < CLIENTS; i++) {
            clients.add(world.connect("echo"));
        }
        return clients;
    }

    private void everyoneAsks(List<Peer> clients) {
        for (Peer client : clients) {
            String line = "line " + number++ + "\n";
            client.send(line);
            client.expect(line);
        }
    }

    private static long owned(PluginWorld world, String loop) {
        return world.view().fds().stream()
                .filter(fd -> fd.kind().equals("downstream") && fd.owner().equals(loop))
                .count();
    }

    private static long moves(PluginWorld world) {
        return world.metrics()
                .counter("baton_rebalance_moves_total", "Connections that were moved from a hot loop.", "loop", "0")
                .count();
    }

    @InEachWorld
    void shouldSpreadWhatIsPiledUp(PluginWorld world) {
        List<Peer> clients = start(
                world,
                "loop-rebalance: { period: 50ms, window: 50ms, periods: 1, high-water: 2%, low-water: 1%, floor: 1%,"
                        + " moves: 100/s, rest: 1h }");
        assertThat(owned(world, "1")).isZero();
        // Between two looks of the world, clients of a real one would leave the loop idle.
        int rounds = world.where() == Where.SIMULATION ? 1 : 10;
        world.await("both loops serve", () -> {
            for (int i = 0; i < rounds; i++) {
                everyoneAsks(clients);
            }
            return owned(world, "1") > 0;
        });
        everyoneAsks(clients);
        assertThat(owned(world, "0") + owned(world, "1")).isEqualTo(CLIENTS);
        world.await("counted", () -> moves(world) > 0);
        assertThat(world.view().fds().stream()
                        .filter(fd -> fd.kind().equals("downstream"))
                        .mapToInt(FdSnapshot::takeovers))
                .as("each rests once it was moved")
                .allMatch(takeovers -> takeovers <= 1);
    }

    /** A loop that gets connections goes while it does. */
    @InEachWorld
    void shouldGoOnWithALoopThatRetires(PluginWorld world) {
        List<Peer> clients = start(
                world,
                "loop-rebalance: { period: 50ms, window: 50ms, periods: 1, high-water: 2%, low-water: 1%, floor: 1%,"
                        + " moves: 20/s, rest: 0s }");
        world.await("both loops serve", () -> {
            everyoneAsks(clients);
            return owned(world, "1") > 0;
        });
        world.await(world.control().retireLoop(1));
        assertThat(owned(world, "0")).isEqualTo(CLIENTS);
        for (int i = 0; i < 20; i++) {
            everyoneAsks(clients);
        }
    }

    @InEachWorld
    void shouldDoNothingUnlessItIsAskedTo(PluginWorld world) {
        List<Peer> clients = start(world, "");
        for (int i = 0; i < 50; i++) {
            everyoneAsks(clients);
        }
        assertThat(owned(world, "1")).isZero();
    }
}
