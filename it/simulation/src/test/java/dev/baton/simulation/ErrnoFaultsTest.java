package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.epoll.EpollProvider;
import dev.baton.plugin.poll.PollProvider;
import dev.baton.spi.poller.PollerProvider;
import dev.baton.spi.posix.Errno;
import dev.baton.testkit.sim.Faults;
import dev.baton.testkit.sim.SimNetwork;
import dev.baton.testkit.sim.SimPeer;
import dev.baton.testkit.sim.SimServer;
import dev.baton.testkit.sim.Simulation;
import dev.baton.testkit.sim.World;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFuture;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Each error number at each system call of a day in the life of a process: listen, accept, read and write, connect,
 * take over, write until the socket is full, unbind. The nth call of a kind fails, once, for each n that there is.
 * Whatever came of that day: nothing leaks, nothing is closed twice, nothing spins, and the day after everything works.
 */
class ErrnoFaultsTest {
    /** Much more than a day needs: a loop that spins, or a pause that is none, has no end. */
    private static final int STEPS_TIMES = 20;

    /** Beyond so many calls of a kind they are the turns of loops that have nothing to do. */
    private static final int CALLS_MAX = 60;

    /** Longer than a listener's pause. */
    private static final Duration A_WHILE = Duration.ofSeconds(2);

    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(60);
    private static final Duration PATIENCE = Duration.ofMillis(100);

    /**
     * What a call may answer. No EAGAIN of accept and recv, which would be a lie: with edges nobody would look again;
     * and of epoll_ctl's removals only what the kernel has for them.
     */
    private static final Map<String, int[]> ERRNOS = new LinkedHashMap<>();

    static {
        ERRNOS.put("socket", new int[] {Errno.EMFILE, Errno.ENFILE, Errno.ENOBUFS, Errno.ENOMEM, Errno.EACCES});
        ERRNOS.put("setIntOption", new int[] {Errno.ENOPROTOOPT, Errno.EINVAL, Errno.ENOMEM});
        ERRNOS.put("intOption", new int[] {Errno.ENOMEM, Errno.ECONNREFUSED, Errno.ETIMEDOUT, Errno.EBADF});
        ERRNOS.put("bind", new int[] {Errno.EADDRINUSE, Errno.EACCES, Errno.EADDRNOTAVAIL, Errno.ENOMEM});
        ERRNOS.put("listen", new int[] {Errno.EADDRINUSE, Errno.EOPNOTSUPP});
        ERRNOS.put("localAddress", new int[] {Errno.ENOBUFS, Errno.ENOTCONN});
        ERRNOS.put("accept", new int[] {
            Errno.EMFILE,
            Errno.ENFILE,
            Errno.ENOBUFS,
            Errno.ENOMEM,
            Errno.ECONNABORTED,
            Errno.EINTR,
            Errno.ETIMEDOUT,
            Errno.EPERM
        });
        ERRNOS.put("connect", new int[] {
            Errno.ECONNREFUSED,
            Errno.ENETUNREACH,
            Errno.ETIMEDOUT,
            Errno.EINTR,
            Errno.EADDRNOTAVAIL,
            Errno.EPERM,
            Errno.ENOBUFS
        });
        ERRNOS.put("recv", new int[] {Errno.EINTR, Errno.ECONNRESET, Errno.ETIMEDOUT, Errno.ENOMEM, Errno.EBADF});
        int[] sending = {
            Errno.EINTR, Errno.EAGAIN, Errno.EPIPE, Errno.ECONNRESET, Errno.ENOBUFS, Errno.ENOMEM, Errno.EBADF
        };
        ERRNOS.put("send", sending);
        ERRNOS.put("sendGather", sending);
        ERRNOS.put("epollCtl.add", new int[] {Errno.ENOSPC, Errno.ENOMEM, Errno.EPERM, Errno.EBADF, Errno.EEXIST});
        ERRNOS.put("epollCtl.modify", new int[] {Errno.ENOENT, Errno.ENOMEM, Errno.EBADF});
        ERRNOS.put("epollCtl.delete", new int[] {Errno.ENOENT, Errno.EBADF, Errno.EPERM});
        ERRNOS.put("epollWait", new int[] {Errno.EINTR, Errno.EBADF, Errno.ENOMEM});
        ERRNOS.put("poll", new int[] {Errno.EINTR, Errno.ENOMEM});
        ERRNOS.put("shutdown", new int[] {Errno.ENOTCONN, Errno.ENOBUFS});
        ERRNOS.put("close", new int[] {Errno.EINTR, Errno.EIO, Errno.ENOSPC});
    }

    private enum Kind {
        EPOLL,
        POLL;

        PollerProvider provider() {
            return this == EPOLL ? new EpollProvider() : new PollProvider();
        }
    }

    static Stream<Arguments> calls() {
        return Arrays.stream(Kind.values())
                .flatMap(kind -> ERRNOS.keySet().stream()
                        .filter(call -> kind == Kind.EPOLL ? !call.equals("poll") : !call.startsWith("epoll"))
                        .map(call -> Arguments.of(kind, call)));
    }

