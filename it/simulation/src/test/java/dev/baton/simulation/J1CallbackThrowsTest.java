package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.epoll.EpollProvider;
import dev.baton.runtime.channel.MovableSocketChannel;
import dev.baton.runtime.fd.PluginHook;
import dev.baton.spi.fd.ClosedBy;
import dev.baton.spi.fd.FdHook;
import dev.baton.spi.fd.FdInfo;
import dev.baton.testkit.sim.SimNetwork;
import dev.baton.testkit.sim.SimPeer;
import dev.baton.testkit.sim.SimServer;
import dev.baton.testkit.sim.Simulation;
import dev.baton.testkit.sim.World;
import io.netty.buffer.AbstractByteBufAllocator;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/**
 * J1: a callback throws (OutOfMemoryError, StackOverflowError, LinkageError) and its claim is never given back. From
 * every kind of callback: the claim is back, the loop lives, another connection is served.
 */
class J1CallbackThrowsTest {
    private static final List<Supplier<Throwable>> ERRORS = List.of(
            () -> new OutOfMemoryError("planned"),
            () -> new StackOverflowError("planned"),
            () -> new LinkageError("planned"),
            () -> new IllegalStateException("planned"));

    @SuppressWarnings("unchecked")
    private static <T extends Throwable> void sneak(Throwable thrown) throws T {
        throw (T) thrown;
    }

    /** A handler that throws where it is told to. */
    private static final class Thrower extends Recorder {
        private final String where;
        private final Supplier<Throwable> error;

        Thrower(String where, Supplier<Throwable> error) {
            this.where = where;
            this.error = error;
        }

        private void at(String here) {
            if (here.equals(where)) {
                sneak(error.get());
            }
        }

        @Override
        public void handlerAdded(ChannelHandlerContext context) {
            at("handlerAdded");
        }

        @Override
        public void channelActive(ChannelHandlerContext context) {
            at("channelActive");
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) throws Exception {
            super.channelRead(context, message);
            at("channelRead");
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext context) {
            at("channelReadComplete");
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            super.channelInactive(context);
            at("channelInactive");
        }

        @Override
        public void handlerRemoved(ChannelHandlerContext context) {
            at("handlerRemoved");
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) throws Exception {
            at("exceptionCaught");
            super.exceptionCaught(context, cause);
        }
    }

    @Test
    void handlers() {
        for (String where : new String[] {
            "handlerAdded",
            "channelActive",
            "channelRead",
            "channelReadComplete",
            "channelInactive",
            "handlerRemoved",
            "exceptionCaught"
        }) {
            for (Supplier<Throwable> error : ERRORS) {
                run(where, new Thrower(where, error), channel -> {
                    if (where.equals("exceptionCaught")) {
                        channel.pipeline().fireExceptionCaught(new IllegalStateException("planned"));
                    }
                });
            }
        }
    }

    @Test
    void tasksTimersAndListeners() {
        for (Supplier<Throwable> error : ERRORS) {
            Map<String, Consumer<MovableSocketChannel>> callbacks = new TreeMap<>();
            callbacks.put("execute", channel -> channel.eventLoop().execute(() -> sneak(error.get())));
            callbacks.put("post", channel -> channel.post(() -> sneak(error.get())));
            callbacks.put("offer", channel -> channel.offer(() -> sneak(error.get())));
            callbacks.put(
                    "timer",
                    channel -> channel.eventLoop().schedule(() -> sneak(error.get()), 1, TimeUnit.MILLISECONDS));
            callbacks.put(
                    "listener", channel -> channel.newPromise().setSuccess().addListener(done -> sneak(error.get())));
            callbacks.put("close listener", channel -> channel.closeFuture().addListener(done -> sneak(error.get())));
            callbacks.put("after leave", channel -> {
                if (channel.tryEnter()) {
                    channel.afterLeave(() -> sneak(error.get()));
                    channel.leave();
                }
            });
            callbacks.forEach((name, callback) -> {
                World world = run(name, new Recorder(), callback);
                assertThat(world.failures()).as(name).hasSize(1);
            });
        }
    }

