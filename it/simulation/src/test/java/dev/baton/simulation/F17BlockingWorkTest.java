package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.runtime.blocking.BlockingCall;
import dev.baton.runtime.blocking.WorkerPool;
import dev.baton.runtime.blocking.WorkerThreads;
import dev.baton.runtime.blocking.Workers;
import dev.baton.runtime.metrics.Meters;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.service.BlockingWork;
import dev.baton.testkit.sim.Exploration;
import dev.baton.testkit.sim.SimServer;
import dev.baton.testkit.sim.SimulatedWorkers;
import dev.baton.testkit.sim.Simulation;
import dev.baton.testkit.sim.World;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.Test;

/**
 * F17: a connection is taken over, rescued or closed while it waits for blocking work: the result is told twice, never,
 * or without the claim; what comes meanwhile is lost, or comes too early.
 */
class F17BlockingWorkTest {

    private enum End {
        NONE,
        OUTPUT,
        CLOSE,
        RESET
    }

    /** Fires each character that was read. */
    private static final class Characters extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            String text = ((ByteBuf) message).toString(StandardCharsets.UTF_8);
            ((ByteBuf) message).release();
            text.chars().forEach(each -> context.fireChannelRead(String.valueOf((char) each)));
        }
    }

    /**
     * Passes on what was read when the read is complete: what waits then does so in the turn that may also read the
     * end.
     */
    private static final class AtTheEnd extends ChannelInboundHandlerAdapter {
        private final List<Object> read = new ArrayList<>();

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            read.add(message);
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext context) {
            List<Object> whole = List.copyOf(read);
            read.clear();
            whole.forEach(context::fireChannelRead);
            context.fireChannelReadComplete();
        }
    }

    /** Has each character worked on, and passes the result on. */
    private static final class Asking extends ChannelInboundHandlerAdapter {
        final List<String> told = new ArrayList<>();
        private final WorkerPool pool;
        private boolean waits;
        private int refused;

        Asking(WorkerPool pool) {
            this.pool = pool;
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            assertThat(waits).as("%s comes while the handler waits", message).isFalse();
            waits = true;
            BlockingCall.make(
                    pool,
                    context,
                    () -> {
                        assertThat(context.executor().inEventLoop()).isFalse();
                        return message.toString().toUpperCase(Locale.ROOT);
                    },
                    text -> tell(context, text),
                    failure -> {
                        assertThat(failure).isInstanceOfAny(RejectedExecutionException.class, StackOverflowError.class);
                        refused++;
                        tell(context, message.toString().toUpperCase(Locale.ROOT));
                    });
        }

        private void tell(ChannelHandlerContext context, String text) {
            assertThat(context.executor().inEventLoop()).isTrue();
            assertThat(context.channel().isOpen()).isTrue();
            waits = false;
            told.add(text);
            context.fireChannelRead(text);
        }
    }

    /** Has all characters worked on at once, and wants to hear nothing of "b". */
    private static final class AskingAtOnce extends ChannelInboundHandlerAdapter {
        final List<String> told = new ArrayList<>();
        private final WorkerPool pool;

        AskingAtOnce(WorkerPool pool) {
            this.pool = pool;
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            BlockingWork work = BlockingCall.beside(
                    pool,
                    (MovableChannel) context.channel(),
                    () -> {
                        assertThat(context.executor().inEventLoop()).isFalse();
                        return message.toString().toUpperCase(Locale.ROOT);
                    },
                    text -> tell(context, text),
                    failure -> tell(context, failure.toString()));
            if (message.equals("b")) {
                work.leaveOut();
                work.leaveOut();
            }
        }

        private void tell(ChannelHandlerContext context, String text) {
            assertThat(context.executor().inEventLoop()).isTrue();
            assertThat(context.channel().isOpen()).isTrue();
            told.add(text);
        }
    }

    /** Makes what reports it fail, too. */
    private static final class Unprintable extends Error {
        private static final long serialVersionUID = 1;

        @Override
        public String getMessage() {
            throw new StackOverflowError();
        }
    }

    /** Threads that cannot always be had. */
    private record SomeFail(Simulation simulation, WorkerThreads threads) implements WorkerThreads {
        SomeFail(Simulation simulation) {
            this(simulation, new SimulatedWorkers(simulation));
        }

        @Override
        public void start(String name, Runnable task) {
            switch (simulation.pick(4)) {
                case 0 -> throw new OutOfMemoryError("unable to create native thread");
                case 1 -> throw new Unprintable();
                default -> threads.start(name, task);
            }
        }

        @Override
        public int usual() {
            return threads.usual();
        }

        @Override
        public void beforeWork() {
            threads.beforeWork();
        }
    }

    @Test
    void eachResultIsToldOnceAndInOrder() {
        Exploration.explore(simulation -> run(simulation, false, new SimulatedWorkers(simulation)));
    }

    @Test
    void eachResultIsToldOnceAndInOrderWhenAskedForAtTheEndOfARead() {
        Exploration.explore(simulation -> run(simulation, true, new SimulatedWorkers(simulation)));
    }

    @Test
    void whatHasNoThreadIsRefusedOnceAndInOrder() {
        Exploration.explore(simulation -> run(simulation, false, new SomeFail(simulation)));
    }

    @Test
    void eachResultOfThoseBesideEachOtherIsToldOnce() {
        Exploration.explore(simulation -> {
            World world = Loops.world(simulation, 2);
            SimServer server = world.server();
            WorkerPool pool = new Workers(2, 10, new SimulatedWorkers(simulation), new Meters()).of("test");
            AskingAtOnce asking = new AskingAtOnce(pool);
            World.Connection connection = world.connected(server, 0, new ChannelInitializer<>() {
                @Override
                protected void initChannel(io.netty.channel.Channel channel) {
                    channel.pipeline().addLast(new Characters(), asking);
                }
            });
            boolean closes = simulation.pick(2) == 0;
            simulation.thread("P", () -> {
                connection.peer().send("ab");
                connection.peer().send("c");
                if (closes) {
                    connection.peer().close();
                }
            });
            moves(simulation, world, connection);
            simulation.run();
            simulation.pass(Duration.ofSeconds(2));
            if (closes) {
                assertThat(asking.told).doesNotHaveDuplicates().isSubsetOf("A", "C");
            } else {
                assertThat(asking.told).containsExactlyInAnyOrder("A", "C");
            }
            assertThat(connection.channel().isOpen()).isNotEqualTo(closes);
            connection.peer().close();
            server.close();
            world.end();
        });
    }

    /** Two loops take the connection from each other. */
    private static void moves(Simulation simulation, World world, World.Connection connection) {
        simulation.thread("T", () -> {
            for (int i = 1; i <= 4; i++) {
                int thief = i % 2;
                boolean rescue = simulation.pick(2) == 0;
                world.loop(thief).execute(() -> {
                    if (rescue) {
                        Loops.rescue(world, connection.channel(), thief, 1 - thief);
                    } else {
                        Loops.take(world, connection.channel(), thief);
                    }
                });
                simulation.sleep(Duration.ofMillis(simulation.pick(3)));
            }
        });
    }

    private static void run(Simulation simulation, boolean atTheEnd, WorkerThreads threads) {
        World world = Loops.world(simulation, 2);
        SimServer server = world.server();
        WorkerPool pool = new Workers(2, 10, threads, new Meters()).of("test");
        Asking first = new Asking(pool);
        Asking asking = new Asking(pool);
        World.Connection connection = world.connected(server, 0, new ChannelInitializer<>() {
            @Override
            protected void initChannel(io.netty.channel.Channel channel) {
                channel.pipeline().addLast(new Characters());
                if (atTheEnd) {
                    channel.pipeline().addLast(new AtTheEnd());
                }
                channel.pipeline().addLast(first, asking);
            }
        });
        End end = End.values()[simulation.pick(End.values().length)];
        simulation.thread("P", () -> {
            connection.peer().send("ab");
            connection.peer().send("c");
            simulation.sleep(Duration.ofMillis(5L * simulation.pick(2)));
            switch (end) {
                case NONE -> {}
                case OUTPUT -> connection.peer().shutdownOutput();
                case CLOSE -> connection.peer().close();
                case RESET -> connection.peer().reset();
            }
        });
        moves(simulation, world, connection);
        simulation.run();
        simulation.pass(Duration.ofSeconds(2));
        if (end == End.RESET) {
            assertThat("ABC").startsWith(String.join("", asking.told));
        } else {
            assertThat(asking.told).containsExactly("A", "B", "C");
        }
        if (threads instanceof SimulatedWorkers) {
            assertThat(first.refused + asking.refused).isZero();
        }
        assertThat(connection.channel().isOpen()).as("%s", end).isEqualTo(end == End.NONE);
        connection.peer().close();
        server.close();
        world.end();
    }
}
