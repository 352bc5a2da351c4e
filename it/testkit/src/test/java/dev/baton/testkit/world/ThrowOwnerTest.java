package dev.baton.testkit.world;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import dev.baton.spi.Plugin;
import dev.baton.spi.PluginBinder;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.service.Service;
import dev.baton.spi.service.ServiceContext;
import dev.baton.spi.service.ServiceFactory;
import dev.baton.testkit.sim.ErrorLog;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/**
 * What a plugin's code throws is logged once and counted for the plugin, and closes the connection that it ran for, so
 * that its client does not wait in vain. Other connections of the same service are served.
 */
class ThrowOwnerTest {
    private static final String MARK = "thrown on request";

    /** Throws where it is told to; else echoes. */
    static final class OnRequestPlugin implements Plugin, ServiceFactory<OnRequestPlugin.Nothing> {
        record Nothing() {}

        @Override
        public void configure(PluginBinder binder) {
            binder.service("on-request", Nothing.class, OnRequestPlugin.class);
        }

        @Override
        public Service create(String name, Nothing config, ServiceContext context) {
            return (connection, listener) -> connection.pipeline().addLast(new OnRequest());
        }
    }

    /** For a connection that lets code run on another one. */
    private static volatile @Nullable MovableChannel remembered;

    private static IllegalStateException thrown() {
        return new IllegalStateException(MARK);
    }

