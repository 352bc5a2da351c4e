package dev.baton.testkit.world;

import dev.baton.spi.Plugin;
import dev.baton.spi.PluginBinder;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.fd.FdKind;
import dev.baton.spi.poller.Poller;
import dev.baton.spi.poller.PollerContext;
import dev.baton.spi.poller.PollerProvider;
import dev.baton.spi.service.Service;
import dev.baton.spi.service.ServiceContext;
import dev.baton.spi.service.ServiceFactory;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import java.io.IOException;
import java.util.Optional;
import java.util.function.BiConsumer;
import org.slf4j.LoggerFactory;

/** Plugins with one thing wrong each; but for that they send back what they get. */
final class WrongPlugins {
    private WrongPlugins() {}

    /** Keys of a wrong service: none. */
    record Nothing() {}

    /** What a service does with a connection before it echoes. */
    private static Service echo(BiConsumer<ChannelHandlerContext, ByteBuf> wrong) {
        return (connection, listener) -> connection.pipeline().addLast(new ChannelInboundHandlerAdapter() {
            @Override
            public void channelRead(ChannelHandlerContext context, Object message) {
                wrong.accept(context, (ByteBuf) message);
                context.writeAndFlush(message);
            }
        });
    }

    /** Takes a buffer and forgets it. */
    static final class LeaksABuffer implements Plugin, ServiceFactory<Nothing> {
        @Override
        public void configure(PluginBinder binder) {
            binder.service("wrong", Nothing.class, LeaksABuffer.class);
        }

        @Override
        public Service create(String name, Nothing config, ServiceContext context) {
            return echo((channel, message) -> channel.alloc().buffer(100));
        }
    }

    /** Throws at what it reads; the exception reaches the end of the pipeline. */
    static final class Throws implements Plugin, ServiceFactory<Nothing> {
        @Override
        public void configure(PluginBinder binder) {
            binder.service("wrong", Nothing.class, Throws.class);
        }

        @Override
        public Service create(String name, Nothing config, ServiceContext context) {
            return (connection, listener) -> connection.pipeline().addLast(new ChannelInboundHandlerAdapter() {
                @Override
                public void channelRead(ChannelHandlerContext context, Object message) {
                    ((ByteBuf) message).release();
                    throw new IllegalStateException("thrown by a wrong plugin");
                }
            });
        }
    }

    /** Catches what goes wrong, and says so where only a reader of the log can see it. */
    static final class LogsAnError implements Plugin, ServiceFactory<Nothing> {
        @Override
        public void configure(PluginBinder binder) {
            binder.service("wrong", Nothing.class, LogsAnError.class);
        }

        @Override
        public Service create(String name, Nothing config, ServiceContext context) {
            return echo((channel, message) ->
                    LoggerFactory.getLogger(LogsAnError.class).error("logged by a wrong plugin"));
        }
    }

    /** Never closes what its client has left: stays open for half-closed streams and forgets them. */
    static final class NeverCloses implements Plugin, ServiceFactory<Nothing> {
        @Override
        public void configure(PluginBinder binder) {
            binder.service("wrong", Nothing.class, NeverCloses.class);
        }

        @Override
        public Service create(String name, Nothing config, ServiceContext context) {
            Service echo = echo((channel, message) -> {});
            return new Service() {
                @Override
                public void initialize(MovableChannel connection, String listener) {
                    connection.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
                    echo.initialize(connection, listener);
                }
            };
        }
    }

    /** Enters a number into the table and forgets it. */
    static final class ForgetsAnFd implements Plugin {
        @Override
        public void configure(PluginBinder binder) {
            binder.poller("forgetting", Forgetting.class);
            binder.service("wrong", Nothing.class, Echo.class);
        }
    }

    static final class Echo implements ServiceFactory<Nothing> {
        @Override
        public Service create(String name, Nothing config, ServiceContext context) {
            return echo((channel, message) -> {});
        }
    }

    /** Opens one eventfd too many for each poller. */
    static final class Forgetting implements PollerProvider {
        private final PollerProvider right = new StandIns.PlainPollers();

        @Override
        public int preference() {
            return 1;
        }

        @Override
        public Optional<String> unavailable() {
            return right.unavailable();
        }

        @Override
        public Poller open(PollerContext context) throws IOException {
            context.fds().fdInsert(context.calls().eventfd(), FdKind.WAKEUP);
            return right.open(context);
        }
    }

    /** Opens a number without telling the table. */
    static final class HidesANumber implements Plugin {
        @Override
        public void configure(PluginBinder binder) {
            binder.poller("hiding", Hiding.class);
            binder.service("wrong", Nothing.class, Echo.class);
        }
    }

    static final class Hiding implements PollerProvider {
        private final PollerProvider right = new StandIns.PlainPollers();

        @Override
        public int preference() {
            return 1;
        }

        @Override
        public Optional<String> unavailable() {
            return right.unavailable();
        }

        @Override
        public Poller open(PollerContext context) throws IOException {
            if (context.calls().eventfd() < 0) {
                throw new IOException("no eventfd");
            }
            return right.open(context);
        }
    }

    /** Cannot be configured. */
    static final class CannotBeConfigured implements Plugin {
        @Override
        public void configure(PluginBinder binder) {
            throw new IllegalStateException("thrown by configure");
        }
    }
}
