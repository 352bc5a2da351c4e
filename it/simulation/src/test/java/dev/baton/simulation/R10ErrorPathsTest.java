package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.epoll.EpollProvider;
import dev.baton.spi.posix.Errno;
import dev.baton.testkit.sim.Exploration;
import dev.baton.testkit.sim.SimNetwork;
import dev.baton.testkit.sim.SimServer;
import dev.baton.testkit.sim.Simulation;
import dev.baton.testkit.sim.World;
import io.netty.channel.ChannelFuture;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * R10 (e6ca435c0, 308c6881c, 8f6c0c32b): an error path closes a tracked fd raw, or twice, or not at all. An error at
 * each step of listen, accept and connect: nothing leaks, nothing is closed twice, what comes next works.
 */
class R10ErrorPathsTest {
    private static final int[] RESOURCES = {Errno.EMFILE, Errno.ENFILE, Errno.ENOBUFS, Errno.ENOMEM};

    @Test
    void listening() {
        for (String call : new String[] {"socket", "bind", "listen"}) {
            for (int errno : new int[] {Errno.EMFILE, Errno.EADDRINUSE, Errno.EACCES}) {
                Simulation simulation = Simulation.scripted();
                World world = new World(simulation, new EpollProvider(), 1);
                List<Integer> before = world.posix().open();
                Web web = new Web(world, 10);
                world.posix().faults().plan(call, 1, errno);
                try {
                    web.start();
                    throw new AssertionError("opened although " + call + " failed");
                } catch (UncheckedIOException expected) {
                    assertThat(expected).hasMessageContaining(Errno.name(errno));
                }
                assertThat(world.posix().open()).isEqualTo(before);
                // It can be tried again.
                web.start();
                simulation.thread("C", () -> assertThat(web.client("c")).isEqualTo("c"));
                simulation.run();
                web.finish();
                world.end();
            }
        }
    }

    @Test
    void connecting() {
        for (String call : new String[] {"socket", "connect", "epollCtl", "recv"}) {
            for (int errno : new int[] {Errno.EMFILE, Errno.ENOMEM, Errno.ENETUNREACH, Errno.ECONNREFUSED}) {
                Simulation simulation = Simulation.scripted();
                World world = new World(simulation, new EpollProvider(), 1);
                SimServer server = world.server();
                List<Integer> before = world.posix().open();
                world.posix().faults().plan(call, 1, errno);
                Recorder handler = new Recorder();
                ChannelFuture failing = world.connect(0, SimNetwork.address(World.PORT), handler);
                simulation.run();
                if (call.equals("recv")) {
                    server.accept().send("x");
                    simulation.run();
                    assertThat(handler.calls).containsExactly("error on L0", "inactive on L0");
                } else {
                    assertThat(failing.cause()).hasMessageContaining(Errno.name(errno));
                }
                assertThat(failing.channel().isOpen()).isFalse();
                assertThat(world.posix().open()).isEqualTo(before);
                server.close();
                world.end();
            }
        }
    }

    @Test
    void accepting() {
        int[] errnos = {
            Errno.EMFILE,
            Errno.ENFILE,
            Errno.ENOMEM,
            Errno.ECONNABORTED,
            Errno.EINTR,
            Errno.EHOSTUNREACH,
            Errno.ETIMEDOUT
        };
        for (int errno : errnos) {
            for (int nth = 1; nth <= 3; nth++) {
                Simulation simulation = Simulation.scripted();
                World world = new World(simulation, new EpollProvider(), 2);
                Web web = new Web(world, 10).start();
                world.posix().faults().plan("accept", nth, errno);
                for (int i = 0; i < 3; i++) {
                    String name = "c" + i;
                    simulation.thread(
                            "C" + i, () -> assertThat(web.client(name)).isEqualTo(name));
                }
                simulation.run();
                assertThat(web.listener().accepted()).isEqualTo(3);
                web.finish();
                world.end();
            }
        }
    }

    /**
     * Every call that may fail does so now and then, over and over. No EAGAIN of a send: a kernel that says so tells
     * later that there is room again.
     */
    @Test
    void anythingAtAnyTime() {
        Exploration.explore(5, simulation -> {
            World world = Loops.world(simulation, 2);
            Web web = new Web(world, 10).start();
            world.posix()
                    .faults()
                    .oneIn(6)
                    .random("accept", RESOURCES[0], Errno.ECONNABORTED, Errno.EINTR)
                    .random("recv", Errno.ECONNRESET, Errno.EINTR, Errno.ETIMEDOUT)
                    .random("send", Errno.EPIPE, Errno.ECONNRESET, Errno.EINTR)
                    .random("epollWait", Errno.EINTR)
                    .random("poll", Errno.EINTR)
                    .random("socket", RESOURCES)
                    .random("connect", Errno.ENETUNREACH);
            List<String> answers = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                String name = "c" + i;
                simulation.thread("C" + i, () -> answers.add(web.client(name)));
            }
            SimServer server = world.server();
            simulation.thread("U", () -> {
                for (int i = 0; i < 3; i++) {
                    world.connect(i % 2, SimNetwork.address(World.PORT), new Recorder());
                    simulation.point("next");
                }
            });
            simulation.run();
            assertThat(answers).hasSize(4);
            world.posix().faults().stop();
            server.close();
            simulation.run();
            web.finish();
            world.end();
        });
    }
}