    private static final class OnRequest extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ByteBuf text = (ByteBuf) message;
            String where = text.toString(StandardCharsets.UTF_8);
            if (!where.equals("echo")) {
                text.release();
            }
            Runnable fails = () -> {
                throw thrown();
            };
            switch (where) {
                case "echo" -> {
                    context.writeAndFlush(message);
                    return;
                }
                case "timer of the channel" -> context.channel().eventLoop().schedule(fails, 20, TimeUnit.MILLISECONDS);
                case "timer of the context" ->
                    context.executor()
                            .schedule(
                                    () -> {
                                        throw thrown();
                                    },
                                    20,
                                    TimeUnit.MILLISECONDS);
                case "timer that repeats" ->
                    context.executor().scheduleAtFixedRate(fails, 20, 20, TimeUnit.MILLISECONDS);
                case "task" -> context.executor().execute(fails);
                case "submitted task" -> context.executor().submit(fails);
                case "listener of a write" ->
                    context.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(written -> fails.run());
                case "listener of a write of the channel" ->
                    context.channel().writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(written -> fails.run());
                case "listener of a promise" ->
                    context.newPromise().addListener(done -> fails.run()).setSuccess();
                case "listener of the close" -> {
                    context.channel().closeFuture().addListener(closed -> fails.run());
                    context.close();
                }
                case "task of the loop" ->
                    ((MovableChannel) context.channel()).loop().execute(loadedByThePlugin());
                case "remember" -> remembered = (MovableChannel) context.channel();
                case "listener in the remembered, then in mine" -> {
                    MovableChannel other = Objects.requireNonNull(remembered);
                    other.post(() -> other.newSucceededFuture().addListener(done -> fails.run()));
                    context.newSucceededFuture().addListener(done -> fails.run());
                }
                case "exceptionCaught" -> throw new IllegalStateException("handled badly");
                default -> throw new AssertionError(where);
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            throw thrown();
        }
    }

    @InEachWorld
    void shouldBeOfTheConnection(PluginWorld world) {
        world.expectErrors();
        world.plugin(OnRequestPlugin.class);
        world.start("""
                listeners: { web: { bind: "127.0.0.1:0", service: s } }
                services: { s: { type: on-request } }
                """);
        Peer other = world.connect("web");
        String[] places = {
            "timer of the channel",
            "timer of the context",
            "timer that repeats",
            "task",
            "submitted task",
            "listener of a write",
            "listener of a write of the channel",
            "listener of a promise",
            "listener of the close",
            "exceptionCaught"
        };
        for (int i = 0; i < places.length; i++) {
            Peer client = world.connect("web");
            client.send(places[i]);
            assertThat(client.readAll()).as(places[i]).isEmpty();
            int expected = i + 1;
            world.await(places[i] + " is counted", () -> counted(world) == expected);
            assertThat(ErrorLog.errors().stream()
                            .filter(each -> each.contains("plugin on-request threw") && each.contains(MARK)))
                    .as(places[i])
                    .hasSize(expected);
            other.send("echo");
            other.expect("echo");
        }
        assertThat(counted(world)).isEqualTo(places.length);
    }

    /** Code on one connection runs code on another inside itself: each loses its own connection, the third none. */
    @InEachWorld
    void shouldBeOfTheInnermostConnection(PluginWorld world) {
        world.expectErrors();
        world.plugin(OnRequestPlugin.class);
        world.start("""
                listeners: { web: { bind: "127.0.0.1:0", service: s } }
                services: { s: { type: on-request } }
                """);
        Peer third = world.connect("web");
        Peer inner = world.connect("web");
        inner.send("remember");
        world.await("it is remembered", () -> remembered != null);
        Peer outer = world.connect("web");
        outer.send("listener in the remembered, then in mine");
        assertThat(inner.readAll()).isEmpty();
        assertThat(outer.readAll()).isEmpty();
        world.await("both are counted", () -> counted(world) == 2);
        third.send("echo");
        third.expect("echo");
        remembered = null;
    }

    @InEachWorld
    void shouldBeFoundAtEveryLogLevel(PluginWorld world) {
        world.expectErrors();
        world.plugin(OnRequestPlugin.class);
        world.start("""
                listeners: { web: { bind: "127.0.0.1:0", service: s } }
                services: { s: { type: on-request } }
                """);
        Logger netty = (Logger) LoggerFactory.getLogger("io.netty");
        Level before = netty.getLevel();
        int expected = 0;
        try {
            for (Level level : new Level[] {Level.OFF, Level.DEBUG}) {
                netty.setLevel(level);
                for (String place : new String[] {"listener of a promise", "exceptionCaught"}) {
                    Peer client = world.connect("web");
                    client.send(place);
                    assertThat(client.readAll()).as("%s at %s", place, level).isEmpty();
                    int count = ++expected;
                    world.await(place + " at " + level + " is counted", () -> counted(world) == count);
                }
            }
        } finally {
            netty.setLevel(before);
        }
    }

    /**
     * A task for a loop has no connection to lose. Its plugin is known by its class loader, of which each plugin has
     * one.
     */
    @InEachWorld
    void shouldBeOfThePluginWhoseTaskALoopRuns(PluginWorld world) {
        world.expectErrors();
        world.plugin(OnRequestPlugin.class);
        world.start("""
                listeners: { web: { bind: "127.0.0.1:0", service: s } }
                services: { s: { type: on-request } }
                """);
        Peer client = world.connect("web");
        client.send("task of the loop");
        world.await("it is counted", () -> counted(world) == 1);
        assertThat(ErrorLog.errors().stream()
                        .filter(each -> each.contains("a task of plugin on-request threw on loop")))
                .hasSize(1);
        client.send("echo");
        client.expect("echo");
    }

    /** What a plugin's own class loader has loaded. */
    public static final class Task implements Runnable {
        @Override
        public void run() {
            throw new IllegalStateException(MARK);
        }
    }

    private static Runnable loadedByThePlugin() {
        ClassLoader loader = new ClassLoader(Plugin.LOADER_PREFIX + "on-request", Task.class.getClassLoader()) {
            @Override
            protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
                if (!name.equals(Task.class.getName())) {
                    return super.loadClass(name, resolve);
                }
                try (InputStream in = getResourceAsStream(name.replace('.', '/') + ".class")) {
                    byte[] bytes = Objects.requireNonNull(in).readAllBytes();
                    return defineClass(name, bytes, 0, bytes.length);
                } catch (IOException e) {
                    throw new ClassNotFoundException(name, e);
                }
            }
        };
        try {
            return (Runnable)
                    loader.loadClass(Task.class.getName()).getConstructor().newInstance();
        } catch (ReflectiveOperationException e) {
            throw new LinkageError("cannot make the task", e);
        }
    }

    private static long counted(PluginWorld world) {
        return world.metrics()
                .counter("baton_plugin_errors_total", "Callbacks of a plugin that threw.", "plugin", "on-request")
                .count();
    }
}
