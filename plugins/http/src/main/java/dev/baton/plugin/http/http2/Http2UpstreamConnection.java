package dev.baton.plugin.http.http2;

import dev.baton.plugin.http.exchange.Exchange;
import dev.baton.plugin.http.exchange.ExchangeEnv;
import dev.baton.plugin.http.exchange.HeaderFields;
import dev.baton.plugin.http.exchange.Refusal;
import dev.baton.plugin.http.exchange.SharedFailure;
import dev.baton.plugin.http.exchange.UpstreamEnds.Taker;
import dev.baton.spi.channel.Eviction;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.loop.Loop;
import dev.baton.spi.upstream.UpstreamConnections;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http2.Http2Connection;
import io.netty.handler.codec.http2.Http2Connection.PropertyKey;
import io.netty.handler.codec.http2.Http2ConnectionDecoder;
import io.netty.handler.codec.http2.Http2ConnectionEncoder;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2Stream;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Ticker;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The handler of a connection to a server in HTTP/2, which carries exchanges of many clients at once. Netty's codec
 * reads and writes the frames; each stream is an {@link Http2UpstreamEnd}, and all of them run under the connection's
 * one claim, so they move together.
 *
 * <p>It is one of its server's {@link ServerConnections} while it carries exchanges. When it carries none it goes back
 * to the upstream's pool, where it is watched and closed as any other connection that rests.
 *
 * <p>What exchanges write in one turn of the loop goes out at its end, in one system call.
 */
final class Http2UpstreamConnection extends Http2ConnectionHandler implements CountedFrames.Account {
    /** Streams before the server has said how many there may be (RFC 9113, section 6.5.2, recommends no fewer). */
    static final int STREAMS_FIRST = 100;
    /** Streams where the server allows more: beyond that another connection is better than a longer queue in one. */
    private static final int STREAMS_MAX = 1000;
    /** Frames that bring nothing which each exchange allows the server, in KiB of {@link FrameBudget#sent}. */
    private static final int EXCHANGE_ALLOWS_BYTES = 16 * 1024;

    /** A server that is there answers a PING at once, whatever its requests take. */
    private static final long PROBE_NANOS = TimeUnit.SECONDS.toNanos(5);

    /** How long the last bytes of a tunnel may wait for the server's windows. */
    private static final long LINGER_NANOS = TimeUnit.SECONDS.toNanos(5);

    private final ExchangeEnv env;
    private final MovableChannel channel;
    private final Http2Limits limits;
    private final PropertyKey streamKey;
    private final FrameBudget budget;
    private final StreamSlots slots = new StreamSlots(STREAMS_FIRST);
    private final Ticker clock;
    private final Callable<@Nullable Void> flushTask = this::flushNow;

    @SuppressWarnings("NullAway.Init") // set when the handler is added, before anything else is called
    private ChannelHandlerContext ctx;

    /** Where it is listed while it may carry more; null: it rests, has not been used yet, or is to end. */
    private @Nullable ServerConnections home;

    /** Of the last {@link #home}. */
    private @Nullable UpstreamConnections connections;

    /** Streams whose answers were handed over in this read, and were not flushed. */
    private List<Http2UpstreamEnd> unflushed = new ArrayList<>();

    /** Ends whose streams are closed, and whose answers wait for their clients. */
    private final Set<Http2UpstreamEnd> outliving = new LinkedHashSet<>();

    private boolean begun;
    /** The server has said how many streams there may be. */
    private boolean settled;

    private boolean takesWebSockets;
    /** Ends that begin when the server has said what it offers. */
    private List<Http2UpstreamEnd> awaiting = List.of();
    /** How often bytes have come. */
    private long reads;
    /** A PING is under way, and the connection ends if nothing comes after it. */
    private boolean probing;
    /** Bytes are being read: the end of it flushes. */
    private boolean reading;

    /** A write has failed. */
    private boolean broken;

    /** Where a timer is set that flushes: one of a loop that the connection has left since may be late. */
    private @Nullable Loop flushesOn;