    @ParameterizedTest
    @MethodSource("calls")
    void anyCallMayFail(Kind kind, String call) {
        Day without = new Day(kind);
        without.live();
        int calls = Math.min(CALLS_MAX, without.calls(call));
        assertThat(calls).as("a day has such calls").isPositive();
        without.end();
        int steps = without.simulation.steps();
        for (int errno : Objects.requireNonNull(ERRNOS.get(call))) {
            for (int nth = 1; nth <= calls; nth++) {
                String what = call + " number " + nth + " answers " + Errno.name(errno);
                Day day = new Day(kind);
                try {
                    day.faults.plan(call, nth, errno);
                    day.live();
                    assertThat(day.calls(call)).isGreaterThanOrEqualTo(nth);
                    day.faults.stop();
                    day.theDayAfter();
                    day.end();
                } catch (Throwable t) { // an assertion of the kit's too
                    throw new AssertionError(what + ": " + t.getMessage(), t);
                }
                assertThat(day.simulation.steps()).as(what).isLessThan(STEPS_TIMES * steps);
            }
        }
    }

    /** Everything that a process does, in an order that is always the same. */
    private static final class Day {
        final Simulation simulation = Simulation.scripted();
        final World world;
        final Faults faults;
        final SimServer server;
        private final Map<String, Integer> before = new LinkedHashMap<>();
        private final Web web;
        private boolean bound;

        Day(Kind kind) {
            world = new World(simulation, kind.provider(), 2);
            world.expectErrors();
            world.posix().bufferSize(64);
            faults = world.posix().faults();
            server = world.server();
            web = new Web(world, 10);
            simulation.run();
            ERRNOS.keySet().forEach(call -> before.put(call, faults.calls(call)));
        }

        int calls(String call) {
            return faults.calls(call) - Objects.requireNonNull(before.get(call));
        }

        void live() {
            bound = bind();
            simulation.thread("A", () -> client("a"));
            simulation.thread("B", () -> client("b"));
            simulation.run();
            upstream();
            simulation.pass(A_WHILE);
            if (bound) {
                web.finish();
            }
            simulation.pass(A_WHILE);
            world.checkQuiet();
        }

        private boolean bind() {
            try {
                web.start();
                return true;
            } catch (UncheckedIOException refused) {
                assertThat(world.network().isBound(web.address())).isFalse();
                return false;
            }
        }

        /** Is served, or cut, or gives up. */
        private void client(String name) {
            SimPeer peer = world.network().tryConnect(web.address());
            if (peer == null) {
                return;
            }
            peer.send(name);
            String answer = "";
            for (int i = 0; i < 30 && answer.isEmpty() && !peer.sawEnd(); i++) {
                simulation.sleep(PATIENCE);
                answer = peer.received();
            }
            assertThat(answer).isIn("", name);
            peer.close();
        }

        private void upstream() {
            ChannelFuture opened = world.connect(0, SimNetwork.address(World.PORT), new Recorder());
            simulation.run();
            if (!opened.isDone()) {
                simulation.pass(CONNECT_TIMEOUT);
            }
            assertThat(opened.isDone()).isTrue();
            var channel = (dev.baton.runtime.channel.MovableSocketChannel) opened.channel();
            assertThat(channel.isOpen()).isEqualTo(opened.isSuccess() && channel.isActive());
            SimPeer peer = server.tryAccept();
            if (peer != null) {
                peer.send("x");
            }
            write(channel, 1, 20);
            world.loop(1).execute(() -> Loops.take(world, channel, 1));
            simulation.run();
            write(channel, 1, 100);
            write(channel, 3, 30);
            for (int i = 0; i < 6 && peer != null; i++) {
                peer.received();
                simulation.run();
            }
            channel.shutdownOutput();
            simulation.run();
            channel.close();
            simulation.run();
            assertThat(channel.isOpen()).isFalse();
            if (peer != null) {
                peer.close();
            }
        }

        private void write(dev.baton.runtime.channel.MovableSocketChannel channel, int buffers, int bytes) {
            for (int i = 0; i < buffers; i++) {
                ByteBuf buffer = channel.alloc().directBuffer(bytes);
                channel.write(buffer.writeZero(bytes));
            }
            channel.flush();
            simulation.run();
        }

        /** The same loops and the same port, and no fault any more. */
        void theDayAfter() {
            world.failures().clear();
            Web next = web.again();
            simulation.thread("C", () -> assertThat(web.client("c")).isEqualTo("c"));
            simulation.thread("D", () -> assertThat(web.client("d")).isEqualTo("d"));
            simulation.run();
            for (int loop = 0; loop < 2; loop++) {
                Recorder handler = new Recorder();
                while (server.tryAccept() != null) {
                    // Left of the day before: its other end is closed.
                }
                World.Connection connection = world.connected(server, loop, handler);
                connection.peer().send("y");
                simulation.run();
                assertThat(handler.calls).containsExactly("read y on L" + loop);
                connection.peer().close();
                simulation.run();
            }
            next.finish();
            assertThat(world.failures()).isEmpty();
        }

        void end() {
            server.close();
            world.end();
        }
    }
}
