package dev.baton.plugin.demoorigin;

import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.http.HttpDate;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import io.netty.handler.timeout.IdleStateEvent;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Answers the requests of one connection, one after the other.
 *
 * <table>
 *   <caption>states</caption>
 *   <tr><td>READY</td><td>waits for a request, and for room for its answer</td></tr>
 *   <tr><td>SKIPPING</td><td>drops the request's body; answers when that has ended</td></tr>
 *   <tr><td>ECHOING</td><td>sends the request's body back as it comes</td></tr>
 *   <tr><td>WAITING</td><td>the answer is delayed by a timer</td></tr>
 *   <tr><td>SENDING</td><td>the answer is longer than what the connection takes at once</td></tr>
 *   <tr><td>ENDING</td><td>the last answer is written; the connection closes behind it</td></tr>
 * </table>
 *
 * <p>What is decoded while it cannot be handled waits here, and nothing more is read: that is at most what one read
 * brought, however many requests are pipelined.
 */
final class OriginHandler extends ChannelInboundHandlerAdapter {
    /** A piece of {@code /bytes/N}: 64 characters again and again, so that a reader can tell what belongs where. */
    private static final ByteBuf PIECE = piece();

    /** Pieces sent in one turn, to a reader that is faster than we are: 512 KiB, then others have theirs. */
    private static final int MAX_PIECES = 8;

    private enum State {
        READY,
        SKIPPING,
        ECHOING,
        WAITING,
        SENDING,
        ENDING
    }

    private final String name;
    private final DemoOriginConfig config;
    private final MovableChannel connection;
    private final ArrayDeque<Object> decoded = new ArrayDeque<>();

    private State state = State.READY;
    private boolean pumping;
    private boolean draining;
    private int requests;
    private @Nullable Future<?> timer;
    private @Nullable Future<?> lastRequest;

    // Of the present exchange:
    private Route route = new Route(Route.Kind.PAGE, 0, "");
    private HttpVersion version = HttpVersion.HTTP_1_1;
    private boolean head;
    private boolean keepAlive;
    private long bytesLeft;

    OriginHandler(String name, DemoOriginConfig config, MovableChannel connection) {
        this.name = name;
        this.config = config;
        this.connection = connection;
    }

    private static ByteBuf piece() {
        String line = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-\n";
        ByteBuf piece = Unpooled.directBuffer(64 * 1024);
        while (piece.isWritable(line.length())) {
            piece.writeCharSequence(line, StandardCharsets.US_ASCII);
        }
        return Unpooled.unreleasableBuffer(piece);
    }

