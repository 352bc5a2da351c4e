package dev.baton.plugin.httpproxy;

import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.loop.Loop;
import dev.baton.spi.upstream.UpstreamServer;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ConnectTimeoutException;
import io.netty.handler.codec.ByteToMessageDecoder;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The client's end: the only handler of an accepted connection. It reads requests, one exchange at a time, asks for an
 * upstream connection and hands the request to the {@link UpstreamEnd} there, which hands the answer back.
 *
 * <pre>
 * phase     is over when                             then
 * HEAD      a request's head is there                BODY or ANSWER
 * BODY      the request's body is complete           ANSWER
 * ANSWER    the answer is complete                   HEAD, or the connection closes
 * DISCARD   the client closes, or after a second     (the answer ended before the request did)
 * </pre>
 *
 * <p>Everything here runs under the claim on this connection. The upstream end may be on another loop at any time: it
 * calls the methods that take an exchange under this claim, and what is not of the current exchange and from the current
 * upstream connection is dropped. Bytes that cannot be used yet (the next request, a body before there is a connection)
 * stay in {@code unread}, and reading stops: that is one read at most.
 */
final class Downstream extends RequestDecoder {
    /** Connections tried for one exchange, all in all. */
    private static final int MAX_ATTEMPTS = 3;
    /** From this attempt on the connection is a new one: the idle ones may all be dead. */
    private static final int FRESH_ATTEMPT = 2;

    enum Phase {
        HEAD,
        BODY,
        ANSWER,
        DISCARD
    }

    private final HttpProxyService service;
    private final MovableChannel channel;
    private final AnswerWriter answer = new AnswerWriter();
    private final DownstreamTimer timer;

    @SuppressWarnings("NullAway.Init") // set when the handler is added, before anything else is called
    private ChannelHandlerContext ctx;

    private @Nullable String client;
    private @Nullable BodyReader body;
    private @Nullable ByteBuf unread;
    private @Nullable Exchange exchange;
    private @Nullable UpstreamEnd upstream;

    private Phase phase = Phase.HEAD;
    /** A caller up the stack is reading: it goes on by itself. */
    private boolean processing;
    /** Some bytes of a head are there. */
    private boolean headBegun;
    /** The connection under way served another exchange before: it may have died since. */
    private boolean reused;
    /** The upstream end cannot take more of the request's body now, and will say when it can. */
    private boolean requestPaused;

    private boolean requestUnflushed;
    /** Some of the request's body was posted, and the upstream end has not been asked yet to say when it has all of it. */
    private boolean requestPosted;
    /** The upstream end reads no more of the answer until it is told. */
    private boolean answerPaused;

    private boolean reading = true;
    private boolean draining;

    Downstream(HttpProxyService service, MovableChannel channel) {
        super(service.decoding());
        this.service = service;
        this.channel = channel;
        timer = new DownstreamTimer(this, service);
    }

    @Override
    Downstream downstream() {
        return this;
    }

    MovableChannel channel() {
        return channel;
    }

    HttpProxyService service() {
        return service;
    }

    /** The client's address, as servers are told. Called by the upstream end only after a request came. */
    String client() {
        String known = client;
        if (known == null) {
            InetSocketAddress remote = channel.remoteAddress();
            InetAddress address = remote == null ? null : remote.getAddress();
            String text = address == null ? "unknown" : address.getHostAddress();
            int zone = text.indexOf('%');
            known = zone < 0 ? text : text.substring(0, zone);
            client = known;
        }
        return known;
    }

