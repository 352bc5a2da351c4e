package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.epoll.EpollProvider;
import dev.baton.runtime.fd.FdTable;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.poller.Interest;
import dev.baton.testkit.sim.SimServer;
import dev.baton.testkit.sim.Simulation;
import dev.baton.testkit.sim.World;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * J5: a plugin keeps a bare int and hits whoever has the number now. Handles carry their generation: with one of a
 * former generation every operation is refused and the present one is not touched.
 */
class J5HandlesTest {

    @Test
    void anOldHandleDoesNothing() {
        Simulation simulation = Simulation.scripted();
        World world = new World(simulation, new EpollProvider(), 2);
        SimServer server = world.server();
        World.Connection first = world.connected(server, 0, new Recorder());
        first.peer().close();
        simulation.run();
        Recorder handler = new Recorder();
        World.Connection second = world.connected(server, 0, handler);
        Fd old = first.fd();
        assertThat(second.fd()).isEqualTo(new Fd(old.number(), old.generation() + 1));
        List<Object> results = new ArrayList<>();
        world.loop(1).execute(() -> {
            results.add(world.table().fdTakeover(old, 1, FdTable.ANY_VICTIM) == FdTable.GONE);
            results.add(world.table().enter(old.number(), old.generation(), 1) == FdTable.Entry.STALE);
            results.add(world.table().fdDelete(old));
            results.add(world.table().fdDisown(old));
            world.table().heldElsewhere(old);
            results.add(world.table().owner(old) == FdTable.GONE);
            results.add(world.table().isLive(old));
            results.add(first.channel().takeover(world.loop(1)));
        });
        simulation.run();
        assertThat(results).hasToString("[true, true, false, false, true, false, GONE]");
        // The channel of the old generation reads, writes and polls nothing.
        int calls = world.posix().faults().calls("send");
        world.loop(0)
                .execute(() -> first.channel()
                        .writeAndFlush(first.channel().alloc().buffer().writeByte(1)));
        world.loop(0).execute(() -> first.channel().read());
        world.loop(0).execute(() -> first.channel().shutdownOutput());
        simulation.run();
        assertThat(world.posix().faults().calls("send")).isEqualTo(calls);
        assertThat(world.posix().faults().calls("shutdown")).isZero();
        second.peer().send("x");
        simulation.run();
        assertThat(handler.calls).containsExactly("read x on L0");
        assertThat(world.loop(0).poller().modify(second.fd(), Interest.IN)).isZero();
        simulation.run();
        second.peer().close();
        server.close();
        world.end();
    }
}
