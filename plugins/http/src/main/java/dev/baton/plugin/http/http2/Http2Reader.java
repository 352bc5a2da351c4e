package dev.baton.plugin.http.http2;

import dev.baton.plugin.http.exchange.ClientConnection;
import dev.baton.plugin.http.exchange.ExchangeEnv;
import dev.baton.plugin.http.exchange.Refusal;
import dev.baton.spi.channel.Eviction;
import dev.baton.spi.channel.InputEnd;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.loop.Loop;
import dev.baton.spi.service.Service;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.handler.codec.http2.Http2Connection;
import io.netty.handler.codec.http2.Http2Connection.PropertyKey;
import io.netty.handler.codec.http2.Http2ConnectionDecoder;
import io.netty.handler.codec.http2.Http2ConnectionEncoder;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersEncoder;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2Stream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The only handler of a client's connection in HTTP/2. Netty's codec reads and writes the frames; each stream is an
 * {@link Http2Downstream}, and all of them run under the connection's one claim, so they move together.
 *
 * <p>What responses write in one turn of the loop goes out at its end, in one system call and one record of TLS.
 */
public final class Http2Reader extends Http2ConnectionHandler implements ClientConnection, CountedFrames.Account {
    /** A value of {@code SO_LINGER}. */
    private static final int RESET = 0;

    private final ExchangeEnv env;
    private final MovableChannel channel;
    private final Http2Limits limits;
    private final PropertyKey streamKey;
    private final FrameBudget budget;
    private final ResponseWriter out;
    private final Http2Timer timer;
    private final Callable<@Nullable Void> flushTask = this::flushNow;

    @SuppressWarnings("NullAway.Init") // set when the handler is added, before anything else is called
    private ChannelHandlerContext ctx;

    /** In ASCII; found out for the first request. */
    private byte @Nullable [] clientName;

    /** Bytes are being read: the end of it flushes. */
    private boolean reading;

    /** What has come ends in the middle of a frame, or of a head. */
    private boolean inFrame;

    /** Where a timer is set that flushes: one of a loop that the connection has left since may be late. */
    private @Nullable Loop flushesOn;

    /** GOAWAY is sent: what the client has not begun, it begins elsewhere. */
    private boolean draining;

    /** The last GOAWAY is sent: when the streams have ended, the connection does. */
    private boolean lastGoAway;

    /** Bytes of bodies, in buffers, that are kept for all streams. */
    private long heldBytes;
    /** Bytes of the heads of all requests under way, on the heap. */
    private long heldHeadBytes;
    /** What the channel was told of both. */
    private long toldBytes;

    Http2Reader(
            ExchangeEnv env,
            MovableChannel channel,
            Http2Limits limits,
            Http2ConnectionDecoder decoder,
            Http2ConnectionEncoder encoder,
            Http2HeadersEncoder heads,
            Http2Settings settings,
            PropertyKey streamKey,
            FrameBudget budget) {
        super(decoder, encoder, settings, true);
        this.env = env;
        this.channel = channel;
        this.limits = limits;
        this.streamKey = streamKey;
        this.budget = budget;
        out = new ResponseWriter(this, heads, budget);
        timer = new Http2Timer(this);
    }

    ExchangeEnv env() {
        return env;
    }

    MovableChannel channel() {
        return channel;
    }

    /** Writes to the client. */
    ResponseWriter out() {
        return out;
    }

    ChannelHandlerContext context() {
        return ctx;
    }

    byte[] clientName(Supplier<byte[]> name) {
        byte[] known = clientName;
        if (known == null) {
            known = name.get();
            clientName = known;
        }
        return known;
    }

    /** That of a stream; null: it has none, or none any more. */
    @Nullable
    Http2Downstream of(@Nullable Http2Stream stream) {
        return stream == null ? null : stream.getProperty(streamKey);
    }

    // ---------------------------------------------------------------------------------------------- from the channel

    @Override
    public void handlerAdded(ChannelHandlerContext context) throws Exception {
        ctx = context;
        super.handlerAdded(context);
        if (channel.isActive()) {
            begin();
        }
    }

    @Override
    public void channelActive(ChannelHandlerContext context) throws Exception {
        super.channelActive(context);
        begin();
    }

