package dev.baton.testkit.world;

import dev.baton.spi.Plugin;
import dev.baton.spi.PluginBinder;
import dev.baton.spi.admin.AdminAction;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.config.Default;
import dev.baton.spi.config.ServiceName;
import dev.baton.spi.config.UpstreamName;
import dev.baton.spi.service.Service;
import dev.baton.spi.service.ServiceContext;
import dev.baton.spi.service.ServiceFactory;
import dev.baton.spi.upstream.ConnectHandler;
import dev.baton.spi.upstream.UpstreamConnections;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.AttributeKey;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;

/**
 * A small plugin that is right: shouts back, by itself or what its upstream says, where it is to; and shouts on demand.
 */
final class ShoutPlugin implements Plugin {

    @Override
    public void configure(PluginBinder binder) {
        binder.service("shout", Config.class, Factory.class);
        binder.service("shout-of", OfConfig.class, OfFactory.class);
        binder.service("by-listener", ByListenerConfig.class, ByListenerFactory.class);
        binder.adminAction("shout", Loud.Words.class, Loud.class);
    }

    /**
     * Keys of {@code shout}.
     *
     * @param ending behind each line
     */
    record Config(@Default("") String ending) {}

    /** Keys of {@code shout-of}. */
    record OfConfig(@UpstreamName String upstream) {}

    /**
     * Keys of {@code by-listener}.
     *
     * @param services which service speaks on the connections of which listener
     */
    record ByListenerConfig(@ServiceName Map<String, String> services) {}

    static final class Factory implements ServiceFactory<Config> {
        @Override
        public Service create(String name, Config config, ServiceContext context) {
            return (connection, listener) -> connection.pipeline().addLast(new Shout(config.ending()));
        }
    }

    static final class OfFactory implements ServiceFactory<OfConfig> {
        @Override
        public Service create(String name, OfConfig config, ServiceContext context) {
            return new ShoutOf(context, config.upstream());
        }
    }

    static final class ByListenerFactory implements ServiceFactory<ByListenerConfig> {
        @Override
        public Service create(String name, ByListenerConfig config, ServiceContext context) {
            Map<String, Service> services = new HashMap<>();
            config.services().forEach((listener, service) -> services.put(listener, context.service(service)));
            return new ByListener(services);
        }
    }

    /** Each listener's connections are another service's. */
    private record ByListener(Map<String, Service> services) implements Service {
        private static final AttributeKey<Service> CHOSEN = AttributeKey.valueOf(ByListener.class, "CHOSEN");

        @Override
        public void initialize(MovableChannel connection, String listener) {
            Service chosen = services.get(listener);
            if (chosen == null) {
                connection.close();
                return;
            }
            connection.attr(CHOSEN).set(chosen);
            chosen.initialize(connection, listener);
        }

        @Override
        public void drain(MovableChannel connection, Duration patience) {
            Service chosen = connection.attr(CHOSEN).get();
            if (chosen != null) {
                chosen.drain(connection, patience);
            }
        }

        @Override
        public long idleNanos(MovableChannel connection) {
            Service chosen = connection.attr(CHOSEN).get();
            return chosen == null ? NOT_IDLE : chosen.idleNanos(connection);
        }
    }

    private static String loud(ByteBuf text, String ending) {
        return text.toString(StandardCharsets.UTF_8).toUpperCase(Locale.ROOT).replace("\n", ending + "\n");
    }

    /** Closes what is broken, and passes on what is a bug. */
    private abstract static class Talk extends ChannelInboundHandlerAdapter {
        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            if (cause instanceof IOException) {
                context.close();
            } else {
                context.fireExceptionCaught(cause);
            }
        }
    }

    private static final class Shout extends Talk {
        private final String ending;

        Shout(String ending) {
            this.ending = ending;
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ByteBuf text = (ByteBuf) message;
            ByteBuf answer = context.alloc().buffer();
            answer.writeCharSequence(loud(text, ending), StandardCharsets.UTF_8);
            text.release();
            if (answer.toString(StandardCharsets.UTF_8).startsWith("LATER")) {
                context.executor().schedule(() -> context.writeAndFlush(answer), 50, TimeUnit.MILLISECONDS);
            } else {
                context.writeAndFlush(answer);
            }
        }
    }

    /** Asks its upstream, one question a connection. */
    private static final class ShoutOf implements Service {
        private final ServiceContext context;
        private final String upstream;
        private final UpstreamConnections connections;

        ShoutOf(ServiceContext context, String upstream) {
            this.context = context;
            this.upstream = upstream;
            this.connections = context.upstream(upstream).connections("shout", new Quiet());
        }

        @Override
        public void initialize(MovableChannel connection, String listener) {
            connection.pipeline().addLast(new Asking(connection));
        }

        private final class Asking extends Talk {
            private final MovableChannel client;

            Asking(MovableChannel client) {
                this.client = client;
            }

            @Override
            public void channelRead(ChannelHandlerContext asked, Object question) {
                connections.connect(context.upstream(upstream).next(), client.loop(), new ConnectHandler() {
                    @Override
                    public void connected(MovableChannel server) {
                        server.pipeline().addLast(new Answering(client));
                        server.writeAndFlush(question);
                    }

                    @Override
                    public void failed(Throwable cause) {
                        ((ByteBuf) question).release();
                        client.post(client::close);
                    }
                });
            }
        }

        private static final class Answering extends Talk {
            private final MovableChannel client;

            Answering(MovableChannel client) {
                this.client = client;
            }

            @Override
            public void channelRead(ChannelHandlerContext context, Object answer) {
                String text = loud((ByteBuf) answer, "!");
                ((ByteBuf) answer).release();
                context.close();
                client.post(() -> client.writeAndFlush(
                        client.alloc().buffer().writeBytes(text.getBytes(StandardCharsets.UTF_8))));
            }
        }

        @Sharable
        private static final class Quiet extends ChannelInboundHandlerAdapter {}
    }

    static final class Loud implements AdminAction<Loud.Words> {
        record Words(@Default("") String text) {}

        record Answer(String text) {}

        @Override
        public CompletionStage<Answer> act(Words words) {
            return CompletableFuture.completedStage(new Answer(words.text().toUpperCase(Locale.ROOT)));
        }
    }
}