    // ---- reading --------------------------------------------------------------------------------------------------

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        decoded.add(message);
        pump(context);
    }

    /** Handles what can be handled now, then reads on or not. */
    private void pump(ChannelHandlerContext context) {
        if (pumping) {
            return;
        }
        pumping = true;
        try {
            while (!decoded.isEmpty() && accepts(context)) {
                handle(context, (HttpObject) decoded.remove());
            }
        } finally {
            pumping = false;
        }
        boolean reads = accepts(context);
        if (context.channel().config().isAutoRead() != reads) {
            context.channel().config().setAutoRead(reads);
        }
    }

    /** Goes on where nothing was read: nobody else flushes then. */
    private void resume(ChannelHandlerContext context) {
        pump(context);
        context.flush();
    }

    private boolean accepts(ChannelHandlerContext context) {
        return switch (state) {
            case SKIPPING -> true;
            // Each request brings an answer: none is begun while the reader does not take those before.
            case READY, ECHOING -> {
                if (!context.channel().isWritable()) {
                    context.flush();
                }
                yield context.channel().isWritable();
            }
            case WAITING, SENDING, ENDING -> false;
        };
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        context.flush();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        if (context.channel().isWritable()) {
            if (state == State.SENDING) {
                send(context);
            }
            resume(context);
        }
    }

    private void handle(ChannelHandlerContext context, HttpObject message) {
        if (message.decoderResult().isFailure()) {
            if (message instanceof HttpRequest request) {
                head = request.method().equals(HttpMethod.HEAD);
            }
            ReferenceCountUtil.release(message);
            malformed(context, message.decoderResult().cause());
            return;
        }
        if (message instanceof HttpRequest request) {
            begin(context, request);
        }
        if (message instanceof HttpContent content) {
            body(context, content);
        }
    }

    private void malformed(ChannelHandlerContext context, Throwable cause) {
        if (state == State.ECHOING) {
            context.close(); // its answer has begun: there is no other way to say so
            return;
        }
        HttpResponseStatus status = cause instanceof TooLongHttpLineException
                ? HttpResponseStatus.REQUEST_URI_TOO_LONG
                : cause instanceof TooLongHttpHeaderException
                        ? HttpResponseStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
                        : HttpResponseStatus.BAD_REQUEST;
        version = HttpVersion.HTTP_1_1;
        keepAlive = false;
        answer(context, status, "text/plain", "cannot read this request: " + cause.getMessage() + "\n");
    }

    private void begin(ChannelHandlerContext context, HttpRequest request) {
        requests++;
        version = request.protocolVersion();
        head = request.method().equals(HttpMethod.HEAD);
        keepAlive = HttpUtil.isKeepAlive(request) && !draining;
        route = Route.of(request.uri(), config);
        state = State.SKIPPING;
        if (request.headers().contains(HttpHeaderNames.EXPECT)
                && version.equals(HttpVersion.HTTP_1_1)
                && !mayContinue(context, request)) {
            return;
        }
        if (route.kind() == Route.Kind.ECHO && !head) {
            beginEcho(context, request);
        }
    }

    /** RFC 9110, 10.1.1: says that the body may come, or answers at once and closes, as it may come nevertheless. */
    private boolean mayContinue(ChannelHandlerContext context, HttpRequest request) {
        boolean known = HttpUtil.is100ContinueExpected(request);
        if (known && route.problem().isEmpty()) {
            context.writeAndFlush(new DefaultFullHttpResponse(
                    HttpVersion.HTTP_1_1, HttpResponseStatus.CONTINUE, Unpooled.EMPTY_BUFFER));
            return true;
        }
        keepAlive = false;
        if (known) {
            answerProblem(context);
        } else {
            answer(
                    context,
                    HttpResponseStatus.EXPECTATION_FAILED,
                    "text/plain",
                    "the only expectation known here is 100-continue\n");
        }
        return false;
    }

    private void body(ChannelHandlerContext context, HttpContent content) {
        if (state == State.ECHOING) {
            boolean last = content instanceof LastHttpContent;
            context.write(content);
            if (last) {
                end(context);
            }
            return;
        }
        content.release();
        if (state == State.SKIPPING && content instanceof LastHttpContent) {
            answerRoute(context);
        }
    }

    // ---- answering ------------------------------------------------------------------------------------------------

    private void answerRoute(ChannelHandlerContext context) {
        switch (route.kind()) {
            case PAGE -> answer(context, HttpResponseStatus.OK, "text/html; charset=utf-8", page());
            case ECHO -> answer(context, HttpResponseStatus.OK, "application/octet-stream", "");
            case BAD, NOT_FOUND -> answerProblem(context);
            case DELAY -> {
                state = State.WAITING;
                timer = context.executor().schedule(() -> answerLate(context), route.number(), TimeUnit.MILLISECONDS);
            }
            case BYTES -> {
                HttpResponse response = new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
                complete(response, "text/plain; charset=us-ascii");
                HttpUtil.setContentLength(response, route.number());
                context.write(response);
                bytesLeft = head ? 0 : route.number();
                state = State.SENDING;
                send(context);
            }
        }
    }

    private void answerProblem(ChannelHandlerContext context) {
        answer(context, route.kind().status(), "text/plain; charset=utf-8", route.problem() + "\n");
    }

    private void answerLate(ChannelHandlerContext context) {
        timer = null;
        if (context.channel().isActive()) {
            answer(context, HttpResponseStatus.OK, "text/plain", "waited " + route.number() + "ms\n");
            resume(context);
        }
    }

    private void answer(ChannelHandlerContext context, HttpResponseStatus status, String type, String text) {
        ByteBuf body = Unpooled.copiedBuffer(text, StandardCharsets.UTF_8);
        DefaultFullHttpResponse response = new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, status, body);
        complete(response, type);
        HttpUtil.setContentLength(response, body.readableBytes());
        if (head) {
            // The codec leaves it out too, but not where it has written an interim answer before.
            body.clear();
        }
        context.write(response);
        end(context);
    }

    private void complete(HttpResponse response, String type) {
        response.headers()
                .set(HttpHeaderNames.CONTENT_TYPE, type)
                .set(HttpHeaderNames.DATE, HttpDate.now())
                .set("x-origin", name)
                .setInt("x-loop", connection.loop().id());
        HttpUtil.setKeepAlive(response.headers(), version, keepAlive);
    }

    private void beginEcho(ChannelHandlerContext context, HttpRequest request) {
        HttpResponse response = new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
        String type = request.headers().get(HttpHeaderNames.CONTENT_TYPE);
        complete(response, type != null ? type : "application/octet-stream");
        String length = request.headers().get(HttpHeaderNames.CONTENT_LENGTH);
        if (HttpUtil.isTransferEncodingChunked(request)) {
            response.headers().set(HttpHeaderNames.TRANSFER_ENCODING, HttpHeaderValues.CHUNKED);
        } else {
            response.headers().set(HttpHeaderNames.CONTENT_LENGTH, length != null ? length : "0");
        }
        context.write(response);
        state = State.ECHOING;
    }

    /** Sends pieces until the connection is full, the turn is over or nothing is left. */
    private void send(ChannelHandlerContext context) {
        for (int pieces = 0; bytesLeft > 0 && context.channel().isActive(); pieces++) {
            if (pieces == MAX_PIECES) {
                context.flush();
                connection.offer(() -> sendMore(context));
                return;
            }
            int length = (int) Math.min(bytesLeft, PIECE.readableBytes());
            bytesLeft -= length;
            // Decided before the flush: what drains inside it calls back here.
            boolean more = bytesLeft > 0;
            context.write(new DefaultHttpContent(PIECE.retainedSlice(0, length)));
            if (more && !context.channel().isWritable()) {
                state = State.SENDING;
                context.flush();
                return;
            }
        }
        if (state == State.SENDING && bytesLeft == 0) {
            context.write(LastHttpContent.EMPTY_LAST_CONTENT);
            end(context);
            context.flush();
        }
    }

    private void sendMore(ChannelHandlerContext context) {
        if (state == State.SENDING) {
            send(context);
            resume(context);
        }
    }

    /** The answer is written: the next request, or the end. */
    private void end(ChannelHandlerContext context) {
        if (keepAlive && !draining) {
            state = State.READY;
        } else {
            state = State.ENDING;
            context.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
        }
    }

    private String page() {
        return "<!doctype html>\n<title>" + name + "</title>\n<h1>" + name + "</h1>\n<p>Loop "
                + connection.loop().id() + " answered request " + requests + " of this connection.</p>\n"
                + "<p>Also here: <a href=\"/bytes/1000\">/bytes/N</a> (up to "
                + config.maxBytes() + "), <a href=\"/delay/100\">/delay/MS</a> (up to "
                + config.maxDelay().toMillis() + "), /echo.</p>\n";
    }

    // ---- the end of the connection --------------------------------------------------------------------------------

    /**
     * Ends the connection after the answer that is under way; if there is none, after one more or when patience is
     * over.
     */
    void drain(Duration patience) {
        draining = true;
        keepAlive = false;
        if (patience.isZero()) {
            endIfIdle();
        } else {
            lastRequest = connection.eventLoop().schedule(this::endIfIdle, patience.toNanos(), TimeUnit.NANOSECONDS);
        }
    }

    private void endIfIdle() {
        if (state == State.READY && decoded.isEmpty()) {
            connection.close();
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (event instanceof IdleStateEvent && state != State.WAITING) {
            context.close();
        }
        context.fireUserEventTriggered(event);
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        if (timer != null) {
            timer.cancel(false);
        }
        if (lastRequest != null) {
            lastRequest.cancel(false);
        }
        Object message;
        while ((message = decoded.poll()) != null) {
            ReferenceCountUtil.release(message);
        }
        context.fireChannelInactive();
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
