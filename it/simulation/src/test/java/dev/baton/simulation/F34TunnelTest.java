package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.runtime.channel.MovableSocketChannel;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.channel.SpliceListener;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.fd.FdKind;
import dev.baton.spi.posix.Errno;
import dev.baton.testkit.sim.Exploration;
import dev.baton.testkit.sim.SimPeer;
import dev.baton.testkit.sim.SimServer;
import dev.baton.testkit.sim.Simulation;
import dev.baton.testkit.sim.World;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/**
 * F34: bytes that the kernel passes from one connection to another are lost, doubled or overtaken, or a stream stands
 * still, because either end changes its loop, an end has no room, a call fails, or an fd is deleted while bytes are in
 * the pipe; or a pipe's number is closed twice or under its user.
 *
 * <p>Two connections pass on what comes, in both directions at once, through sockets that hold less than is sent. What
 * is read is posted, which keeps the order and nothing else.
 */
class F34TunnelTest {
    private static final int LOOPS = 3;
    private static final int BYTES = 1_500;
    private static final int BUFFER = 96;
    private static final Duration TICK = Duration.ofNanos(50_000);

    /** What may go wrong without an end of the stream. */
    private static final int[] HARMLESS = {Errno.EINTR, Errno.EINVAL, Errno.ENOMEM, Errno.ENOSYS};

    private static final int[] DEADLY = {Errno.EINTR, Errno.ECONNRESET, Errno.EPIPE, Errno.EIO, Errno.EBADF};

    @Test
    void shouldLoseAndDoubleNoByteWhereverTheEndsAre() {
        long[] spliced = {0};
        Exploration.explore(4, simulation -> {
            Stream stream = new Stream(simulation);
            stream.moves();
            stream.runs();
            spliced[0] += stream.endsWhole();
        });
        assertThat(spliced[0]).as("bytes that went through a pipe").isPositive();
    }

    @Test
    void shouldGoOnByReadingWhereTheKernelDoesNotPassBytesOn() {
        Exploration.explore(4, simulation -> {
            Stream stream = new Stream(simulation);
            stream.world
                    .posix()
                    .faults()
                    .random("splice", HARMLESS)
                    .random("readPipe", Errno.EINTR)
                    .random("pipe", Errno.EMFILE, Errno.ENFILE)
                    .oneIn(2 + simulation.pick(20));
            stream.moves();
            stream.runs();
            stream.endsWhole();
        });
    }

    @Test
    void shouldEndTheStreamWhenASpliceFails() {
        Exploration.explore(4, simulation -> {
            Stream stream = new Stream(simulation);
            stream.world
                    .posix()
                    .faults()
                    .random("splice", DEADLY)
                    .random("readPipe", Errno.EIO)
                    .oneIn(3 + simulation.pick(30));
            stream.moves();
            stream.runs();
            stream.endsAnyhow();
        });
    }

    /** Also either end of a pipe, whose number must not become another's while it is used. */
    @Test
    void shouldLeaveNothingWhenAnyFdIsDeletedAtAnyMoment() {
        Exploration.explore(4, simulation -> {
            Stream stream = new Stream(simulation);
            stream.moves();
            int delay = simulation.pick(40);
            boolean pipes = simulation.pick(2) == 0;
            simulation.thread("D", () -> {
                for (int i = 0; i < delay; i++) {
                    simulation.sleep(TICK);
                }
                stream.delete(pipes);
            });
            stream.runs();
            if (pipes) {
                stream.endsWhole();
            } else {
                stream.endsAnyhow();
            }
        });
    }

    @Test
    void shouldPassNothingOnWhereAnotherHandlerCouldSeeIt() {
        Exploration.explore(20, simulation -> {
            Stream stream = new Stream(simulation);
            stream.left.pipeline().addFirst(new ChannelInboundHandlerAdapter());
            stream.runs();
            assertThat(stream.world.posix().faults().calls("splice")).isZero();
            stream.endsWhole();
        });
    }

    /** Two connections that pass bytes on to each other, and who is at their other ends. */
    private static final class Stream {
        final Simulation simulation;
        final World world;
        final MovableSocketChannel left;
        final MovableSocketChannel right;
        final SimServer server;
        final SimPeer leftPeer;
        final SimPeer rightPeer;
        final List<Byte> leftHeard = new ArrayList<>();
        final List<Byte> rightHeard = new ArrayList<>();
        private final long[] taken = {0};
        private final long[] passed = {0};
        private final int[] running = {2};

        Stream(Simulation simulation) {
            this.simulation = simulation;
            world = Loops.world(simulation, LOOPS);
            world.expectErrors();
            world.posix().bufferSize(BUFFER);
            server = world.server();
            Pass leftPass = new Pass();
            Pass rightPass = new Pass();
            World.Connection one = world.connected(server, 0, leftPass);
            World.Connection other = world.connected(server, 0, rightPass);
            left = one.channel();
            right = other.channel();
            leftPeer = one.peer();
            rightPeer = other.peer();
            left.eventLoop().execute(() -> leftPass.begin(left, right));
            right.eventLoop().execute(() -> rightPass.begin(right, left));
            simulation.run();
        }

        /**
         * Takes the ends to other loops, again and again, apart and together; as a rescue does it, too, which brings
         * along what is queued.
         */
        void moves() {
            simulation.thread("M", () -> {
                while (running[0] > 0) {
                    int thief = simulation.pick(LOOPS);
                    boolean together = simulation.pick(3) == 0;
                    boolean leftFirst = simulation.pick(2) == 0;
                    move(leftFirst ? left : right, thief);
                    if (together) { // only then may the kernel pass bytes on
                        move(leftFirst ? right : left, thief);
                    }
                    simulation.sleep(TICK.multipliedBy(1 + simulation.pick(20)));
                }
            });
        }

