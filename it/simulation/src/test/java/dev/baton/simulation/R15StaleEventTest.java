package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.epoll.EpollProvider;
import dev.baton.plugin.poll.PollProvider;
import dev.baton.runtime.channel.MovableSocketChannel;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.poller.Interest;
import dev.baton.spi.poller.PollerProvider;
import dev.baton.testkit.sim.Exploration;
import dev.baton.testkit.sim.FakePoller;
import dev.baton.testkit.sim.SimFailure;
import dev.baton.testkit.sim.SimNetwork;
import dev.baton.testkit.sim.SimPeer;
import dev.baton.testkit.sim.SimServer;
import dev.baton.testkit.sim.Simulation;
import dev.baton.testkit.sim.World;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * R15 (8235a2478, netty e348bd9217): an event that was fetched already hits the fd that was reopened under the same
 * number. It is dropped and counted.
 */
class R15StaleEventTest {

    /** Closed and reopened between the fetch and the dispatch, on the very loop that has fetched. */
    @Test
    void anEventOfAFormerGenerationIsDroppedAndCounted() {
        for (boolean edges : new boolean[] {true, false}) {
            Simulation simulation = Simulation.scripted();
            FakePoller.Provider pollers = new FakePoller.Provider(simulation, edges);
            World world = new World(simulation, pollers, 1);
            SimServer server = world.server();
            ChannelFuture first = world.connect(0, SimNetwork.address(World.PORT), new Recorder());
            simulation.run();
            Fd old = ((MovableSocketChannel) first.channel()).fd();
            pollers.of(0).emit(old, Interest.OUT);
            simulation.run();
            assertThat(first.isSuccess()).isTrue();

            pollers.of(0).emit(old, Interest.IN);
            pollers.of(0).emit(old, Interest.IN);
            simulation.run("L0@dispatch");
            world.table().fdDelete(old);
            int reads = world.posix().faults().calls("recv");
            Recorder next = new Recorder();
            int number = world.posix().socket(2, 1, 0);
            assertThat(number).as("the number is free at once").isEqualTo(old.number());
            Fd reopened = world.table().fdInsert(number, dev.baton.spi.fd.FdKind.UPSTREAM);
            assertThat(reopened.generation()).isEqualTo(old.generation() + 1);
            simulation.run();
            assertThat(world.counters().staleEvents()).isEqualTo(2);
            assertThat(world.posix().faults().calls("recv")).isEqualTo(reads);
            assertThat(next.calls).isEmpty();
            world.table().fdDelete(reopened);
            server.close();
            world.end();
        }
    }

    @Test
    void inAnyOrder() {
        Exploration.explore(simulation -> {
            World world = Loops.world(simulation, 2);
            SimServer server = world.server();
            World.Connection connection = world.connected(server, 0, new Recorder());
            Recorder next = new Recorder();
            simulation.thread("P", () -> {
                connection.peer().send("a");
                connection.peer().send("b");
            });
            simulation.thread("A", () -> {
                world.table().fdDelete(connection.fd());
                world.connect(simulation.pick(2), SimNetwork.address(World.PORT), next);
            });
            simulation.run();
            assertThat(next.calls).isEmpty();
            server.accept().send("y");
            simulation.run();
            assertThat(next.calls).hasSize(1).first().asString().startsWith("read y on ");
            connection.peer().close();
            server.close();
            world.end();
        });
    }

    /**
     * Two events of one poll: the first one's handler resets the second connection's life. It deletes it and connects
     * anew, which brings the same number, and the server has no room yet: the second event must not end that connect.
     */
    private static void inOneBatch(Simulation simulation, PollerProvider poller, int stale) {
        World world = new World(simulation, poller, 1);
        SimServer server = world.server();
        SimServer full = world.network().listen(World.PORT + 1, 0);
        SimPeer waiting = world.network().connect(SimNetwork.address(World.PORT + 1));
        List<ChannelFuture> connecting = new ArrayList<>();
        World.Connection[] second = new World.Connection[1];
        World.Connection first = world.connected(server, 0, new Recorder() {
            @Override
            public void channelRead(ChannelHandlerContext context, Object message) throws Exception {
                super.channelRead(context, message);
                world.table().fdDelete(second[0].fd());
                connecting.add(world.connect(0, SimNetwork.address(World.PORT + 1), new Recorder()));
            }
        });
        second[0] = world.connected(server, 0, new Recorder());
        first.peer().send("x");
        second[0].peer().reset();
        simulation.run();
        Fd reopened = ((MovableSocketChannel) connecting.get(0).channel()).fd();
        assertThat(reopened.number()).isEqualTo(second[0].fd().number());
        assertThat(connecting.get(0).isDone()).as("the connect has ended").isFalse();
        assertThat(world.counters().staleEvents()).isEqualTo(stale);
        full.accept();
        simulation.run();
        assertThat(connecting.get(0).isSuccess()).isTrue();
        waiting.close();
        first.peer().close();
        server.close();
        full.close();
        world.end();
    }

    @Test
    void anEventOfTheSameBatchIsDropped() {
        inOneBatch(Simulation.scripted(), new EpollProvider(), 1);
        inOneBatch(Simulation.scripted(), new PollProvider(), 0); // its add has replaced what the kernel wrote
    }

    /** Shows that it can fail: with pollers that know numbers only. */
    @Test
    void aPollerThatForgetsGenerationsIsFound() {
        SimFailure failure = Exploration.mustFail(
                1, simulation -> inOneBatch(simulation, Loops.ForgetsGenerations.of(new EpollProvider()), 0));
        assertThat(failure).hasMessageContaining("the connect has ended");
    }
}
