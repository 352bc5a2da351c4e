package dev.baton.plugin.http.http1;

import dev.baton.plugin.http.exchange.BodyLength;
import dev.baton.plugin.http.exchange.Downstream;
import dev.baton.plugin.http.exchange.Exchange;
import dev.baton.plugin.http.exchange.ExchangeEnv;
import dev.baton.plugin.http.exchange.HeaderFields;
import dev.baton.plugin.http.exchange.Messages;
import dev.baton.plugin.http.exchange.Refusal;
import dev.baton.plugin.http.exchange.ResponseHead;
import dev.baton.plugin.http.exchange.UpstreamEnd;
import dev.baton.spi.channel.Eviction;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.upstream.UpstreamServer;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * The server's end: the last handler of an upstream connection, and the only one without TLS. It sends one request at a
 * time and hands the answer to the {@link Downstream} end of the exchange. When the answer is complete the connection
 * goes back to the pool, if nothing of the exchange is left in it, or else is closed.
 *
 * <p>Everything here runs under the claim on this connection; the client's end may be on another loop. Data is handed
 * over directly where this thread can enter that end; when the client takes no more, what has been read waits here, and
 * reading stops. Where it cannot enter, the pieces of one read are posted, and reading stops until they were taken,
 * because a queue has no limit.
 */
public final class Http1UpstreamEnd extends ChannelInboundHandlerAdapter implements UpstreamEnd {
    /** Heads before the answer (1xx) that one exchange may have. */
    private static final int MAX_INFORMATIONAL = 64;

    private final ExchangeEnv env;
    private final MovableChannel channel;
    private final ResponseDecoder heads;
    private final BodyReader body;

    @SuppressWarnings("NullAway.Init") // set when the handler is added, before anything else is called
    private ChannelHandlerContext ctx;

    private @Nullable Exchange exchange;
    private @Nullable ByteBuf unread;
    /** Of an answer that may have trailers. */
    private @Nullable HeaderFields headFields;

    /** It has carried an exchange: the server may have closed it since. */
    private boolean served;

    private int informational;
    private boolean inBody;
    private boolean anyByte;
    private boolean keepAlive;
    private boolean requestSent;
    private boolean broken;
    /** The server has ended its side in order: what has come is all that it sent. */
    private boolean inputEnded;
    /**
     * The connection is gone: what was read is handed over whether there is room or not, and nothing comes after it.
     */
    private boolean ended;
    /** The client's end reads no more of the request until it is told. */
    private boolean requestPaused;

    /** The client's end takes no more of the answer until it says so. */
    private boolean answerFull;

    private boolean answerUnflushed;
    /** Of what is unflushed, some was posted: the client's end has to say when it has all of it. */
    private boolean answerPosted;

    private boolean reading = true;
    /** Bytes of an answer that are on their way to the client's loop. */
    private int postedBytes;
    /** The channel was told that memory is held here. */
    private boolean holding;

    public Http1UpstreamEnd(ExchangeEnv env, Http1Settings settings, MovableChannel channel) {
        this.env = env;
        this.channel = channel;
        heads = new ResponseDecoder(settings.headerLimit());
        body = new BodyReader(settings.headerLimit(), true);
    }

    @Override
    public MovableChannel channel() {
        return channel;
    }

    @Override
    public boolean hasServed() {
        return served;
    }

    // ------------------------------------------------------------------------------------- from the downstream end

    @Override
    public boolean begin(Exchange next) {
        if (exchange != null) {
            throw new IllegalStateException("the connection serves another exchange");
        }
        if (!channel.isActive()) {
            return false;
        }
        UpstreamServer server = next.server();
        HeadWriter head = Heads.request(
                next, server == null ? "" : server.address(), next.downstream().client());
        exchange = next;
        served = true;
        informational = 0;
        inBody = false;
        anyByte = false;
        requestSent = !next.hasBody();
        heads.answering(next);
        ByteBuf out = ctx.alloc().directBuffer(head.length());
        ctx.writeAndFlush(out.writeBytes(head.bytes(), 0, head.length()), ctx.voidPromise());
        return true;
    }

    @Override
    public void requestBody(Exchange named, ByteBuf in, int count, boolean last, @Nullable HeaderFields trailers) {
        if (!named.equals(exchange)) {
            in.skipBytes(count);
            return;
        }
        BodyWriter.write(ctx, in, count, named.bodyLength() == BodyLength.CHUNKED, last, trailers);
        requestSent = last;
    }

    @Override
    public boolean takesMoreRequest(Exchange named) {
        if (!named.equals(exchange)) {
            return true;
        }
        requestPaused = !channel.isWritable();
        return !requestPaused;
    }

