package dev.baton.examples.lineprotocol;

import dev.baton.spi.Plugin;
import dev.baton.spi.PluginBinder;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.config.ByteSize;
import dev.baton.spi.config.Default;
import dev.baton.spi.config.Range;
import dev.baton.spi.service.Service;
import dev.baton.spi.service.ServiceContext;
import dev.baton.spi.service.ServiceFactory;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A dictionary: a client sends a word and a newline, and gets a line that says what the word means. */
public final class LineProtocolPlugin implements Plugin {
    @Override
    public void configure(PluginBinder binder) {
        binder.service("dictionary", Settings.class, Factory.class);
    }

    /**
     * The keys of the service.
     *
     * @param words what each word means
     * @param unknown the answer for all other words
     * @param maxLine how long a line may be; a longer one ends its connection
     */
    record Settings(
            Map<String, String> words,
            @Default("?") String unknown,

            @Default("1KiB") @Range(min = "16B", max = "64KiB")
            ByteSize maxLine) {}

    static final class Factory implements ServiceFactory<Settings> {
        @Override
        public Service create(String name, Settings settings, ServiceContext context) {
            return new Dictionary(settings);
        }
    }

    private record Dictionary(Settings settings) implements Service {
        @Override
        public void initialize(MovableChannel connection, String listener) {
            connection.config().setAllowHalfClosure(true); // a client may send its words, end, and then read
            connection.pipeline().addLast(new Lines(settings, connection));
        }

        @Override
        public void drain(MovableChannel connection, Duration patience) {
            connection.pipeline().fireUserEventTriggered(Lines.DRAIN);
        }
    }

    /** Serves one connection. Its callbacks never overlap, whichever loop runs them, so plain fields do. */
    private static final class Lines extends ChannelInboundHandlerAdapter {
        static final Object DRAIN = new Object();

        private final Settings settings;
        private final MovableChannel connection;
        private @Nullable ByteBuf input; // what has come of a line that has not ended
        private boolean draining;
        private boolean ending;

        Lines(Settings settings, MovableChannel connection) {
            this.settings = settings;
            this.connection = connection;
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ByteBuf bytes = (ByteBuf) message;
            ByteBuf all = input == null ? context.alloc().buffer(bytes.readableBytes()) : input;
            input = all.writeBytes(bytes);
            bytes.release();
            long max = settings.maxLine().bytes();
            int length = all.bytesBefore((byte) '\n');
            while (!ending && length >= 0 && length <= max) {
                String word = all.toString(all.readerIndex(), length, StandardCharsets.UTF_8);
                all.skipBytes(length + 1);
                String answer = settings.words().getOrDefault(word.strip(), settings.unknown());
                context.write(Unpooled.copiedBuffer(answer + "\n", StandardCharsets.UTF_8));
                length = all.bytesBefore((byte) '\n');
            }
            if (all.readableBytes() > max) {
                end("this line is too long\n");
            }
            if (ending || !all.isReadable()) {
                handlerRemoved(context);
            } else {
                all.discardReadBytes();
            }
        }

        /** Reads on when the client takes its answers, and says how much memory is kept for it. */
        @Override
        public void channelReadComplete(ChannelHandlerContext context) {
            context.flush();
            channelWritabilityChanged(context);
            boolean room = connection.hold(0, input == null ? 0 : input.capacity());
            if (!room || (draining && input == null)) {
                end("");
            }
        }

        @Override
        public void channelWritabilityChanged(ChannelHandlerContext context) {
            connection.config().setAutoRead(connection.isWritable());
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            draining |= event == DRAIN;
            if (event instanceof ChannelInputShutdownEvent || (draining && input == null)) {
                end("");
            }
            context.fireUserEventTriggered(event);
        }

        private void end(String last) {
            ending = true;
            connection
                    .writeAndFlush(Unpooled.copiedBuffer(last, StandardCharsets.UTF_8))
                    .addListener(ChannelFutureListener.CLOSE);
        }

        @Override
        public void handlerRemoved(ChannelHandlerContext context) {
            if (input != null) {
                input.release();
                input = null;
            }
        }
    }
}