    /** That of the connection itself, which all its exchanges have in common. */
    private final SharedFailure failure = new SharedFailure();

    /** A stream has ended, and what follows from that was not looked at yet. */
    private boolean freed;

    /** At least one exchange has ended: the connection may have died since. */
    private boolean served;
    /** A slot is reserved for the exchange that the upstream hands over now. */
    private boolean lent;
    /** A caller up the stack serves those that wait. */
    private boolean serving;
    /** The last stream that the server acts on, after its GOAWAY. */
    private int lastServed = Integer.MAX_VALUE;
    /** The server has sent a GOAWAY: no stream begins after it, whichever is the last that it names. */
    private boolean goneAway;

    /** Bytes of bodies that are kept for all streams. */
    private long heldBytes;

    private long toldBytes;

    Http2UpstreamConnection(
            ExchangeEnv env,
            MovableChannel channel,
            Http2Limits limits,
            Http2ConnectionDecoder decoder,
            Http2ConnectionEncoder encoder,
            Http2Settings settings,
            PropertyKey streamKey,
            FrameBudget budget) {
        super(decoder, encoder, settings, true);
        this.env = env;
        this.channel = channel;
        this.limits = limits;
        this.streamKey = streamKey;
        this.budget = budget;
        clock = channel.eventLoop().ticker();
    }

    /** That of a connection which this plugin has opened; null if the connection is closed. */
    static @Nullable Http2UpstreamConnection of(MovableChannel channel) {
        return channel.pipeline().get(Http2UpstreamConnection.class);
    }

    MovableChannel channel() {
        return channel;
    }

    ExchangeEnv env() {
        return env;
    }

    /** What its exchanges fail with if the connection does. */
    SharedFailure failure() {
        return failure;
    }

    StreamSlots slots() {
        return slots;
    }

    /** That of a stream; null: it has none, or none any longer. */
    @Nullable
    Http2UpstreamEnd of(@Nullable Http2Stream stream) {
        return stream == null ? null : stream.getProperty(streamKey);
    }

    // ---------------------------------------------------------------------------------------------- from the channel

    @Override
    public void handlerAdded(ChannelHandlerContext context) throws Exception {
        ctx = context;
        channel.config().setOption(MovableChannel.READ_TO_END, false); // windows bound what is held
        channel.config().setAutoClose(false); // a failed write must not cost what has arrived
        super.handlerAdded(context);
    }

    /** The preface goes out before the first request, which comes before the news that the connection is open. */
    private void begin() {
        if (begun) {
            return;
        }
        begun = true;
        try {
            super.channelActive(ctx);
            Http2Connection connection = connection();
            int more = limits.upstreamConnectionWindow()
                    - connection.local().flowController().windowSize(connection.connectionStream());
            if (more > 0) {
                decoder().flowController().incrementWindowSize(connection.connectionStream(), more);
            }
        } catch (Exception e) {
            exceptionCaught(e);
        }
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        begin();
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) throws Exception {
        reading = true;
        reads++;
        super.channelRead(context, message);
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) throws Exception {
        flushAnswers();
        settle();
        reading = false;
        super.channelReadComplete(context); // which flushes
        countMemory();
    }

    private void flushAnswers() {
        List<Http2UpstreamEnd> now = unflushed;
        if (now.isEmpty()) {
            return;
        }
        unflushed = new ArrayList<>();
        now.forEach(each -> each.run(each::flushAnswer));
        if (unflushed.isEmpty()) {
            now.clear();
            unflushed = now;
        }
    }