    /** On a connection of loop 0 something throws; its claim is back, and the loop serves the next one. */
    private static World run(String name, Recorder handler, Consumer<MovableSocketChannel> callback) {
        Simulation simulation = Simulation.scripted();
        World world = new World(simulation, new EpollProvider(), 1);
        world.expectErrors();
        SimServer server = world.server();
        ChannelFuture opened = world.connect(0, SimNetwork.address(World.PORT), handler);
        simulation.run();
        MovableSocketChannel channel = (MovableSocketChannel) opened.channel();
        SimPeer peer = server.tryAccept();
        if (peer != null) {
            peer.send("x");
            simulation.run();
        }
        world.loop(0).execute(() -> callback.accept(channel));
        simulation.pass(Duration.ofMillis(5));
        world.checkQuiet();
        assertThat(channel.isOpen())
                .as(name + " that failed")
                .isEqualTo(world.failures().isEmpty());
        channel.close();
        simulation.run();
        assertThat(channel.isOpen()).as(name).isFalse();
        if (channel.fd() != null) {
            assertThat(world.audit().closes(channel.fd())).as(name).isEqualTo(1);
        }
        Recorder next = new Recorder();
        World.Connection other = world.connected(server, 0, next);
        other.peer().send("y");
        simulation.run();
        assertThat(next.calls).as(name).containsExactly("read y on L0");
        other.peer().close();
        if (peer != null) {
            peer.close();
        }
        server.close();
        world.end();
        return world;
    }

    /** Not a callback's error but the runtime's own: no memory for what is to be read. */
    @Test
    void noMemoryToReadInto() {
        for (Supplier<Throwable> error : ERRORS) {
            Simulation simulation = Simulation.scripted();
            World world = new World(simulation, Loops.anyPoller(simulation), 2);
            world.expectErrors();
            SimServer server = world.server();
            Recorder handler = new Recorder();
            World.Connection connection = world.connected(server, 0, handler);
            connection.channel().config().setAllocator(new AbstractByteBufAllocator(true) {
                @Override
                public boolean isDirectBufferPooled() {
                    return false;
                }

                @Override
                protected ByteBuf newHeapBuffer(int initialCapacity, int maxCapacity) {
                    return newDirectBuffer(initialCapacity, maxCapacity);
                }

                @Override
                protected ByteBuf newDirectBuffer(int initialCapacity, int maxCapacity) {
                    sneak(error.get());
                    throw new AssertionError("thrown before");
                }
            });
            connection.peer().send("x");
            simulation.run();
            world.checkQuiet();
            assertThat(world.failures()).hasSize(1);
            assertThat(handler.calls).containsExactly("inactive on L0");
            assertThat(world.audit().closes(connection.fd())).isEqualTo(1);
            connection.peer().close();
            server.close();
            world.end();
        }
    }

    /** What a service throws costs its connection and nothing else. */
    @Test
    void services() {
        for (Supplier<Throwable> error : ERRORS) {
            Simulation simulation = Simulation.scripted();
            World world = new World(simulation, new EpollProvider(), 2);
            world.expectErrors();
            Web web = new Web(world, 10).start();
            boolean[] once = new boolean[1];
            web.initializing = connection -> {
                if (!once[0]) {
                    once[0] = true;
                    sneak(error.get());
                }
            };
            simulation.thread("C", () -> assertThat(web.client("c")).isEmpty());
            simulation.run();
            assertThat(web.listener().connections()).isZero();
            simulation.thread("D", () -> assertThat(web.client("d")).isEqualTo("d"));
            simulation.run();
            assertThat(world.failures()).hasSize(1);
            web.finish();
            world.end();
        }
    }

    /** What a hook throws costs nothing: no fd, and no other hook's turn. */
    @Test
    void hooks() {
        for (Supplier<Throwable> error : ERRORS) {
            Simulation simulation = Simulation.scripted();
            World world = new World(simulation, new EpollProvider(), 2);
            FdHook thrower = new FdHook() {
                @Override
                public void inserted(FdInfo fd) {
                    sneak(error.get());
                }

                @Override
                public void takenOver(FdInfo fd, int victim, int thief) {
                    sneak(error.get());
                }

                @Override
                public void orphaned(FdInfo fd) {
                    sneak(error.get());
                }

                @Override
                public void closed(FdInfo fd, ClosedBy by) {
                    sneak(error.get());
                }
            };
            List<Throwable> counted = new ArrayList<>();
            world.hooks()
                    .set(
                            List.of(new PluginHook("thrower", thrower), new PluginHook("audit", world.audit())),
                            (plugin, cause) -> counted.add(cause));
            SimServer server = world.server();
            Recorder handler = new Recorder();
            World.Connection connection = world.connected(server, 0, handler);
            world.loop(1).execute(() -> Loops.takeAndDelete(world, connection.channel(), 1));
            simulation.run();
            assertThat(counted).hasSize(4);
            assertThat(handler.calls).containsExactly("inactive on L1");
            assertThat(world.audit().of(connection.fd()))
                    .containsExactly("taken from 0 by 1", "orphaned", "closed by leaver");
            connection.peer().close();
            server.close();
            world.end();
        }
    }
}