    @Override
    public void postedRequestBody(Exchange named, ByteBuf data, boolean last, @Nullable HeaderFields trailers) {
        try {
            requestBody(named, data, data.readableBytes(), last, trailers);
        } finally {
            data.release();
        }
        if (last) {
            flushRequest(named);
        }
    }

    @Override
    public void flushRequest(Exchange named) {
        assert channel.eventLoop().inEventLoop() : "without the claim on the server's connection (F4)";
        if (named.equals(exchange)) {
            ctx.flush();
        }
    }

    @Override
    public void caughtUpWithRequest(Exchange named) {
        flushRequest(named);
        if (named.equals(exchange) && takesMoreRequest(named)) {
            resumeRequest(named);
        }
    }

    @Override
    public boolean resumeAnswer(Exchange named) {
        return Messages.post(channel, () -> resumeReading(named));
    }

    private void resumeReading(Exchange named) {
        assert channel.eventLoop().inEventLoop() : "without the claim on the server's connection (F4)";
        if (!named.equals(exchange)) {
            return;
        }
        answerFull = false;
        postedBytes = 0;
        read(true); // before what waits: that may stop it again
        ByteBuf waiting = unread;
        if (waiting != null) {
            unread = null;
            receive(named, waiting);
            flushAnswer();
        }
        countMemory();
    }