    /** The server hears that it is no fault of its own, unless it was told of an error, or can hear nothing. */
    @Override
    public void close(ChannelHandlerContext context, ChannelPromise promise) throws Exception {
        if (begun && !broken && channel.isActive() && !connection().goAwaySent()) {
            goAway(context, 0, Http2Error.NO_ERROR.code(), Unpooled.EMPTY_BUFFER, context.newPromise());
            flush(context);
        }
        super.close(context, promise);
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) throws Exception {
        retire();
        awaiting.forEach(each -> each.run(() -> each.closed(false)));
        awaiting = List.of();
        super.channelInactive(context); // which closes all streams
        List.copyOf(outliving).forEach(each -> each.run(each::connectionClosed));
        if (toldBytes != 0) {
            channel.hold(0, 0);
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) throws Exception {
        if (event instanceof Eviction eviction) {
            eviction.take();
            evict();
        } else {
            super.userEventTriggered(context, event);
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) throws Exception {
        if (cause instanceof IOException) {
            broken(); // a write has failed; after a read the channel closes itself
        } else {
            super.exceptionCaught(context, cause);
        }
    }

    /**
     * Nothing more can be sent. What has arrived is read to its end, which comes by itself, or this process ends it.
     */
    private void broken() {
        retire();
        if (!broken) {
            broken = true;
            channel.eventLoop().schedule(() -> channel.close(), PROBE_NANOS, TimeUnit.NANOSECONDS);
        }
    }

    private void exceptionCaught(Throwable cause) {
        channel.pipeline().fireExceptionCaught(cause);
        channel.close();
    }

    // --------------------------------------------------------------------------------------- exchanges that begin here

    /** It rested, or is new, and carries exchanges from now on; the first slot is the caller's. False: it is closed. */
    boolean wake(ServerConnections by) {
        if (!slots.wake()) {
            return false;
        }
        home = by;
        connections = by.connections();
        if (!settled) {
            slots.max(by.streamsMax());
        }
        by.add(this);
        return true;
    }

    /**
     * A connect has ended with this connection: it is new, has rested, or has a slot for one that waits.
     *
     * @return whether the caller has a slot
     */
    boolean join(ServerConnections by) {
        if (lent) {
            lent = false;
            return true;
        }
        return wake(by) || slots.reserve();
    }

    /** A slot is not needed, or no longer. */
    void free() {
        slots.free();
        freed = true;
        flushSoon(); // which looks what follows
    }

    /** Begins an exchange that has a slot. False: nothing was sent, and the slot is given back. */
    boolean begin(Exchange exchange, Taker taker) {
        return taker.begin(exchange, new Http2UpstreamEnd(this), served);
    }

    /** Begins an exchange that has a slot, and tells its client's end. */
    void carry(Exchange exchange) {
        if (exchange.isAbandoned()) {
            free();
            return;
        }
        Http2UpstreamEnd end = new Http2UpstreamEnd(this);
        boolean begun;
        try {
            begun = end.begin(exchange);
        } catch (Exception | LinkageError | AssertionError | StackOverflowError e) {
            exchange.downstream().broke(exchange, e);
            return;
        }
        if (begun) {
            exchange.attach(end, true, served);
        } else {
            exchange.askAgain();
        }
    }

    /**
     * Begins the stream of an exchange that has a slot.
     *
     * @param last nothing follows the head
     * @return null if nothing can begin here; the slot is given back
     */
    @Nullable
    Http2Stream open(Http2UpstreamEnd end, UpstreamRequestFields head, boolean last) {
        begin();
        Http2Connection.Endpoint<?> local = connection().local();
        boolean open = channel.isActive() && !goneAway;
        if (open && local.lastStreamCreated() != 0 && !tellCarried()) {
            retire(); // since the caller has found it
            free();
            return null;
        }
        int id = open && local.canOpenStream() ? local.incrementAndGetNextStreamId() : -1;
        if (id <= 0) {
            if (!open || local.canOpenStream()) { // closed, or out of numbers
                retire();
            }
            free();
            return null;
        }
        budget.sent(EXCHANGE_ALLOWS_BYTES);
        encoder().writeHeaders(ctx, id, head, 0, last, ctx.newPromise());
        Http2Stream stream = connection().stream(id);
        if (stream == null) { // it has failed at once
            free();
            return null;
        }
        stream.setProperty(streamKey, end);
        if (!tellCarried()) {
            retire(); // this one was the last
        }
        flushSoon();
        return stream;
    }

    /**
     * Tells the upstream how much is under way. False: nothing more is to begin, as the server's address is gone, or an
     * operator wants it so.
     */
    private boolean tellCarried() {
        UpstreamConnections to = connections;
        return to == null || to.carries(channel, connection().numActiveStreams());
    }

    /** Nothing more begins here: what is under way continues. */
    private void retire() {
        slots.close();
        ServerConnections by = home;
        if (by != null) {
            home = null;
            by.remove(this);
        }
    }

    /** Gives free slots to exchanges that wait in the upstream's queue. */
    void serveWaiting() {
        ServerConnections by = home;
        if (by == null || serving) {
            return;
        }
        serving = true;
        try {
            while (by.connections().isWaitedFor(channel) && slots.reserve()) {
                lent = true;
                by.connections().share(channel);
                if (lent) { // another connection was faster
                    lent = false;
                    free();
                }
            }
        } finally {
            serving = false;
        }
    }

    /** Streams have ended: serves those that wait, rests if nothing is left to do, or ends. */
    private void settle() {
        if (!freed) {
            return;
        }
        freed = false;
        serveWaiting();
        boolean more = tellCarried();
        ServerConnections by = home;
        if (by != null && slots.rest()) {
            home = null;
            by.remove(this);
            by.connections().release(channel);
        } else if (by == null && slots.isClosed() && slots.used() == 0) {
            channel.close();
        } else if (!more) {
            retire();
        }
    }

    // ---------------------------------------------------------------------------------------------- from the decoder

    /** A head, or what follows a body, is there. */
    void head(Http2Stream stream, UpstreamResponseFields fields, boolean last) {
        Http2UpstreamEnd known = of(stream);
        if (known != null) {
            try {
                known.head(fields, last);
            } catch (Exception | LinkageError | AssertionError | StackOverflowError e) {
                known.broke(e);
            }
        }
    }

    /** A piece of a body came. The bytes of it that are free again. */
    int data(Http2Stream stream, ByteBuf data, int padding, boolean last) {
        Http2UpstreamEnd known = of(stream);
        if (known == null) {
            return padding + data.readableBytes();
        }
        try {
            return padding + known.data(data, last);
        } catch (Exception | LinkageError | AssertionError | StackOverflowError e) {
            known.broke(e);
            return 0; // the end of its stream has given back what was not taken
        }
    }

    /** The server says how many streams there may be. */
    void settings(boolean connectProtocol) {
        settled = true;
        takesWebSockets |= connectProtocol;
        int max = Math.min(STREAMS_MAX, connection().local().maxActiveStreams());
        slots.max(max);
        ServerConnections by = home;
        if (by != null) {
            by.streamsMax(max);
        }
        List<Http2UpstreamEnd> now = awaiting;
        awaiting = List.of();
        now.forEach(each -> each.run(each::settled));
        serveWaiting();
    }

    /** Tells an end when it is known what the server offers, now or later. */
    void whenSettled(Http2UpstreamEnd end) {
        begin();
        if (settled) {
            end.settled();
            return;
        }
        List<Http2UpstreamEnd> more = new ArrayList<>(awaiting);
        more.add(end);
        awaiting = more;
        flushSoon();
    }

    /** WebSockets may be opened by an extended CONNECT (RFC 8441). */
    boolean takesWebSockets() {
        return takesWebSockets;
    }

    /** The server begins nothing more here. Before the codec closes the streams that it has not acted on. */
    void goAway(int lastStream) {
        lastServed = lastStream;
        goneAway = true;
        retire();
        freed = true;
        flushSoon();
    }

    void streamClosed(Http2Stream stream) {
        Http2UpstreamEnd known = of(stream);
        if (known == null) {
            return;
        }
        served = true;
        slots.free();
        freed = true;
        try {
            known.closed(stream.id() > lastServed);
        } catch (Exception | LinkageError | AssertionError | StackOverflowError e) {
            known.broke(e);
        }
        flushSoon();
    }

    /** The server ends a stream with an error. */
    void reset(Http2Stream stream, long code) {
        Http2UpstreamEnd known = of(stream);
        if (known != null) {
            known.run(() -> known.reset(Http2Error.valueOf(code)));
        }
    }

    @Override
    public void frame() {
        // It brings something.
    }

    @Override
    public void idleFrame() throws Http2Exception {
        if (!budget.idleFrame(nanoTime())) {
            throw Http2Exception.connectionError(Http2Error.ENHANCE_YOUR_CALM, "too many frames that bring nothing");
        }
    }

    @Override
    public void resetByClient() {
        // By the server: each costs one exchange, and it is its own.
    }

    @Override
    public boolean knows(int streamId) {
        return connection().local().mayHaveCreatedStream(streamId); // reset here meanwhile, perhaps
    }

    private long nanoTime() {
        return clock.nanoTime();
    }

    /** How often bytes have come. */
    long reads() {
        return reads;
    }

    /**
     * An exchange was given up to which the server has sent nothing. If it has sent nothing at all meanwhile, the
     * connection may be dead, and would cost each exchange that comes its timeout: a PING tells.
     *
     * @param readsBefore {@link #reads} when the exchange began
     */
    void doubt(long readsBefore) {
        if (probing || reads != readsBefore || !channel.isOpen()) {
            return;
        }
        probing = true;
        encoder().writePing(ctx, false, 0, ctx.newPromise());
        flushSoon();
        channel.eventLoop()
                .schedule(
                        () -> {
                            probing = false;
                            if (reads == readsBefore) {
                                retire();
                                channel.close();
                            }
                        },
                        PROBE_NANOS,
                        TimeUnit.NANOSECONDS);
    }

    @Override
    protected void onConnectionError(
            ChannelHandlerContext context, boolean outbound, Throwable cause, @Nullable Http2Exception known) {
        if (known == null && cause instanceof IOException) {
            broken();
            return;
        }
        retire();
        if (known == null) {
            context.fireExceptionCaught(cause); // a fault of ours, or of a plugin's
        } else if (!outbound && channel.isOpen()) {
            boolean flood = known.error() == Http2Error.ENHANCE_YOUR_CALM;
            failAll(flood ? Refusal.TOO_MANY_SERVER_FRAMES : Refusal.BAD_SERVER_FRAME, known.getMessage());
        }
        super.onConnectionError(context, outbound, cause, known);
    }

    /** All exchanges fail. Counted once, for the connection, where there is none. */
    private void failAll(Refusal refusal, @Nullable String detail) {
        List<Http2UpstreamEnd> ends = ends();
        if (ends.isEmpty()) {
            env.refusals().count(refusal, String.valueOf(channel.remoteAddress()), detail);
        }
        ends.forEach(each -> each.run(() -> each.fail(refusal, false, failure, detail)));
    }

    private List<Http2UpstreamEnd> ends() {
        List<Http2UpstreamEnd> ends = new ArrayList<>(connection().numActiveStreams());
        try {
            connection().forEachActiveStream(stream -> {
                Http2UpstreamEnd known = of(stream);
                if (known != null) {
                    ends.add(known);
                }
                return true;
            });
        } catch (Http2Exception e) {
            throw new IllegalStateException(e);
        }
        return ends;
    }

    @Override
    protected void onStreamError(
            ChannelHandlerContext context, boolean outbound, Throwable cause, Http2Exception.StreamException known) {
        Http2Stream stream = connection().stream(known.streamId());
        if (!outbound && stream == null && known.error() == Http2Error.STREAM_CLOSED) {
            return; // it was under way when the stream was reset or has ended (RFC 9113, section 5.1)
        }
        if (!outbound && known.error() == Http2Error.REFUSED_STREAM) {
            onError(
                    context,
                    false,
                    Http2Exception.connectionError(Http2Error.PROTOCOL_ERROR, "a stream that the server begins"));
            return;
        }
        Http2UpstreamEnd end = of(stream);
        if (end != null) {
            end.fail(outbound ? Refusal.UPSTREAM_CLOSED : Refusal.BAD_RESPONSE, false, null, known.getMessage());
        }
        super.onStreamError(context, outbound, cause, known);
    }

    // ---------------------------------------------------------------------------------------------- from the streams

    /** Writes a piece of a body, without a flush; taken out of the buffer. */
    void write(Http2Stream stream, ByteBuf in, int count, boolean last) {
        budget.sent(count);
        encoder().writeData(ctx, stream.id(), in.readRetainedSlice(count), 0, last, ctx.newPromise());
    }

    /**
     * Ends what an exchange sends behind what waits, and the stream after that. What a window has no room for yet is
     * dropped after a while: it may never open, and the client is gone.
     */
    void end(Http2Stream stream) {
        if (connection().stream(stream.id()) == null) {
            return;
        }
        Future<?> late = channel.eventLoop()
                .schedule(() -> cancel(stream, Http2Error.CANCEL), LINGER_NANOS, TimeUnit.NANOSECONDS);
        encoder()
                .writeData(ctx, stream.id(), Unpooled.EMPTY_BUFFER, 0, true, ctx.newPromise())
                .addListener(written -> {
                    late.cancel(false);
                    cancel(stream, Http2Error.CANCEL);
                });
        flushSoon();
    }

    /** Writes what follows a body, which ends the request. */
    void write(Http2Stream stream, HeaderFields trailers) {
        encoder().writeHeaders(ctx, stream.id(), UpstreamRequestFields.ofTrailers(trailers), 0, true, ctx.newPromise());
    }

    boolean isWritable(Http2Stream stream) {
        return encoder().flowController().isWritable(stream);
    }

    /** Ends a stream that is not needed. What of it is not written yet is dropped. */
    void cancel(Http2Stream stream, Http2Error error) {
        if (connection().stream(stream.id()) != null) {
            budget.sent(EXCHANGE_ALLOWS_BYTES); // what is under way here
            encoder().writeRstStream(ctx, stream.id(), error.code(), ctx.newPromise());
            flushSoon();
        }
    }

    /** Bytes of a stream's body were taken: the server may send as many more. */
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

    /** Bytes of the longest head that the server takes, as HPACK counts them. */
    long headMax() {
        return encoder().configuration().headersConfiguration().maxHeaderListSize();
    }

    /** The answer of a stream was handed over in part: the end of this read flushes it. */
    void unflushed(Http2UpstreamEnd end) {
        unflushed.add(end);
        flushSoon();
    }

    /** A stream is closed, and its answer waits for the client, until {@link #ended}. */
    void outlives(Http2UpstreamEnd end) {
        outliving.add(end);
    }

    void ended(Http2UpstreamEnd end) {
        outliving.remove(end);
    }

    /** So many more bytes are kept for a stream; negative: fewer. */
    void held(long moreBytes) {
        heldBytes += moreBytes;
    }

    /** Tells the channel what is kept for the streams. */
    void countMemory() {
        if (heldBytes != toldBytes && channel.isOpen()) {
            toldBytes = heldBytes;
            if (!channel.hold(0, heldBytes)) {
                evict();
            }
        }
    }

    /** Ends what holds memory: exchanges whose clients take their answers slowly. The others are not to blame. */
    private void evict() {
        List<Http2UpstreamEnd> all = ends();
        all.addAll(outliving);
        for (Http2UpstreamEnd each : all) {
            if (each.holds()) {
                each.run(each::evict);
            }
        }
        countMemory();
    }

    /**
     * Flushes at the end of this turn of the loop, with what else is written until then. By a timer: what is queued in
     * the channel would keep clients' ends from entering it, and a task of the loop would wait with a loop that blocks.
     */
    void flushSoon() {
        Loop here = channel.loop();
        if (!reading && flushesOn != here && channel.isOpen()) {
            flushesOn = here;
            channel.eventLoop().schedule(flushTask, 0, TimeUnit.NANOSECONDS);
        }
    }

    private @Nullable Void flushNow() {
        flushesOn = null;
        if (channel.isOpen()) {
            flushAnswers();
            flush(ctx);
            settle();
            countMemory();
        }
        return null;
    }

    ChannelHandlerContext context() {
        return ctx;
    }
}
