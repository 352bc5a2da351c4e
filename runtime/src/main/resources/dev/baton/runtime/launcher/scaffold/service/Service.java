package __package__;

import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.config.Default;
import dev.baton.spi.service.Service;
import dev.baton.spi.service.ServiceContext;
import dev.baton.spi.service.ServiceFactory;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import java.nio.charset.StandardCharsets;

/** Sends back what a client sends, with a greeting in front. One for each service of the configuration. */
final class __Name__Service implements Service {
    private final Keys keys;

    /**
     * The keys of the configuration.
     *
     * @param greeting in front of each answer
     */
    record Keys(@Default("hello, ") String greeting) {}

    /** Makes a service; opens nothing, because {@code baton check} calls it too. */
    static final class Factory implements ServiceFactory<Keys> {
        @Override
        public Service create(String name, Keys keys, ServiceContext context) {
            return new __Name__Service(keys);
        }
    }

    __Name__Service(Keys keys) {
        this.keys = keys;
    }

    @Override
    public void initialize(MovableChannel connection, String listener) {
        connection.pipeline().addLast(new Greeter(keys.greeting()));
    }

    /** Callbacks of one connection never overlap, whichever loop owns it: plain fields will do. */
    static final class Greeter extends SimpleChannelInboundHandler<ByteBuf> {
        private final String greeting;

        Greeter(String greeting) {
            this.greeting = greeting;
        }

        @Override
        protected void channelRead0(ChannelHandlerContext context, ByteBuf message) {
            String answer = greeting + message.toString(StandardCharsets.UTF_8);
            context.writeAndFlush(ByteBufUtil.writeUtf8(context.alloc(), answer));
        }
    }
}