    // ---------------------------------------------------------------------------------------------- from the channel

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        ctx = context;
        if (channel.isActive()) {
            timer.start();
        }
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        timer.start();
        context.fireChannelActive();
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        ByteBuf in = (ByteBuf) message;
        ByteBuf before = unread;
        if (processing) {
            unread = before == null ? in : merge(before, in);
            return;
        }
        unread = null;
        process(before == null ? in : merge(before, in));
    }

    private ByteBuf merge(ByteBuf before, ByteBuf in) {
        return ByteToMessageDecoder.MERGE_CUMULATOR.cumulate(ctx.alloc(), before, in);
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        flushRequest();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        if (answerPaused && channel.isWritable()) {
            answerPaused = false;
            timer.progress();
            Exchange current = exchange;
            UpstreamEnd end = upstream;
            if (current != null && end != null) {
                end.resumeAnswer(current);
            }
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        phase = Phase.DISCARD;
        timer.stop();
        releaseUnread();
        Exchange current = exchange;
        if (current != null) {
            current.abandon();
            exchange = null;
            abortUpstream(current);
        }
        context.fireChannelInactive();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        if (!(cause instanceof IOException)) {
            context.fireExceptionCaught(cause);
        }
        context.close();
    }

    // ------------------------------------------------------------------------------------------------------- reading

    private void process(ByteBuf in) {
        processing = true;
        try {
            boolean more = true;
            while (more && in.isReadable()) {
                more = step(in);
            }
        } finally {
            processing = false;
            if (in.isReadable() && phase != Phase.DISCARD) {
                unread = unread == null ? in : merge(in, unread);
            } else {
                in.release();
            }
        }
        updateReading();
    }

    /** Takes what it can use from the buffer; false: that was all for now. */
    private boolean step(ByteBuf in) {
        return switch (phase) {
            case HEAD -> readHead(in);
            case BODY -> upstream != null && readBody(in, upstream);
            case ANSWER -> false;
            case DISCARD -> {
                in.skipBytes(in.readableBytes());
                yield false;
            }
        };
    }

    private boolean readHead(ByteBuf in) {
        Exchange next;
        try {
            next = decodeHead(ctx, in);
        } catch (Exception e) {
            refuse(Refusal.ofRequest(e), e.getMessage());
            return true;
        }
        if (next == null) {
            if (!headBegun && (inHead() || in.isReadable())) {
                headBegun = true;
                timer.progress();
            }
            return false;
        }
        headBegun = false;
        exchange = next;
        answer.begin(next.keepAlive() && !draining);
        service.requests().increment();
        timer.progress();
        if (next.hasBody()) {
            phase = Phase.BODY;
            if (body == null) {
                body = new BodyReader(service.headerLimit(), false);
            }
            body.begin(next.bodyLength());
        } else {
            phase = Phase.ANSWER;
        }
        next.goTo(service.upstream().next());
        ask(next);
        return true;
    }

    private boolean readBody(ByteBuf in, UpstreamEnd end) {
        BodyReader reader = body;
        Exchange current = exchange;
        if (reader == null || current == null) {
            throw new IllegalStateException("a body without a request");
        }
        int count;
        try {
            count = reader.next(in);
        } catch (RuntimeException e) {
            abortUpstream(current);
            refuse(Refusal.BAD_CHUNK, e.getMessage());
            return true;
        }
        boolean last = reader.done();
        if (count == 0 && !last) {
            return false;
        }
        if (last) {
            phase = Phase.ANSWER;
        }
        timer.progress();
        MovableChannel other = end.channel();
        if (other.tryEnter()) {
            try {
                end.requestBody(current, in, count, last, reader.trailers());
                requestPaused = !last && !end.takesMoreRequest(current);
                requestUnflushed = true;
            } finally {
                other.leave();
            }
        } else {
            // Over there it waits in a queue that nobody limits: so stop reading until all of this read was taken.
            requestPaused = !last;
            requestPosted = !last;
            requestUnflushed = false;
            ByteBuf data = in.readRetainedSlice(count);
            HeaderFields trailers = reader.trailers();
            other.post(() -> end.postedRequestBody(current, data, last, trailers));
        }
        return true;
    }

    private void flushRequest() {
        if (requestUnflushed || requestPosted) {
            boolean posted = requestPosted;
            requestUnflushed = false;
            requestPosted = false;
            UpstreamEnd end = upstream;
            Exchange current = exchange;
            if (end == null || current == null) {
                return;
            }
            if (posted) {
                end.channel().post(() -> end.caughtUpWithRequest(current));
            } else if (end.channel().tryEnter()) {
                try {
                    end.flushRequest(current);
                } finally {
                    end.channel().leave();
                }
            } else {
                end.channel().post(() -> end.flushRequest(current));
            }
        }
    }

    /** Goes on with bytes that had to wait. */
    private void resume() {
        ByteBuf in = unread;
        if (in != null && !processing) {
            unread = null;
            process(in);
            flushRequest();
        }
        updateReading();
    }

    /** Reads while what comes can be used, and, to notice that the client goes, until something waits to be used. */
    private void updateReading() {
        boolean wanted = switch (phase) {
            case BODY -> upstream != null && !requestPaused;
            case ANSWER -> unread == null;
            case HEAD, DISCARD -> true;
        };
        if (wanted != reading) {
            reading = wanted;
            channel.config().setAutoRead(wanted);
        }
    }

    private void releaseUnread() {
        if (unread != null) {
            unread.release();
            unread = null;
        }
    }

    // --------------------------------------------------------------------------------------- finding a connection

    private void ask(Exchange current) {
        UpstreamServer server = current.server();
        if (server == null) {
            throw new IllegalStateException("no server was chosen");
        }
        Loop loop = channel.loop();
        while (current.attempts < FRESH_ATTEMPT) {
            MovableChannel idle = service.connections().take(server, loop);
            if (idle == null) {
                break;
            }
            try {
                UpstreamEnd end = UpstreamEnd.of(idle);
                reused = true;
                upstream = end;
                if (end != null && end.begin(current)) {
                    return;
                }
                upstream = null;
                current.attempts++;
            } finally {
                idle.leave();
            }
        }
        reused = false;
        service.connections().connect(server, loop, current);
    }

    /** A new connection carries the exchange. */
    void attached(Exchange named, UpstreamEnd end, boolean sent) {
        if (!named.equals(exchange) || upstream != null) {
            end.abortSoon(named);
            return;
        }
        upstream = end;
        timer.progress();
        if (sent) {
            resume();
        } else {
            upstreamFailed(named, end, Refusal.UPSTREAM_CLOSED, true, null);
        }
    }

    /** There is no new connection. Nothing was sent, so the next server may be asked whatever the request is. */
    void connectFailed(Exchange named, Throwable cause) {
        if (!named.equals(exchange) || upstream != null) {
            return;
        }
        List<UpstreamServer> servers = service.upstream().servers();
        named.attempts++;
        if (cause instanceof ConnectTimeoutException) {
            fail(named, Refusal.CONNECT_TIMEOUT, cause.getMessage());
        } else if (named.attempts < Math.min(MAX_ATTEMPTS, servers.size())) {
            UpstreamServer failed = named.server();
            int index = failed == null ? 0 : failed.index() + 1;
            named.goTo(servers.get(index % servers.size()));
            ask(named);
            if (upstream != null) {
                // An idle connection carries the exchange now: nobody else will fetch the body that waits.
                timer.progress();
                resume();
            }
        } else {
            fail(named, Refusal.CONNECT_FAILED, cause.getMessage());
        }
    }

    // -------------------------------------------------------------------------------------- from the upstream end

    /** The upstream end can take more of the request's body. */
    void resumeRequest(Exchange named, UpstreamEnd from) {
        if (isCurrent(named, from) && requestPaused) {
            requestPaused = false;
            timer.progress();
            updateReading();
        }
    }

    void informational(Exchange named, UpstreamEnd from, ResponseHead head) {
        if (isCurrent(named, from)) {
            timer.progress();
            answer.informational(ctx, named, head);
        }
    }

    /**
     * The answer begins.
     *
     * @param in its next {@code count} bytes are the body's first; taken out in any case
     * @param last they are all of it
     */
    void answer(Exchange named, UpstreamEnd from, ResponseHead head, ByteBuf in, int count, boolean last) {
        if (!isCurrent(named, from)) {
            in.skipBytes(count);
            return;
        }
        timer.progress();
        if (draining || phase == Phase.BODY) {
            // Nobody knows where a request ends whose server has answered before: the next cannot be found.
            answer.closeAfterwards();
        }
        answer.start(ctx, named, head, in, count, last);
        if (last) {
            finish();
        }
    }

    /** The answer goes on. */
    void answerBody(
            Exchange named, UpstreamEnd from, ByteBuf in, int count, boolean last, @Nullable HeaderFields trailers) {
        if (!isCurrent(named, from)) {
            in.skipBytes(count);
            return;
        }
        timer.progress();
        answer.body(ctx, in, count, last, trailers);
        if (last) {
            finish();
        }
    }

    /** False: read no more of the answer before {@link UpstreamEnd#resumeAnswer}. */
    boolean takesMoreAnswer(Exchange named, UpstreamEnd from) {
        boolean writable = !isCurrent(named, from) || channel.isWritable();
        answerPaused = !writable;
        return writable;
    }

    /** All that was posted of the answer so far has arrived here: flushes it and asks for more. */
    void caughtUpWithAnswer(Exchange named, UpstreamEnd from) {
        flushAnswer();
        if (isCurrent(named, from) && takesMoreAnswer(named, from)) {
            from.resumeAnswer(named);
        }
    }

    void flushAnswer() {
        ctx.flush();
    }

    /**
     * There will be no answer, or no more of it.
     *
     * @param unused the server sent nothing, so it may not even have read the request
     */
    void upstreamFailed(Exchange named, UpstreamEnd from, Refusal refusal, boolean unused, @Nullable String detail) {
        if (!isCurrent(named, from)) {
            return;
        }
        forgetUpstream();
        if (unused && reused && named.isRepeatable() && !answer.started() && ++named.attempts < MAX_ATTEMPTS) {
            service.retries().increment();
            ask(named);
        } else {
            fail(named, refusal, detail);
        }
    }

    private boolean isCurrent(Exchange named, UpstreamEnd from) {
        return named.equals(exchange) && from == upstream;
    }

    // ------------------------------------------------------------------------------------------- ending an exchange

    private void finish() {
        exchange = null;
        forgetUpstream();
        if (answer.keepAlive() && phase == Phase.ANSWER) {
            ctx.flush();
            next();
        } else {
            close(phase == Phase.BODY || unread != null || processing);
        }
    }

    private void next() {
        phase = Phase.HEAD;
        timer.progress();
        if (unread != null && !processing) {
            // Not at once: a client that has sent many requests must not keep this loop from the others.
            channel.offer(this::resume);
        } else {
            updateReading();
        }
    }

    private void forgetUpstream() {
        upstream = null;
        requestPaused = false;
        requestUnflushed = false;
        requestPosted = false;
        answerPaused = false;
    }

    private void abortUpstream(Exchange current) {
        UpstreamEnd end = upstream;
        forgetUpstream();
        if (end != null) {
            end.abortSoon(current);
        }
    }

    private void fail(Exchange current, Refusal refusal, @Nullable String detail) {
        UpstreamServer server = current.server();
        service.refusals().count(refusal, server == null ? client() : server.address(), detail);
        current.abandon();
        abortUpstream(current);
        exchange = null;
        if (answer.started()) {
            close(false);
            return;
        }
        if (draining || phase == Phase.BODY) {
            answer.closeAfterwards();
        }
        answer.refuse(ctx, current, refusal);
        if (answer.keepAlive()) {
            ctx.flush();
            next();
        } else {
            close(phase == Phase.BODY);
        }
    }

    /** What the client sent cannot be read: nothing after it can be either. */
    private void refuse(Refusal refusal, @Nullable String detail) {
        service.refusals().count(refusal, client(), detail);
        boolean answering = exchange != null && answer.started();
        exchange = null;
        if (!answering) {
            answer.refuse(ctx, null, refusal);
        }
        close(true);
    }

    /**
     * Closes after what was written. If bytes of the client's are unread, or may come, the connection stays half open
     * for a moment: closing it at once would reset it, and the client might never see the answer.
     */
    private void close(boolean linger) {
        phase = Phase.DISCARD;
        releaseUnread();
        updateReading();
        if (linger) {
            timer.linger();
            ctx.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(written -> channel.shutdownOutput());
        } else {
            ctx.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
        }
    }

    /** Closes now if nothing is under way, else after the answer that is. */
    void drain() {
        draining = true;
        if (phase == Phase.HEAD && !headBegun && unread == null) {
            ctx.close();
        } else {
            answer.closeAfterwards();
        }
    }

    // ------------------------------------------------------------------------------------------------ for the timer

    Phase phase() {
        return phase;
    }

    boolean headBegun() {
        return headBegun;
    }

    boolean connecting() {
        return exchange != null && upstream == null;
    }

    boolean answering() {
        return exchange != null && answer.started();
    }

    boolean requestPaused() {
        return requestPaused;
    }

    /** Somebody was silent for too long while it was his turn. */
    void timedOut(Refusal refusal) {
        Exchange current = exchange;
        if (current != null) {
            fail(current, refusal, null);
        } else if (phase == Phase.HEAD && headBegun) {
            refuse(refusal, null);
        } else {
            ctx.close();
        }
    }

    /** The client does not read: what was written for it will never go out, so there is nothing to wait for. */
    void cut(Refusal refusal) {
        service.refusals().count(refusal, client(), null);
        ctx.close();
    }
}
