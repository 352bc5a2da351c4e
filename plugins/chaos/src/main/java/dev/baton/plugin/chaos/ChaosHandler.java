package dev.baton.plugin.chaos;

import dev.baton.spi.channel.MovableChannel;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.timeout.IdleStateEvent;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;

/**
 * Answers {@code GET /block/MS}, {@code /spin/MS}, {@code /throw/KIND} and {@code /}. What is asked for happens in this
 * callback, on the connection's loop and under the claim on it; the answer follows, unless the callback throws.
 */
final class ChaosHandler extends SimpleChannelInboundHandler<FullHttpRequest> {
    private static final String HELP = "/block/MS blocks this loop, /spin/MS keeps it busy, /throw/KIND throws in it\n";

    private final ChaosConfig config;
    private final MovableChannel connection;
    /** Requests of the last read that wait until the client takes the answers before: nothing is read meanwhile. */
    private final ArrayDeque<FullHttpRequest> waiting = new ArrayDeque<>();

    private boolean draining;

    ChaosHandler(ChaosConfig config, MovableChannel connection) {
        this.config = config;
        this.connection = connection;
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, FullHttpRequest request) {
        if (waiting.isEmpty() && context.channel().isWritable()) {
            handle(context, request);
        } else {
            waiting.add(request.retain());
            context.channel().config().setAutoRead(false);
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        while (!waiting.isEmpty() && context.channel().isWritable()) {
            FullHttpRequest next = waiting.remove();
            try {
                handle(context, next);
            } finally {
                next.release();
            }
        }
        context.channel().config().setAutoRead(waiting.isEmpty());
        context.fireChannelWritabilityChanged();
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        waiting.forEach(FullHttpRequest::release);
        waiting.clear();
        context.fireChannelInactive();
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (event instanceof IdleStateEvent) {
            context.close();
        }
        context.fireUserEventTriggered(event);
    }

    private void handle(ChannelHandlerContext context, FullHttpRequest request) {
        if (request.decoderResult().isFailure()) {
            answer(context, request, HttpResponseStatus.BAD_REQUEST, "cannot read this request\n", false);
            return;
        }
        boolean keepAlive = HttpUtil.isKeepAlive(request) && !draining;
        String path = path(request.uri());
        int slash = path.indexOf('/', 1);
        String action = slash < 0 ? path : path.substring(0, slash);
        String argument = slash < 0 ? "" : path.substring(slash + 1);
        String said;
        try {
            said = switch (action) {
                case "/block" -> {
                    Fault.block(millis(argument));
                    yield "blocked loop " + connection.loop().id() + " for " + argument + "ms\n";
                }
                case "/spin" -> {
                    Fault.spin(millis(argument));
                    yield "kept loop " + connection.loop().id() + " busy for " + argument + "ms\n";
                }
                case "/throw" -> {
                    Fault.Kind.of(argument).raise();
                    yield "";
                }
                case "/" -> HELP;
                default -> {
                    answer(context, request, HttpResponseStatus.NOT_FOUND, HELP, keepAlive);
                    yield "";
                }
            };
        } catch (IllegalArgumentException wrong) {
            answer(context, request, HttpResponseStatus.BAD_REQUEST, wrong.getMessage() + "\n", keepAlive);
            return;
        }
        if (!said.isEmpty()) {
            answer(context, request, HttpResponseStatus.OK, said, keepAlive);
        }
    }

    private static String path(String target) {
        int query = target.indexOf('?');
        return query < 0 ? target : target.substring(0, query);
    }

    private long millis(String digits) {
        long max = config.maxTime().toMillis();
        // At most nine digits: the parse cannot overflow.
        long millis = digits.matches("[0-9]{1,9}") ? Long.parseLong(digits) : -1;
        if (millis < 0 || millis > max) {
            throw new IllegalArgumentException(
                    "\"" + digits + "\": expected a number of milliseconds from 0 to " + max);
        }
        return millis;
    }

    private void answer(
            ChannelHandlerContext context,
            FullHttpRequest request,
            HttpResponseStatus status,
            String text,
            boolean keepAlive) {
        ByteBuf body = Unpooled.copiedBuffer(text, StandardCharsets.UTF_8);
        int length = body.readableBytes();
        if (request.method().equals(HttpMethod.HEAD)) {
            // The codec leaves it out too, but not where it has written an interim answer before.
            body.clear();
        }
        DefaultFullHttpResponse response = new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, status, body);
        response.headers()
                .set(HttpHeaderNames.CONTENT_TYPE, "text/plain; charset=utf-8")
                .setInt(HttpHeaderNames.CONTENT_LENGTH, length)
                .setInt("x-loop", connection.loop().id());
        HttpUtil.setKeepAlive(response.headers(), request.protocolVersion(), keepAlive);
        ChannelFuture written = context.writeAndFlush(response);
        if (!keepAlive) {
            written.addListener(ChannelFutureListener.CLOSE);
        }
    }

    /** The next answer is the last; ends the connection behind what has been written when none is asked for in time. */
    void drain(Duration patience) {
        draining = true;
        if (!patience.isZero()) {
            connection.eventLoop().schedule(this::end, patience.toNanos(), TimeUnit.NANOSECONDS);
            return;
        }
        end();
    }

    private void end() {
        connection.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        if (cause instanceof IOException) {
            context.close(); // the peer is gone
        } else {
            context.fireExceptionCaught(cause);
        }
    }
}