    @Override
    public void endTunnel(Exchange named) {
        Messages.post(channel, () -> {
            if (named.equals(exchange)) {
                exchange = null;
                ctx.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE); // behind what waits
            }
        });
    }

    @Override
    public void abortSoon(Exchange named) {
        Messages.post(channel, () -> {
            if (named.equals(exchange)) {
                abort();
            }
        });
    }

    @Override
    public void abort() {
        exchange = null;
        channel.close();
    }

    @Override
    public void giveBack(Exchange unused) {
        unused.servers().connections().release(channel);
    }

    // ------------------------------------------------------------------------------------------ for the next process

    /** No handler but this one is on its connection, such as one for TLS, whose state would stay behind. */
    boolean isBare() {
        return channel.pipeline().first() == this;
    }

    /** Whether the tunnel can continue in another process. Under the claims on both connections. */
    boolean isOpenTunnel(Exchange named) {
        return named.equals(exchange) && inBody && body.untilClose() && !broken && !inputEnded && channel.isActive();
    }

    /** What was read of the tunnel and waits for the client. */
    byte[] waiting() {
        return unread == null ? new byte[0] : ByteBufUtil.getBytes(unread);
    }

    /** The tunnel continues in another process: the end of the connection, which comes next, means nothing here. */
    void pack() {
        exchange = null;
    }

    /** A tunnel comes from another process. Under the claims on both connections, before anything else is called. */
    void unpack(Exchange tunnel, byte[] waiting) {
        if (exchange != null) {
            throw new IllegalStateException("the connection serves another exchange");
        }
        exchange = tunnel;
        served = true;
        anyByte = true;
        inBody = true;
        body.begin(BodyLength.UNTIL_CLOSE);
        if (waiting.length > 0) {
            unread = channel.alloc().directBuffer(waiting.length).writeBytes(waiting);
        }
    }

    /** The client's end has the tunnel, too: hands over what waited, if there is room for it now. */
    void continueTunnel(Exchange tunnel) {
        askForRoom(tunnel.downstream(), tunnel);
        if (!answerFull && unread != null) {
            channel.offer(() -> resumeReading(tunnel));
        } else {
            countMemory();
        }
    }

    // ---------------------------------------------------------------------------------------------- from the channel

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        ctx = context;
        // A server may answer and close while the request is still being sent; a failed write must not cost the answer.
        channel.config().setAutoClose(false);
        // Only for the event: once a channel is closed, who ended it and how can no longer be told.
        channel.config().setAllowHalfClosure(true);
        channel.config().setOption(MovableChannel.READ_TO_END, false); // what is held is bounded by not reading
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (event instanceof ChannelInputShutdownEvent) {
            inputEnded = true;
            channel.close();
        } else if (event instanceof Eviction eviction) {
            eviction.take();
            evict();
        }
        context.fireUserEventTriggered(event);
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        ByteBuf in = (ByteBuf) message;
        Exchange current = exchange;
        if (current == null) {
            in.release();
            if (channel.isOpen()) {
                env.refusals().count(Refusal.UNSOLICITED_RESPONSE, String.valueOf(channel.remoteAddress()), null);
                channel.close();
            }
            return;
        }
        ByteBuf before = unread;
        if (before != null) {
            unread = null;
            in = Unread.merge(ctx.alloc(), before, in);
        }
        anyByte = true;
        receive(current, in);
    }

    /** Reads on, as far as the client's end takes it; what remains waits. */
    private void receive(Exchange current, ByteBuf in) {
        MovableChannel other = current.downstream().channel();
        boolean entered = other.tryEnter();
        try {
            process(current, in, entered);
        } finally {
            if (entered) {
                other.leave();
            }
            if (in.isReadable() && exchange != null) {
                unread = in;
            } else {
                in.release();
            }
        }
        countMemory();
    }

    /**
     * Says what stays here: an unfinished head, what waits until the client takes it, and what is on its way to its
     * loop.
     */
    private void countMemory() {
        ByteBuf waiting = unread;
        if ((postedBytes == 0 && waiting == null && !holding) || !channel.isOpen()) {
            return;
        }
        holding = postedBytes != 0 || waiting != null;
        if (!channel.hold(0, postedBytes + (waiting == null ? 0 : waiting.capacity()))) {
            evict();
        }
    }

    private void evict() {
        Exchange current = exchange;
        if (current != null) {
            fail(current, Refusal.EVICTED, null);
        }
        channel.close();
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        flushAnswer();
    }

    private void flushAnswer() {
        Exchange current = exchange;
        if (answerUnflushed && current != null) {
            answerUnflushed = false;
            Downstream other = current.downstream();
            boolean reached;
            if (answerPosted) {
                answerPosted = false;
                reached = other.post(() -> other.caughtUpWithAnswer(current, this));
            } else {
                reached = flush(other);
            }
            if (!reached) {
                abort();
            }
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        Exchange current = exchange;
        if (requestPaused && current != null && channel.isWritable()) {
            requestPaused = false;
            resumeRequest(current);
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        ByteBuf waiting = unread;
        unread = null;
        Exchange current = exchange;
        if (waiting != null && current != null && answerFull) {
            // It came before the end, and there is no end to wait for here any more.
            ended = true;
            answerFull = false;
            receive(current, waiting);
            waiting = unread;
            unread = null;
            current = exchange;
        }
        if (waiting != null) {
            waiting.release();
        }
        if (holding) {
            channel.hold(0, 0);
        }
        if (current != null) {
            // An error of a write takes the news of a reset: the end that is read after it is none.
            if (inBody && body.untilClose() && inputEnded && !broken) {
                exchange = null;
                handOver(current, null, Unpooled.EMPTY_BUFFER, 0, true, false);
            } else {
                fail(current, Refusal.UPSTREAM_CLOSED, anyByte ? "in the middle of the answer" : null);
            }
        }
        context.fireChannelInactive();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        if (cause instanceof IOException) {
            // Of a write: what the server has sent before is still worth reading. Of a read: the channel closes itself.
            broken = true;
            return;
        }
        context.fireExceptionCaught(cause);
        channel.close();
    }

    // ---------------------------------------------------------------------------------------------------- the answer

    private void process(Exchange current, ByteBuf in, boolean entered) {
        try {
            while (current.equals(exchange) && in.isReadable() && !answerFull) {
                if (!(inBody ? readBody(current, in, entered) : readHead(current, in, entered))) {
                    return;
                }
            }
        } catch (Exception e) {
            fail(current, Refusal.BAD_RESPONSE, e.getMessage());
            channel.close();
        }
    }

    private boolean readHead(Exchange current, ByteBuf in, boolean entered) {
        ResponseHead head = heads.decodeHead(in);
        if (head == null) {
            return false;
        }
        if (head.isInformational()) {
            if (++informational > MAX_INFORMATIONAL) {
                throw new IllegalArgumentException("more than " + MAX_INFORMATIONAL + " heads before the answer");
            }
            RequestRules.readConnection(head.fields(), head.isHttp10());
            Downstream other = current.downstream();
            answerUnflushed = true;
            if (entered) {
                other.informational(current, this, head);
                askForRoom(other, current);
                return true;
            }
            stopReadingForPosted();
            if (!other.post(() -> other.informational(current, this, head))) {
                abort();
            }
            return true;
        }
        keepAlive = !head.beginsTunnel() && RequestRules.readConnection(head.fields(), head.isHttp10());
        body.begin(head.bodyLength());
        inBody = true;
        headFields = head.bodyLength() == BodyLength.CHUNKED ? head.fields() : null;
        takePiece(current, head, in, body.next(in), entered);
        return true;
    }

    private boolean readBody(Exchange current, ByteBuf in, boolean entered) {
        int count = body.next(in);
        if (count == 0 && !body.done()) {
            return false;
        }
        takePiece(current, null, in, count, entered);
        return true;
    }

    /** Hands the piece that was found over, with the small ones behind it. */
    private void takePiece(Exchange current, @Nullable ResponseHead head, ByteBuf in, int count, boolean entered) {
        ByteBuf joined = SmallChunks.join(body, in, count, ctx.alloc());
        if (joined == null) {
            take(current, head, in, count, in.readableBytes() > count, entered);
            return;
        }
        try {
            take(current, head, joined, joined.readableBytes(), in.isReadable(), entered);
        } finally {
            joined.release();
        }
    }

    /**
     * Hands a piece over; if it is the last, gives the connection away before, so that nothing can come after it.
     *
     * @param rest more has been read than this piece
     */
    private void take(
            Exchange current, @Nullable ResponseHead head, ByteBuf in, int count, boolean rest, boolean entered) {
        boolean last = body.done();
        if (last) {
            exchange = null;
            heads.answering(null);
            answerUnflushed = false;
            answerPosted = false;
            requestPaused = false;
            answerFull = false;
            postedBytes = 0;
            read(true);
            if (keepAlive && requestSent && !broken && !ended && !rest && nothingToWrite()) {
                current.servers().connections().release(channel);
            } else {
                channel.close();
            }
        } else {
            answerUnflushed = true;
        }
        handOver(current, head, in, count, last, entered);
    }

    private boolean nothingToWrite() {
        var out = channel.unsafe().outboundBuffer();
        return out != null && out.isEmpty();
    }

    private void handOver(
            Exchange current, @Nullable ResponseHead head, ByteBuf in, int count, boolean last, boolean entered) {
        Downstream other = current.downstream();
        HeaderFields trailers = last ? body.trailers() : null;
        HeaderFields fields = headFields;
        if (last) {
            headFields = null;
        }
        if (trailers != null && fields != null) {
            RequestRules.endTrailersHere(fields, trailers);
        }
        if (entered) {
            try {
                arrive(other, current, head, in, count, last, trailers);
                if (!last) {
                    askForRoom(other, current);
                }
            } catch (Exception | LinkageError | AssertionError | StackOverflowError e) {
                other.broke(e);
            }
            return;
        }
        if (!last) {
            stopReadingForPosted();
            postedBytes += count;
        }
        ByteBuf data = count == 0 ? Unpooled.EMPTY_BUFFER : in.readRetainedSlice(count);
        boolean sent = other.post(() -> {
            try {
                arrive(other, current, head, data, data.readableBytes(), last, trailers);
            } finally {
                data.release();
            }
        });
        if (!sent) {
            data.release();
            if (!last) {
                abort();
            }
        }
    }

    private void askForRoom(Downstream other, Exchange current) {
        if (!ended && !other.takesMoreAnswer(current, this)) {
            answerFull = true;
            read(false);
        }
    }

    /**
     * One question for all pieces of a read, in channelReadComplete: an answer for each would let another read begin
     * while most of this one waits, and could find the connection idle already.
     */
    private void stopReadingForPosted() {
        answerPosted = true;
        read(false);
    }

    /** Under the claim on the client's connection. */
    private void arrive(
            Downstream other,
            Exchange current,
            @Nullable ResponseHead head,
            ByteBuf in,
            int count,
            boolean last,
            @Nullable HeaderFields trailers) {
        if (head == null) {
            other.answerBody(current, this, in, count, last, trailers);
        } else {
            other.answer(current, this, head, in, count, last, trailers);
        }
    }

    /** False: the client's end is gone, with its loop. */
    private static boolean flush(Downstream other) {
        MovableChannel there = other.channel();
        if (!there.tryEnter()) {
            return other.post(other::flush);
        }
        try {
            other.flush();
        } finally {
            there.leave();
        }
        return true;
    }

    private void resumeRequest(Exchange current) {
        Downstream other = current.downstream();
        if (!other.post(() -> other.resumeRequest(current, this))) {
            abort();
        }
    }

    private void fail(Exchange current, Refusal refusal, @Nullable String detail) {
        if (current.equals(exchange)) {
            exchange = null;
            boolean unused = !anyByte;
            Downstream other = current.downstream();
            // Whether it arrives or not: this end is done with the exchange.
            other.post(() -> other.upstreamFailed(current, this, refusal, unused, detail));
        }
    }

    private void read(boolean wanted) {
        if (wanted != reading) {
            reading = wanted;
            channel.config().setAutoRead(wanted);
        }
    }
}
