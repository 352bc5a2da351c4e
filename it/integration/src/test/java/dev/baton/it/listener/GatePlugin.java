package dev.baton.it.listener;

import dev.baton.spi.Configured;
import dev.baton.spi.Plugin;
import dev.baton.spi.PluginBinder;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.config.Default;
import dev.baton.spi.fd.TakeoverResult;
import dev.baton.spi.filter.ConnectionFilter;
import dev.baton.spi.filter.Next;
import dev.baton.spi.loop.Loop;
import dev.baton.spi.loop.LoopWatch;
import dev.baton.spi.loop.Loops;
import dev.baton.spi.loop.WatchedLoop;
import dev.baton.spi.service.Service;
import dev.baton.spi.service.ServiceContext;
import dev.baton.spi.service.ServiceFactory;
import dev.baton.testkit.world.PluginWorld;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import jakarta.inject.Inject;
import jakarta.inject.Provider;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/** A filter that waits for a test's decision, and a service that tells its client what it sees. */
public final class GatePlugin implements Plugin {
    private static final Queue<Waiting> WAITING = new ConcurrentLinkedQueue<>();
    private static final AtomicInteger INITIALIZED = new AtomicInteger();
    private static final AtomicReference<Provider<LoopWatch>> WATCH = new AtomicReference<>();

    /** A decision that a test is to take. */
    static final class Waiting extends ChannelInboundHandlerAdapter {
        private final Loops loops;
        private final MovableChannel connection;
        private final Next next;

        @SuppressWarnings("JdkObsolete") // loops append, the test reads
        private final StringBuffer seen = new StringBuffer();

        Waiting(Loops loops, MovableChannel connection, Next next) {
            this.loops = loops;
            this.connection = connection;
            this.next = next;
        }

        MovableChannel connection() {
            return connection;
        }

        /** Has another loop take the connection over, as soon as nothing runs on it. */
        void takeAway() {
            int owner = connection.loop().id();
            loops.all().stream().filter(each -> each.id() != owner).findFirst().ifPresent(this::takeTo);
        }

        private void takeTo(Loop thief) {
            thief.execute(() -> {
                TakeoverResult result = connection.takeover(thief);
                if (result == TakeoverResult.TAKEN) {
                    connection.leave();
                } else if (result == TakeoverResult.BUSY) {
                    takeTo(thief);
                }
            });
        }

        Next next() {
            return next;
        }

        /** What has come past it. */
        String seen() {
            return seen.toString();
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            seen.append(((ByteBuf) message).toString(StandardCharsets.UTF_8));
            context.fireChannelRead(message);
        }
    }

    /** Waits for the next connection that waits. */
    static Waiting next(PluginWorld world) {
        world.await("a filter that waits", () -> !WAITING.isEmpty());
        return WAITING.remove();
    }

    /** Has the other loops take over what this one owns, unless it goes on meanwhile. */
    static void rescue(int loop) {
        for (WatchedLoop each : WATCH.get().get().loops()) {
            if (each.loop().id() == loop) {
                each.rescue();
            }
        }
    }

    /** How many connections services have seen. */
    static int initialized() {
        return INITIALIZED.get();
    }

    @Override
    public void configure(PluginBinder binder) {
        WAITING.clear();
        INITIALIZED.set(0);
        binder.connectionFilter("gate", Config.class, Factory.class);
        binder.service("told", Nothing.class, Told.class);
    }

    /** What the filter does. */
    public enum Does {
        WAIT,
        PASS,
        THROW,
        THROW_LATER
    }

    /** Keys of the filter. */
    public record Config(@Default("wait") Does does) {}

    /** No keys. */
    public record Nothing() {}

    /** Makes filters. */
    public static final class Factory implements Configured<Config, ConnectionFilter> {
        private final Loops loops;

        @Inject
        Factory(Loops loops, Provider<LoopWatch> watch) {
            this.loops = loops;
            WATCH.set(watch); // there is none before the loops are
        }

        @Override
        public ConnectionFilter create(Config config) {
            return (connection, next) -> {
                switch (config.does()) {
                    case WAIT -> {
                        Waiting waiting = new Waiting(loops, connection, next);
                        connection.pipeline().addLast(waiting);
                        WAITING.add(waiting);
                    }
                    case PASS -> next.proceed();
                    case THROW -> throw new IllegalStateException("planted");
                    case THROW_LATER -> connection.pipeline().addLast(new Throwing());
                    default -> throw new AssertionError(config);
                }
            };
        }
    }

    private static final class Throwing extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ((ByteBuf) message).release();
            throw new IllegalStateException("planted");
        }
    }

    /** Says each thing that happens, and ends a connection that is to drain. */
    public static final class Told implements ServiceFactory<Nothing> {
        @Override
        public Service create(String name, Nothing config, ServiceContext context) {
            return new Service() {
                @Override
                public void initialize(MovableChannel connection, String listener) {
                    INITIALIZED.incrementAndGet();
                    connection.pipeline().addLast(new Telling());
                }

                @Override
                public void drain(MovableChannel connection, Duration patience) {
                    say(connection, "drained");
                    connection.close();
                }
            };
        }
    }

    private static void say(MovableChannel connection, String text) {
        connection.writeAndFlush(connection.alloc().buffer().writeBytes((text + " ").getBytes(StandardCharsets.UTF_8)));
    }

    private static final class Telling extends ChannelInboundHandlerAdapter {
        @Override
        public void channelActive(ChannelHandlerContext context) {
            say((MovableChannel) context.channel(), "active");
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ByteBuf bytes = (ByteBuf) message;
            say((MovableChannel) context.channel(), bytes.toString(StandardCharsets.UTF_8));
            bytes.release();
        }
    }
}
