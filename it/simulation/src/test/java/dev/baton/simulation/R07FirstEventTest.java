package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.testkit.sim.Exploration;
import dev.baton.testkit.sim.SimNetwork;
import dev.baton.testkit.sim.SimPeer;
import dev.baton.testkit.sim.SimServer;
import dev.baton.testkit.sim.World;
import io.netty.channel.ChannelFuture;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * R07 (237e6a0d6): an update of a poller that was queued survives the close, and the next fd with this number never
 * gets its first event. Each reopening of a number, on either loop, hears of its first byte.
 */
class R07FirstEventTest {
    private static final int REOPENINGS = 8;

    @Test
    void eachReopeningGetsItsFirstEvent() {
        Exploration.explore(2, simulation -> {
            World world = Loops.world(simulation, 2);
            SimServer server = world.server();
            World.Connection first = world.connected(server, 0, new Recorder());
            List<SimPeer> peers = new ArrayList<>(List.of(first.peer()));
            ChannelFuture[] last = {first.channel().newSucceededFuture()};
            simulation.thread("T", () -> {
                for (int i = 0; i < REOPENINGS; i++) {
                    // A takeover leaves removals behind for the old loop, then the number is closed and opened again.
                    int thief = simulation.pick(2);
                    dev.baton.runtime.channel.MovableSocketChannel old =
                            (dev.baton.runtime.channel.MovableSocketChannel) last[0].channel();
                    world.loop(thief).execute(() -> Loops.take(world, old, thief));
                    simulation.point("reopen");
                    world.table().fdDelete(old.fd());
                    Recorder next = new Recorder();
                    last[0] = world.connect(simulation.pick(2), SimNetwork.address(World.PORT), next);
                    SimPeer peer = server.accept();
                    peers.add(peer);
                    peer.send("x");
                    // Time does not pass for it: were the event lost, nobody could go on.
                    simulation.await("first event", () -> next.calls.size() == 1);
                    assertThat(next.calls.get(0)).startsWith("read x on ");
                }
            });
            simulation.run();
            assertThat(world.posix().open().size())
                    .as("one number, again and again")
                    .isLessThanOrEqualTo(6);
            peers.forEach(SimPeer::close);
            simulation.run();
            server.close();
            world.end();
        });
    }
}