    private void begin() throws Http2Exception {
        if (timer.start()) {
            Http2Connection connection = connection();
            int more = limits.connectionWindow()
                    - connection.local().flowController().windowSize(connection.connectionStream());
            if (more > 0) {
                decoder().flowController().incrementWindowSize(connection.connectionStream(), more);
            }
            ctx.flush();
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) throws Exception {
        reading = true;
        timer.received();
        super.channelRead(context, message);
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) throws Exception {
        timer.read(inFrame || actualReadableBytes() > 0);
        reading = false;
        super.channelReadComplete(context); // which flushes
        countMemory();
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) throws Exception {
        timer.stop();
        super.channelInactive(context); // which closes all streams
        if (toldBytes != 0) {
            channel.hold(0, 0);
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) throws Exception {
        if (event instanceof Eviction eviction) {
            eviction.take();
            evict();
        } else if (event instanceof InputEnd last) {
            last.take();
            drain(Duration.ZERO);
        } else {
            super.userEventTriggered(context, event);
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) throws Exception {
        if (cause instanceof IOException) {
            context.close();
        } else {
            super.exceptionCaught(context, cause);
        }
    }

    @Override
    protected void onConnectionError(
            ChannelHandlerContext context, boolean outbound, Throwable cause, @Nullable Http2Exception known) {
        if (known == null) {
            if (!(cause instanceof IOException)) { // of a write: the connection is gone
                context.fireExceptionCaught(cause); // a fault of ours, or of a plugin's
            }
        } else if (!outbound && channel.isOpen()) {
            boolean flood = known.error() == Http2Error.ENHANCE_YOUR_CALM;
            refuse(flood ? Refusal.TOO_MANY_FRAMES : Refusal.BAD_FRAME, known.getMessage());
        }
        super.onConnectionError(context, outbound, cause, known);
    }

    @Override
    protected void onStreamError(
            ChannelHandlerContext context, boolean outbound, Throwable cause, Http2Exception.StreamException known) {
        if (outbound) {
            super.onStreamError(context, true, cause, known);
            return;
        }
        timer.frame(); // the codec has read one, and found it wrong
        if (known.error() == Http2Error.STREAM_CLOSED && connection().stream(known.streamId()) == null) {
            return; // it was under way when the stream was reset or has ended (RFC 9113, section 5.1)
        }
        begin(known.streamId());
        if (known.error() == Http2Error.REFUSED_STREAM) {
            super.onStreamError(context, false, cause, known); // the client may ask again
            return;
        }
        boolean tooLarge = known instanceof Http2Exception.HeaderListSizeException;
        refuse(tooLarge ? Refusal.HEADER_TOO_LARGE : Refusal.MALFORMED_REQUEST, known.getMessage());
        super.onStreamError(context, false, cause, known);
        countReset();
    }

    /**
     * A stream that is refused before there is a request has begun all the same: its body, or the client's own reset of
     * it, may be under way, and is no frame of a stream that never was, which would end the connection.
     */
    private void begin(int streamId) {
        Http2Connection.Endpoint<?> client = connection().remote();
        if (!client.isValidStreamId(streamId) || client.mayHaveCreatedStream(streamId)) {
            return;
        }
        int most = client.maxActiveStreams();
        client.maxActiveStreams(Integer.MAX_VALUE);
        try {
            client.createStream(streamId, false);
        } catch (Http2Exception e) {
            // It came behind a GOAWAY: what follows it is dropped.
        } finally {
            client.maxActiveStreams(most);
        }
    }

    /** A stream was reset, or given up, because of what the client sent. */
    void countReset() {
        if (!budget.reset(nanoTime())) {
            onError(
                    ctx,
                    false,
                    Http2Exception.connectionError(Http2Error.ENHANCE_YOUR_CALM, "too many requests that are none"));
        }
    }

    // ---------------------------------------------------------------------------------------------- from the decoder

    /**
     * What the codec takes for something else (RFC 9113, sections 5.1 and 5.1.1). Trailers may come for a stream that
     * was reset; a request may not, nor for one that the client has left out.
     */
    @Override
    public void head(int streamId, Http2Headers fields) throws Http2Exception {
        timer.frame();
        Http2Stream stream = connection().stream(streamId);
        if (stream != null) {
            if (stream.state() == Http2Stream.State.HALF_CLOSED_REMOTE) {
                throw Http2Exception.streamError(
                        streamId, Http2Error.STREAM_CLOSED, "a head behind the end of the request");
            }
        } else if (((RequestFields) fields).hasPseudo() && connection().remote().mayHaveCreatedStream(streamId)) {
            throw Http2Exception.connectionError(
                    Http2Error.PROTOCOL_ERROR, "a request on stream %d, which is not a new one", streamId);
        }
    }

    /** A head, or what follows a body, is there. */
    void head(Http2Stream stream, RequestFields fields, boolean last) {
        Http2Downstream known = of(stream);
        if (known != null) {
            try {
                known.trailers(fields);
            } catch (Exception | LinkageError | AssertionError | StackOverflowError e) {
                known.broke(e);
            }
            return;
        }
        Http2Downstream begun = new Http2Downstream(this, stream);
        stream.setProperty(streamKey, begun);
        timer.asked();
        try {
            begun.begin(fields, last);
        } catch (Exception | LinkageError | AssertionError | StackOverflowError e) {
            begun.broke(e);
        }
    }

    /** A piece of a body came. The bytes of it that are free again. */
    int data(Http2Stream stream, ByteBuf data, int padding, boolean last) {
        Http2Downstream known = of(stream);
        if (known == null) {
            return padding + data.readableBytes();
        }
        try {
            return padding + known.data(data, last);
        } catch (Exception | LinkageError | AssertionError | StackOverflowError e) {
            known.broke(e);
            return 0; // the end of its stream gives back what was not taken
        }
    }

    @Override
    public void frame() {
        timer.frame();
    }

    @Override
    public void idleFrame() throws Http2Exception {
        timer.frame();
        if (!budget.idleFrame(nanoTime())) {
            throw Http2Exception.connectionError(Http2Error.ENHANCE_YOUR_CALM, "too many frames that bring nothing");
        }
    }

    @Override
    public void resetByClient() throws Http2Exception {
        timer.frame();
        if (!budget.reset(nanoTime())) {
            throw Http2Exception.connectionError(Http2Error.ENHANCE_YOUR_CALM, "too many streams were reset");
        }
    }

    @Override
    public void inFrame(boolean unfinished) {
        inFrame = unfinished;
    }

    @Override
    public boolean knows(int streamId) {
        return connection().stream(streamId) != null;
    }

    /** A PING of ours is answered: the client knows that it must begin nothing more. */
    void pinged() {
        if (draining) {
            goAwayForGood();
        }
    }

    void streamHalfClosed(Http2Stream stream) {
        Http2Downstream known = of(stream);
        if (known != null && stream.state() == Http2Stream.State.HALF_CLOSED_LOCAL) {
            known.run(known::responded);
        }
    }

    void streamClosed(Http2Stream stream) {
        Http2Downstream known = of(stream);
        if (known != null) {
            try {
                known.closed();
            } catch (Exception | LinkageError | AssertionError | StackOverflowError e) {
                known.broke(e);
            }
        }
        if (connection().numActiveStreams() == 0) {
            timer.progress(nanoTime());
            if (lastGoAway) {
                closeSoon();
            }
        }
    }

    // ---------------------------------------------------------------------------------------------- from the streams

    /** Bytes of a stream's body were taken: the client may send as many more. */
    void taken(Http2Stream stream, int bytes) {
        if (bytes == 0 || connection().stream(stream.id()) == null) {
            return;
        }
        try {
            if (decoder().flowController().consumeBytes(stream, bytes)) {
                flushSoon();
            }
        } catch (Http2Exception e) {
            onError(ctx, true, e);
        }
    }

    /** So many more bytes are kept for a stream; negative: fewer. */
    void held(long moreBytes) {
        heldBytes += moreBytes;
    }

    /** So many more bytes are taken by the heads of requests; negative: fewer. */
    void heldHead(long moreBytes) {
        heldHeadBytes += moreBytes;
    }

    /** Tells the channel what is kept for the streams. */
    void countMemory() {
        long all = heldBytes + heldHeadBytes;
        if (all != toldBytes && channel.isOpen()) {
            toldBytes = all;
            if (!channel.hold(heldHeadBytes, heldBytes)) {
                evict();
            }
        }
    }

    /**
     * Flushes at the end of this turn of the loop, with what else is written until then. By a timer: what is queued in
     * the channel would keep servers' ends from entering it, and a task of the loop would wait with a loop that blocks.
     */
    void flushSoon() {
        Loop here = channel.loop();
        if (!reading && flushesOn != here) {
            flushesOn = here;
            channel.eventLoop().schedule(flushTask, 0, TimeUnit.NANOSECONDS);
        }
    }

    private @Nullable Void flushNow() {
        flushesOn = null;
        if (channel.isOpen()) {
            flush(ctx);
            countMemory();
        }
        return null;
    }

    void progress(long nowNanos) {
        timer.progress(nowNanos);
    }

    long nanoTime() {
        return timer.nanoTime();
    }

    // ------------------------------------------------------------------------------------------------------ its end

    private void refuse(Refusal refusal, @Nullable String detail) {
        env.refusals().count(refusal, new String(name(), StandardCharsets.US_ASCII), detail);
    }

    private byte[] name() {
        byte[] known = clientName;
        return known == null ? String.valueOf(channel.clientAddress()).getBytes(StandardCharsets.US_ASCII) : known;
    }

    /** Ends a connection whose client was silent, or slow, for too long. */
    void timedOut(@Nullable Refusal refusal) {
        if (refusal != null) {
            refuse(refusal, null);
        }
        goAway(Http2Error.NO_ERROR);
        closeNow();
    }

    private void evict() {
        List<Http2Downstream> streams = streams();
        if (streams.isEmpty()) {
            refuse(Refusal.EVICTED, null);
        }
        streams.forEach(Http2Downstream::evict);
        flush(ctx); // what answers them
        goAway(Http2Error.ENHANCE_YOUR_CALM);
        closeNow();
    }

    /** Closes with what goes out at once; resets the connection if the client takes no more. */
    void closeNow() {
        flush(ctx);
        if (pendingOutput() > 0) {
            channel.config().setSoLinger(RESET);
        }
        channel.close();
    }

    /** Bytes that were written and that the socket has not taken. */
    private long pendingOutput() {
        ChannelOutboundBuffer out = channel.unsafe().outboundBuffer();
        return out == null ? 0 : out.totalPendingWriteBytes();
    }

    /** The streams that are open now. */
    List<Http2Downstream> streams() {
        List<Http2Downstream> streams = new ArrayList<>(connection().numActiveStreams());
        try {
            connection().forEachActiveStream(stream -> {
                Http2Downstream known = of(stream);
                if (known != null) {
                    streams.add(known);
                }
                return true;
            });
        } catch (Http2Exception e) {
            throw new IllegalStateException(e);
        }
        return streams;
    }

    private void goAway(Http2Error error) {
        int last = connection().remote().lastStreamCreated();
        goAway(ctx, last, error.code(), Unpooled.EMPTY_BUFFER, ctx.newPromise());
    }

    private void closeSoon() {
        ctx.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(written -> channel.close());
    }

    /**
     * Tells the client to begin nothing more here, in two steps (RFC 9113, section 6.8): what it has sent before it
     * knew is served.
     */
    @Override
    public void drain(Duration patience) {
        boolean told = draining;
        draining = true;
        if (patience.isZero()) {
            goAwayForGood();
            return;
        }
        if (!told) {
            goAway(ctx, Integer.MAX_VALUE, Http2Error.NO_ERROR.code(), Unpooled.EMPTY_BUFFER, ctx.newPromise());
            encoder().writePing(ctx, false, 0, ctx.newPromise());
            ctx.flush();
        }
        if (!lastGoAway) {
            timer.goAwayWithin(patience.toNanos());
        }
    }

    /** What the client has begun by now is the last that is served. */
    void goAwayForGood() {
        if (lastGoAway) {
            return;
        }
        lastGoAway = true;
        goAway(Http2Error.NO_ERROR);
        ctx.flush();
        if (connection().numActiveStreams() == 0) {
            closeSoon();
        }
    }

    @Override
    public long idleNanos() {
        boolean idle = timer.hasAsked()
                && !draining
                && connection().numActiveStreams() == 0
                && flushesOn == null
                && !timer.isInFrame()
                && pendingOutput() == 0;
        return idle ? timer.silentNanos() : Service.NOT_IDLE;
    }
}
