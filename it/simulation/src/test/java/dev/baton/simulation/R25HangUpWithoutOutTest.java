package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.runtime.channel.MovableSocketChannel;
import dev.baton.spi.poller.Interest;
import dev.baton.testkit.sim.FakePoller;
import dev.baton.testkit.sim.SimNetwork;
import dev.baton.testkit.sim.SimServer;
import dev.baton.testkit.sim.Simulation;
import dev.baton.testkit.sim.World;
import io.netty.channel.ChannelFuture;
import java.net.ConnectException;
import org.junit.jupiter.api.Test;

/**
 * R25 (5a9c637bf): a poller reports HUP without OUT while a connection is being opened: the connect hangs, or spins.
 */
class R25HangUpWithoutOutTest {

    @Test
    void aHangUpAloneEndsAConnect() {
        for (boolean edges : new boolean[] {true, false}) {
            for (int ready :
                    new int[] {Interest.ERROR, Interest.ERROR | Interest.IN, Interest.ERROR | Interest.RDHUP}) {
                Simulation simulation = Simulation.scripted();
                FakePoller.Provider pollers = new FakePoller.Provider(simulation, edges);
                World world = new World(simulation, pollers, 1);
                ChannelFuture refused = world.connect(0, SimNetwork.address(World.PORT), new Recorder());
                simulation.run();
                MovableSocketChannel channel = (MovableSocketChannel) refused.channel();
                assertThat(refused.isDone()).isFalse();
                pollers.of(0).emit(channel.fd(), ready);
                simulation.run();
                assertThat(refused.cause()).isInstanceOf(ConnectException.class);
                assertThat(world.audit().closes(channel.fd())).isEqualTo(1);
                world.end();
            }
        }
    }

    /** A connection that is up although a hang-up was told is up; the read tells the rest. */
    @Test
    void aConnectThatHadSucceededSucceeds() {
        Simulation simulation = Simulation.scripted();
        FakePoller.Provider pollers = new FakePoller.Provider(simulation, true);
        World world = new World(simulation, pollers, 1);
        SimServer server = world.server();
        Recorder handler = new Recorder();
        ChannelFuture connecting = world.connect(0, SimNetwork.address(World.PORT), handler);
        simulation.run();
        server.accept().close();
        MovableSocketChannel channel = (MovableSocketChannel) connecting.channel();
        pollers.of(0).emit(channel.fd(), Interest.ERROR | Interest.RDHUP);
        pollers.of(0).emit(channel.fd(), Interest.ERROR | Interest.RDHUP);
        simulation.run();
        assertThat(connecting.isSuccess()).isTrue();
        assertThat(handler.calls).containsExactly("inactive on L0");
        server.close();
        world.end();
    }
}