        private void move(MovableSocketChannel taken, int thief) {
            boolean rescue = simulation.pick(2) == 0;
            world.loop(thief).execute(() -> {
                int owner = taken.loop().id();
                if (!taken.isOpen() || owner == thief) {
                    return;
                }
                if (rescue) {
                    Loops.rescue(world, taken, thief, owner);
                } else {
                    Loops.take(world, taken, thief);
                }
            });
        }

        void runs() {
            simulation.thread("A", () -> speak(leftPeer, leftHeard));
            simulation.thread("B", () -> speak(rightPeer, rightHeard));
            simulation.run();
        }

        private static byte byteAt(int index) {
            return (byte) (index * 31 + (index >> 8));
        }

        /** Sends all, ends its side, and receives until the end. */
        private void speak(SimPeer peer, List<Byte> heard) {
            int sent = 0;
            boolean ended = false;
            boolean heardAll = false;
            byte[] chunk = new byte[BUFFER];
            while (!ended || !heardAll) {
                if (sent < BYTES) {
                    int result = peer.trySend(piece(sent));
                    if (result < 0 && result != -Errno.EAGAIN) {
                        break; // broken
                    }
                    sent += Math.max(0, result);
                } else if (!ended) {
                    ended = true;
                    peer.shutdownOutput();
                }
                boolean reads = !heardAll && simulation.pick(3) > 0; // slow now and then
                int count = reads ? peer.tryReceive(chunk) : -Errno.EAGAIN;
                for (int i = 0; i < count; i++) {
                    heard.add(chunk[i]);
                }
                heardAll |= count == 0;
                if (count < 0 && count != -Errno.EAGAIN) {
                    break; // broken
                }
                simulation.sleep(TICK);
            }
            running[0]--;
        }

        private byte[] piece(int from) {
            byte[] piece = new byte[Math.min(BYTES - from, 1 + simulation.pick(2 * BUFFER))];
            for (int i = 0; i < piece.length; i++) {
                piece[i] = byteAt(from + i);
            }
            return piece;
        }

        void delete(boolean pipes) {
            if (!pipes) {
                world.table().fdDelete(Objects.requireNonNull((simulation.pick(2) == 0 ? left : right).fd()));
                return;
            }
            List<Fd> found = new ArrayList<>();
            world.table().forEach(each -> {
                if (each.kind() == FdKind.PIPE) {
                    found.add(each.fd());
                }
            });
            for (Fd each : found) {
                world.table().fdDelete(each);
                int other = world.posix().openOther(); // takes the number, if it was closed under its user
                simulation.point("other opened");
                world.posix().closeOther(other);
            }
        }

        /** Every byte of both directions, and both ends. Returns how many bytes have gone through pipes. */
        long endsWhole() {
            check(leftHeard, BYTES);
            check(rightHeard, BYTES);
            assertThat(passed[0]).isEqualTo(taken[0]);
            long through = world.env().pipes().bytes();
            end();
            return through;
        }

        /** Nothing that was not sent, and nothing is left. */
        void endsAnyhow() {
            check(leftHeard, leftHeard.size());
            check(rightHeard, rightHeard.size());
            assertThat(passed[0]).isLessThanOrEqualTo(taken[0]);
            end();
        }

        private static void check(List<Byte> heard, int bytes) {
            assertThat(heard).hasSize(bytes);
            for (int i = 0; i < bytes; i++) {
                assertThat(heard.get(i)).as("byte %d", i).isEqualTo(byteAt(i));
            }
        }

        private void end() {
            world.posix().faults().stop();
            left.close();
            right.close();
            leftPeer.close();
            rightPeer.close();
            simulation.run();
            assertThat(world.env().pipes().open()).as("pipes").isZero();
            server.close();
            world.end();
        }

        /** Writes what it reads to the other connection. */
        private final class Pass extends ChannelInboundHandlerAdapter {
            private MovableChannel to;

            @SuppressWarnings("NullAway.Init")
            Pass() {}

            void begin(MovableChannel from, MovableChannel target) {
                to = target;
                from.config().setAllowHalfClosure(true);
                from.config().setOption(MovableChannel.READ_TO_END, false);
                from.config().setSoLinger(0);
                from.spliceTo(target, 1 + simulation.pick(100), new SpliceListener() {
                    @Override
                    public void taken(int bytes) {
                        assertThat(from.eventLoop().inEventLoop()).isTrue();
                        taken[0] += bytes;
                    }

                    @Override
                    public void passed(int bytes) {
                        assertThat(target.eventLoop().inEventLoop()).isTrue();
                        passed[0] += bytes;
                    }
                });
            }

            @Override
            public void channelRead(ChannelHandlerContext context, Object message) {
                ByteBuf bytes = (ByteBuf) message;
                to.post(() -> to.writeAndFlush(bytes));
            }

            @Override
            public void userEventTriggered(ChannelHandlerContext context, Object event) {
                if (event instanceof ChannelInputShutdownEvent) {
                    to.post(() -> to.writeAndFlush(Unpooled.EMPTY_BUFFER)
                            .addListener((ChannelFutureListener) written -> to.shutdownOutput()));
                }
            }

            @Override
            public void channelInactive(ChannelHandlerContext context) {
                to.post(to::close);
            }

            @Override
            public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
                assertThat(cause).isInstanceOf(IOException.class);
                context.close();
            }
        }
    }
}
