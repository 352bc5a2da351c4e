package dev.baton.embed;

import dev.baton.spi.Plugin;
import dev.baton.spi.PluginBinder;
import dev.baton.spi.service.Service;
import dev.baton.spi.service.ServiceContext;
import dev.baton.spi.service.ServiceFactory;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** A plugin whose service greets each client and closes. */
public final class GreetingPlugin implements Plugin {
    @Override
    public void configure(PluginBinder binder) {
        binder.service("greeting", Config.class, Factory.class);
    }

    /** What it says. */
    record Config(List<String> words) {}

    static final class Factory implements ServiceFactory<Config> {
        @Override
        public Service create(String name, Config config, ServiceContext context) {
            return (connection, listener) -> connection.pipeline().addLast(new Greeter(config.words()));
        }
    }

    private static final class Greeter extends ChannelInboundHandlerAdapter {
        private final List<String> words;

        Greeter(List<String> words) {
            this.words = words;
        }

        @Override
        public void channelActive(ChannelHandlerContext context) {
            context.writeAndFlush(Unpooled.copiedBuffer(String.join(" ", words), StandardCharsets.US_ASCII))
                    .addListener(ChannelFutureListener.CLOSE);
        }
    }
}
