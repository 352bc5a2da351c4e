package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.epoll.EpollProvider;
import dev.baton.runtime.fd.FdBudget;
import dev.baton.runtime.listener.TotalLimit;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.service.Service;
import dev.baton.testkit.sim.Exploration;
import dev.baton.testkit.sim.SimPeer;
import dev.baton.testkit.sim.Simulation;
import dev.baton.testkit.sim.World;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * F15: an idle client is closed to make room for a new one while its next request arrives. What has arrived is
 * answered, whichever loop closes and however long the client's own loop has been away. Clients that wait are let in;
 * those that are at work, or have not asked yet, stay.
 */
class F15IdleClientTest {
    private static final Duration LONG = Duration.ofMillis(500);

    /** When each connection was answered last. */
    private final Map<MovableChannel, Long> answered = new HashMap<>();

    private final List<String> closed = new ArrayList<>();

    /** A listener with room for so many clients, who are idle between two answers. */
    private Web web(Simulation simulation, World world, int room) {
        TotalLimit total = new TotalLimit(Integer.MAX_VALUE, new FdBudget(room));
        Web web = new Web(world, Web.PORT, 10, Web.tcp(Web.PORT), total, 1);
        web.serving = connection -> connection.pipeline().addLast(new ChannelInboundHandlerAdapter() {
            @Override
            public void channelRead(ChannelHandlerContext context, Object message) {
                context.writeAndFlush(message);
                answered.put(connection, simulation.now());
            }
        });
        web.idle = connection -> {
            Long since = answered.get(connection);
            return since == null ? Service.NOT_IDLE : simulation.now() - since;
        };
        web.draining = connection -> {
            closed.add(String.valueOf(connection.remoteAddress()));
            connection.close();
        };
        return web.start();
    }

    private static SimPeer client(Simulation simulation, World world, Web web, String request) {
        SimPeer peer = world.network().connect(web.address());
        peer.send(request);
        simulation.run();
        return peer;
    }

    @Test
    void whoHasBeenIdleLongestGoesForWhoWaits() {
        Simulation simulation = Simulation.scripted();
        World world = new World(simulation, new EpollProvider(), 2);
        Web web = web(simulation, world, 3);
        SimPeer first = client(simulation, world, web, "first");
        simulation.pass(LONG);
        SimPeer second = client(simulation, world, web, "second");
        SimPeer silent = world.network().connect(web.address());
        simulation.pass(LONG);
        // All are in, and nobody waits: nobody is closed.
        assertThat(first.received()).isEqualTo("first");
        assertThat(second.received()).isEqualTo("second");
        assertThat(closed).isEmpty();

        SimPeer third = client(simulation, world, web, "third");
        simulation.pass(LONG);
        assertThat(third.received()).isEqualTo("third");
        assertThat(first.sawEnd()).isTrue();
        assertThat(closed).hasSize(1);

        SimPeer fourth = client(simulation, world, web, "fourth");
        simulation.pass(LONG);
        assertThat(fourth.received()).isEqualTo("fourth");
        assertThat(second.sawEnd()).isTrue();
        assertThat(third.sawEnd()).isFalse();
        assertThat(closed).hasSize(2);

        // Who has not asked yet is not idle, and who has is not, either, while it asks again and again.
        silent.send("at last");
        simulation.run();
        assertThat(silent.received()).isEqualTo("at last");
        for (SimPeer each : List.of(first, second, third, fourth, silent)) {
            each.close();
        }
        simulation.run();
        web.finish();
        world.end();
    }

    /** Nothing tells when a client becomes idle: it is looked for. */
    @Test
    void whoWaitsIsLetInAsSoonAsAnotherOneHasBecomeIdle() {
        Simulation simulation = Simulation.scripted();
        World world = new World(simulation, new EpollProvider(), 2);
        Web web = web(simulation, world, 1);
        SimPeer first = world.network().connect(web.address());
        SimPeer second = client(simulation, world, web, "second");
        simulation.pass(Duration.ofSeconds(3));
        assertThat(second.received()).isEmpty();
        assertThat(first.sawEnd()).isFalse();
        first.send("first");
        simulation.run();
        assertThat(first.received()).isEqualTo("first");
        simulation.pass(Duration.ofMillis(300));
        assertThat(first.sawEnd()).isTrue();
        assertThat(second.received()).isEqualTo("second");
        first.close();
        second.close();
        simulation.run();
        web.finish();
        world.end();
    }

    /** Its loop does not see the request: the one that would close it does, and answers. */
    @Test
    void aRequestThatItsLoopHasNotSeenIsAnswered() {
        Simulation simulation = Simulation.scripted();
        World world = new World(simulation, new EpollProvider(), 2);
        Web web = web(simulation, world, 1);
        SimPeer first = client(simulation, world, web, "first");
        assertThat(first.received()).isEqualTo("first");
        int owner = web.accepted.get(0).loop().id();
        simulation.pass(LONG);
        // Its loop stands still from its next step on, outside of a claim.
        simulation.holdUp("L" + owner, 1);
        world.loop(owner).execute(() -> {});
        simulation.run();
        assertThat(simulation.isHeldUp("L" + owner)).isTrue();
        first.send(" and again");
        SimPeer second = client(simulation, world, web, "second");
        simulation.pass(Duration.ofMillis(150));
        assertThat(first.received()).isEqualTo(" and again");
        assertThat(first.sawEnd()).isFalse();
        simulation.letGo("L" + owner);
        simulation.pass(LONG);
        assertThat(first.sawEnd()).isTrue();
        assertThat(second.received()).isEqualTo("second");
        first.close();
        second.close();
        simulation.run();
        web.finish();
        world.end();
    }

    /** Its loop stands still, and nothing has come: another one closes it. */
    @Test
    void anIdleClientOfALoopThatStandsStillMakesRoom() {
        Simulation simulation = Simulation.scripted();
        World world = new World(simulation, new EpollProvider(), 2);
        Web web = web(simulation, world, 1);
        SimPeer first = client(simulation, world, web, "first");
        int owner = web.accepted.get(0).loop().id();
        simulation.pass(LONG);
        simulation.holdUp("L" + owner, 1);
        world.loop(owner).execute(() -> {});
        simulation.run();
        SimPeer second = client(simulation, world, web, "second");
        simulation.pass(LONG);
        assertThat(first.sawEnd()).isTrue();
        assertThat(second.received()).isEqualTo("second");
        simulation.letGo("L" + owner);
        simulation.run();
        first.close();
        second.close();
        simulation.run();
        web.finish();
        world.end();
    }

    /** In any order: each of many clients is let in and answered, with room for two. */
    @Test
    void everybodyIsServed() {
        Exploration.explore(10, simulation -> {
            answered.clear();
            World world = Loops.world(simulation, 2);
            Web web = web(simulation, world, 2);
            List<SimPeer> stay = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                String name = "c" + i;
                simulation.thread("C" + i, () -> {
                    SimPeer peer = world.network().connect(web.address());
                    peer.send(name);
                    assertThat(peer.receive()).isEqualTo(name);
                    stay.add(peer); // and does not close
                });
            }
            simulation.run();
            simulation.pass(Duration.ofSeconds(2));
            assertThat(stay).hasSize(6);
            stay.forEach(SimPeer::close);
            simulation.run();
            assertThat(web.listener().accepted()).isEqualTo(6);
            web.finish();
            world.end();
        });
    }
}
