package dev.baton.runtime.health;

import dev.baton.runtime.config.CheckConfig;
import dev.baton.runtime.config.StatusSet;
import dev.baton.spi.upstream.UpstreamProtocol;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseDecoder;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One request of an HTTP check: the last handler of its connection. It is interested in the status of the answer only,
 * reads {@value #ANSWER_BYTES_MAX} bytes at most until it has that, and closes the connection then.
 *
 * <p>Runs under the claim on the connection.
 */
final class HttpProbe extends ChannelInboundHandlerAdapter {
    /** A head and what may come before it (1xx); more is no answer to a check. */
    static final int ANSWER_BYTES_MAX = 16 * 1024;

    private final StatusSet expected;
    private final UpstreamProtocol protocol;
    private final Consumer<@Nullable String> verdict;
    private boolean decided;

    /**
     * For one connection.
     *
     * @param protocol what the server speaks
     * @param verdict is told once why the check has failed, or null: it has passed
     */
    HttpProbe(StatusSet expected, UpstreamProtocol protocol, Consumer<@Nullable String> verdict) {
        this.expected = expected;
        this.protocol = protocol;
        this.verdict = verdict;
    }

    /** The request of all checks of a server, in HTTP/1.1. */
    static byte[] request(CheckConfig config, String server) {
        String host = config.host().orElse(server);
        return (config.method().orElse("GET") + " " + config.path().orElse("/") + " HTTP/1.1\r\nHost: " + host
                        + "\r\nUser-Agent: baton-check\r\nAccept: */*\r\nConnection: close\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII);
    }

    /** Sets a connection up. */
    void addTo(Channel connection) {
        ChannelHandler codec = protocol == UpstreamProtocol.HTTP_2
                ? ProbeStream.of(
                        ANSWER_BYTES_MAX, status -> decide(connection, status), failure -> decide(connection, failure))
                : new HttpResponseDecoder(decoding());
        connection.pipeline().addLast(new Bound(), codec, this);
    }

    private static HttpDecoderConfig decoding() {
        return new HttpDecoderConfig()
                .setMaxInitialLineLength(ANSWER_BYTES_MAX)
                .setMaxHeaderSize(ANSWER_BYTES_MAX)
                .setStrictLineParsing(true);
    }

    /** Counts what is read, before it is decoded. */
    private final class Bound extends ChannelInboundHandlerAdapter {
        private int left = ANSWER_BYTES_MAX;

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ByteBuf in = (ByteBuf) message;
            if (decided) {
                in.release();
                return;
            }
            int count = Math.min(left, in.readableBytes());
            boolean more = in.readableBytes() > count;
            left -= count;
            context.fireChannelRead(more ? in.slice(in.readerIndex(), count) : in); // one reference, either way
            if (more) {
                decide(context.channel(), "no answer in the first " + ANSWER_BYTES_MAX + " bytes");
            }
        }
    }

    /** Sends the request to a server of this address. */
    void ask(Channel connection, CheckConfig config, String server) {
        ProbeStream stream = connection.pipeline().get(ProbeStream.class);
        if (stream != null) {
            stream.ask(config, server);
        } else {
            connection.writeAndFlush(Unpooled.wrappedBuffer(request(config, server)), connection.voidPromise());
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        try {
            if (!(message instanceof HttpResponse head)) {
                return;
            }
            if (head.decoderResult().isFailure()) {
                decide(
                        context.channel(),
                        "malformed answer: " + head.decoderResult().cause().getMessage());
            } else if (head.status().codeClass() != HttpStatusClass.INFORMATIONAL) {
                decide(context.channel(), head.status().code());
            }
        } finally {
            ReferenceCountUtil.release(message);
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        decide(context.channel(), "the connection was closed without an answer");
        context.fireChannelInactive();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        decide(context.channel(), (cause instanceof IOException ? "" : "malformed answer: ") + cause.getMessage());
    }

    private void decide(Channel connection, int status) {
        decide(connection, expected.contains(status) ? null : "answered " + status + ", expected " + expected);
    }

    private void decide(Channel connection, @Nullable String failure) {
        if (!decided) {
            decided = true;
            verdict.accept(failure);
            connection.close();
        }
    }
}
