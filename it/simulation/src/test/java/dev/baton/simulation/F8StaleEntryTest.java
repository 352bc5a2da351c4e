package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.epoll.EpollProvider;
import dev.baton.plugin.takeover.ConnectionTakeover;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.pool.IdlePool;
import dev.baton.spi.pool.PoolSpec;
import dev.baton.spi.pool.Sharing;
import dev.baton.testkit.sim.Exploration;
import dev.baton.testkit.sim.SimServer;
import dev.baton.testkit.sim.Simulation;
import dev.baton.testkit.sim.World;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * F8: an entry of the pool is stale: a rescue has moved the connection to the very loop that asks, or it was closed.
 * The table decides; what comes out of the pool can be used.
 */
class F8StaleEntryTest {

    private static IdlePool pool(World world) {
        return new ConnectionTakeover()
                .open(new PoolSpec("app", "here", "test", 8, Duration.ofMinutes(1), Sharing.TAKEOVER, world.loops()));
    }

    @Test
    void aConnectionThatWasRescuedByWhoAsksIsTaken() {
        Simulation simulation = Simulation.scripted();
        World world = new World(simulation, new EpollProvider(), 2);
        SimServer server = world.server();
        World.Connection connection = world.connected(server, 0, new Recorder());
        World.Connection closed = world.connected(server, 0, new Recorder());
        IdlePool pool = pool(world);
        world.loop(0).execute(() -> {
            assertThat(pool.put(world.loop(0), connection.channel())).isTrue();
            assertThat(pool.put(world.loop(0), closed.channel())).isTrue();
        });
        simulation.run();
        world.table().fdDelete(closed.fd());
        List<MovableChannel> taken = new ArrayList<>();
        world.loop(1).execute(() -> {
            Loops.rescue(world, connection.channel(), 1, 0);
            MovableChannel first = pool.take(world.loop(1));
            taken.add(first);
            taken.add(pool.take(world.loop(1)));
            first.leave();
        });
        simulation.run();
        assertThat(taken).containsExactly(connection.channel(), null);
        assertThat(pool.figures().idle()).isZero();
        connection.peer().close();
        closed.peer().close();
        pool.close();
        server.close();
        world.end();
    }

    @Test
    void inAnyOrder() {
        Exploration.explore(2, simulation -> {
            World world = Loops.world(simulation, 2);
            SimServer server = world.server();
            World.Connection a = world.connected(server, 0, new Recorder());
            World.Connection b = world.connected(server, 1, new Recorder());
            IdlePool pool = pool(world);
            List<MovableChannel> users = new ArrayList<>();
            a.channel().closeFuture().addListener(closed -> pool.remove(a.channel()));
            b.channel().closeFuture().addListener(closed -> pool.remove(b.channel()));
            world.loop(0).execute(() -> pool.put(world.loop(0), a.channel()));
            world.loop(1).execute(() -> pool.put(world.loop(1), b.channel()));
            simulation.run();
            for (int i = 0; i < 2; i++) {
                int loop = i;
                world.loop(loop).execute(() -> {
                    Loops.rescue(world, (loop == 0 ? b : a).channel(), loop, 1 - loop);
                    MovableChannel taken = pool.take(world.loop(loop));
                    if (taken != null) {
                        assertThat(users).doesNotContain(taken);
                        users.add(taken);
                        simulation.point("used");
                        assertThat(taken.eventLoop().inEventLoop()).isTrue();
                        users.remove(taken);
                        taken.afterLeave(() -> {
                            if (!pool.put(world.loop(loop), taken)) {
                                taken.close();
                            }
                        });
                        taken.leave();
                    }
                });
            }
            simulation.thread("P", () -> a.peer().close());
            simulation.run();
            assertThat(world.failures()).isEmpty();
            assertThat(pool.figures().idle())
                    .isEqualTo((a.channel().isOpen() ? 1 : 0) + (b.channel().isOpen() ? 1 : 0));
            pool.close();
            simulation.run();
            b.peer().close();
            server.close();
            world.end();
        });
    }
}
