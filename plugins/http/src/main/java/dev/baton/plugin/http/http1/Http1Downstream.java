package dev.baton.plugin.http.http1;

import dev.baton.plugin.http.exchange.BodyLength;
import dev.baton.plugin.http.exchange.ClientConnection;
import dev.baton.plugin.http.exchange.Deadlines;
import dev.baton.plugin.http.exchange.Downstream;
import dev.baton.plugin.http.exchange.Exchange;
import dev.baton.plugin.http.exchange.ExchangeEnv;
import dev.baton.plugin.http.exchange.FieldKind;
import dev.baton.plugin.http.exchange.FilteredExchange;
import dev.baton.plugin.http.exchange.HeaderFields;
import dev.baton.plugin.http.exchange.OwnAnswer;
import dev.baton.plugin.http.exchange.Refusal;
import dev.baton.plugin.http.exchange.ResponseHead;
import dev.baton.plugin.http.exchange.UpstreamEnd;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.http.HttpVerdict;
import dev.baton.spi.service.BlockingWork;
import dev.baton.spi.service.Contributed;
import dev.baton.spi.service.Service;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandler;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPipeline;
import io.netty.util.AttributeKey;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A client's connection in HTTP/1, which carries one exchange after the other. Its {@link RequestReader} finds the
 * requests.
 *
 * <pre>
 * phase     is over when                             then
 * HEAD      a request's head is there                BODY or ANSWER
 * BODY      the request's body is complete           ANSWER
 * ANSWER    the answer is complete                   HEAD, or the connection closes
 * DISCARD   all is written and the client closes, or a second later
 * </pre>
 *
 * <p>A server that switches protocols, or agrees to a CONNECT, leads from ANSWER back to BODY, which is the tunnel
 * then: it is over when one side ends.
 */
public final class Http1Downstream extends Downstream {
    enum Phase {
        HEAD,
        BODY,
        ANSWER,
        DISCARD
    }

    /** Values of {@code SO_LINGER}. */
    private static final int RESET = 0;

    private static final int KERNEL_SENDS_THE_REST = -1;

    private static final byte[] CONTINUE = HeadWriter.ascii("HTTP/1.1 100 Continue\r\n\r\n");

    /** Who gets the connection in a reload, when it is not packed. Not in a field: hardly any connection has one. */
    private static final AttributeKey<Consumer<ByteBuf>> GIVEN_UP_TO =
            AttributeKey.valueOf(Http1Downstream.class, "GIVEN_UP_TO");

    /** In bytes: smaller heads are gone with their exchange, and not worth counting. */
    private static final int LARGE_HEAD_BYTES = 4096;

    private final Http1Settings settings;
    private final RequestReader reader;
    private final AnswerWriter answer = new AnswerWriter();
    private final Http1Timer timer;

    @SuppressWarnings("NullAway.Init") // set when the handler is added, before anything else is called
    private ChannelHandlerContext ctx;

    /** Made for the first request that has a body. */
    private @Nullable BodyReader body;

    private Phase phase = Phase.HEAD;

    /**
     * An answer was written during a read, whose end flushes it, with what else is written until then. Whatever flushes
     * before is {@link #flush}, which clears it: the connection is not between two exchanges while it is set.
     */
    private boolean unflushed;

    private boolean draining;

    /** The connection is wanted elsewhere: {@link Http1Packing} or {@link #GIVEN_UP_TO} knows who asks for it. */
    private boolean wanted;

    Http1Downstream(ExchangeEnv env, Http1Settings settings, MovableChannel channel, RequestReader reader) {
        super(env, channel);
        this.settings = settings;
        this.reader = reader;
        timer = new Http1Timer(this);
    }

    ChannelHandlerContext context() {
        return ctx;
    }

    /** The connection has one exchange at a time, so all of its input can wait: not even its end is noticed. */
    @Override
    public BlockingWork onWorker(
            Contributed<?> code,
            Callable<HttpVerdict> callback,
            Consumer<HttpVerdict> then,
            Consumer<Throwable> failed) {
        env().context().blocking(code, ctx, callback, then, failed);
        return () -> {}; // one that waits for a worker when its time is over keeps its place: the input waits as well
    }

    Http1Settings settings() {
        return settings;
    }

    // ----------------------------------------------------------------------------------------------- from the reader

    /** The handler is in the pipeline. */
    void added(ChannelHandlerContext context) {
        ctx = context;
        timer.added(channel().eventLoop().ticker());
        if (channel().isActive()) {
            timer.start();
        }
    }

    void active() {
        timer.start();
    }

    void writabilityChanged() {
        if (!channel().isWritable()) {
            return;
        }
        writable();
        if (phase == Phase.HEAD) {
            reader.next();
        }
    }

    void inactive() {
        phase = Phase.DISCARD;
        timer.stop();
        clientGone();
    }

    @Override
    public void progress() {
        timer.progress();
    }

    /** A request came. */
    boolean hasAsked() {
        return timer.hasAsked();
    }

    /** The client speaks HTTP/2: another handler takes the place of this one's reader, and what came; releases it. */
    void giveWay(ByteBuf all) {
        phase = Phase.DISCARD;
        timer.stop();
        ChannelPipeline pipeline = ctx.pipeline();
        ChannelInboundHandler next = settings.http2(channel());
        pipeline.replace(reader, null, next);
        ChannelHandlerContext context = pipeline.context(next);
        try {
            next.channelRead(context, all);
        } catch (Exception e) {
            context.fireExceptionCaught(e);
            context.close();
        }
        if (draining && next instanceof ClientConnection client) {
            client.drain(Duration.ZERO);
        }
    }

    /** A head was read. */
    void begin(Exchange next) {
        answer.begin(next.keepAlive() && !draining);
        timer.request();
        phase = next.hasBody() ? Phase.BODY : Phase.ANSWER;
        if (next.hasBody()) {
            beginBody(next.bodyLength());
        }
        beginExchange(next);
    }

    private void beginBody(long length) {
        BodyReader used = body;
        if (used == null) {
            used = new BodyReader(settings.headerLimit(), false);
            body = used;
        }
        used.begin(length);
        timer.beginBody();
    }

    /** Takes a piece of the body from the buffer; false: that was all for now. */
    boolean readBody(ByteBuf in) {
        Exchange current = current();
        BodyReader used = body;
        if (current == null || used == null) {
            throw new IllegalStateException("a body without an exchange");
        }
        int count;
        ByteBuf joined;
        try {
            count = used.next(in);
            joined = SmallChunks.join(used, in, count, ctx.alloc());
        } catch (RuntimeException e) {
            refuse(Refusal.BAD_CHUNK, e.getMessage(), current.isHead());
            return true;
        }
        boolean last = used.done();
        HeaderFields trailers = null;
        if (last) {
            phase = Phase.ANSWER;
            trailers = used.trailers();
            if (trailers != null) {
                RequestRules.endTrailersHere(current.fields(), trailers);
            }
        } else if (count == 0) {
            return false;
        }
        timer.received(joined == null ? count : joined.readableBytes());
        if (!current.isTunnel() && timer.bodyBytes() > env().limits().bodyBytes()) {
            if (joined != null) {
                joined.release();
            }
            refuse(Refusal.BODY_TOO_LARGE, null, current.isHead());
            return true;
        }
        boolean taken;
        if (joined == null) {
            taken = body(current, in, count, last, trailers);
        } else {
            try {
                taken = body(current, joined, joined.readableBytes(), last, trailers);
            } finally {
                joined.release();
            }
        }
        if (!taken) {
            ctx.close();
        } else if (requestPaused()) {
            timer.serversTurn();
        }
        return true;
    }

    /** The end of a read, or of what waited: what was handed over goes out. */
    void flushRequest() {
        if (unflushed) {
            flush();
        }
        if (!flushBody()) {
            ctx.close();
        }
    }

    /**
     * What the client sent cannot be read, and so nothing after it can.
     *
     * @param toHead what can be read of it asks for a head only
     */
    void refuse(Refusal refusal, @Nullable String detail, boolean toHead) {
        if (!giveUp(refusal, detail)) {
            answer.own(ctx, null, toHead, OwnAnswer.of(refusal));
        }
        close(true);
    }

    // --------------------------------------------------------------------------------------------- from the exchange

    @Override
    public void askForBody(Exchange current) {
        if (current.expectsContinue()) {
            ctx.write(Unpooled.wrappedBuffer(CONTINUE));
            unflushed = true;
        }
        timer.progress();
        timer.clientsTurn();
    }

    @Override
    public void takeBody(Exchange current) {
        // A client that expects to be told to go on sends nothing until it is.
        if (phase == Phase.BODY && !current.fields().has(FieldKind.EXPECT)) {
            timer.clientsTurn();
        }
    }

    @Override
    public void resumeBody() {
        timer.progress();
        timer.clientsTurn();
        reader.resume();
        if (wanted && isTunnel()) {
            boundary(); // the server's loop has what was on its way
        }
    }

    @Override
    public boolean requestIsComplete() {
        return phase == Phase.ANSWER;
    }

    @Override
    public void readOn() {
        reader.resume();
        flushRequest();
    }

    @Override
    public void informational(Exchange current, ResponseHead head) {
        answer.informational(ctx, current, head);
    }

    @Override
    public void respond(
            Exchange current, ResponseHead head, ByteBuf in, int count, boolean last, @Nullable HeaderFields trailers) {
        FilteredExchange filtered = current.filtered();
        boolean reads = filtered != null && filtered.readsAndResponds();
        if (draining || (phase == Phase.BODY && !reads)) {
            // The server has answered before the request's end, which is not looked for: the next cannot be found.
            answer.closeAfterwards();
        }
        if (current.isTunnel()) {
            phase = Phase.BODY;
            beginBody(BodyLength.UNTIL_CLOSE);
            reader.next(); // the client may have spoken already
            boundary();
        }
        answer.start(ctx, current, head, in, count, last, trailers);
        if (answer.endsWithConnection() && !current.isTunnel()) {
            // If it closes before all is written, for whatever reason, the client sees a reset.
            channel().config().setSoLinger(RESET);
        }
        unflushed |= current.filtered() != null;
    }

    @Override
    public void respondBody(Exchange current, ByteBuf in, int count, boolean last, @Nullable HeaderFields trailers) {
        answer.body(ctx, in, count, last, trailers);
        unflushed |= current.filtered() != null;
    }

    @Override
    public void respond(Exchange current, OwnAnswer own) {
        if (draining || phase == Phase.BODY) {
            answer.closeAfterwards();
        }
        answer.own(ctx, current, current.isHead(), own);
        unflushed = true;
    }

    @Override
    public boolean isAnswering() {
        return answer.started();
    }

    @Override
    public boolean isWritable() {
        return channel().isWritable();
    }

    @Override
    public void flush() {
        unflushed = false;
        ctx.flush();
        if (wanted && isTunnel()) {
            boundary(); // what was on its way from the server's loop may have been all there was
        }
    }

    // ------------------------------------------------------------------------------------------- ending an exchange

    @Override
    public void ended(Exchange current, boolean flush) {
        if (answer.keepAlive() && phase == Phase.ANSWER) {
            if (flush) {
                flush();
            }
            next();
        } else {
            // What the client has sent, or may be about to, must not reset the connection before it has the answer.
            close(phase == Phase.BODY || current.isConnect() || reader.hasUnread());
        }
    }

    private void next() {
        phase = Phase.HEAD;
        timer.progress();
        boolean goes = wanted && !draining;
        boundary();
        if (goes) {
            reader.hold();
        } else {
            reader.next();
        }
        if (draining && phase == Phase.HEAD && !reader.headBegun()) {
            timer.awaitLastRequest();
        }
    }

    /** If the connection can be packed or given up at all, this is a good moment. */
    private void boundary() {
        if (wanted) {
            wanted = false;
            Http1Packing.askAgain(channel());
            if (channel().hasAttr(GIVEN_UP_TO)) {
                channel().offer(this::giveUpNow); // not under the feet of who is reading
            }
        }
    }

    @Override
    public void cutShort(Exchange current) {
        if (current.isTunnel()) {
            channel().config().setSoLinger(RESET); // the end of the server's bytes was none in order
        }
        close(false);
    }

    @Override
    public void reset() {
        ctx.close();
    }

    /**
     * Closes after what was written. If bytes of the client's are unread, or may come, the connection stays half open
     * for a moment: closing it at once would reset it, and the client might never see the answer. Resets it if it would
     * take what was written for all of the answer.
     */
    private void close(boolean linger) {
        phase = Phase.DISCARD;
        reader.releaseUnread();
        reader.updateReading();
        if (answer.wouldLookComplete()) {
            ctx.close();
            return;
        }
        boolean armed = answer.endsWithConnection();
        ctx.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(written -> {
            if (armed && written.isSuccess()) {
                channel().config().setSoLinger(KERNEL_SENDS_THE_REST);
            }
            if (!linger) {
                channel().close();
            } else if (written.isSuccess()) {
                timer.linger();
                channel().shutdownOutput();
            }
        });
    }

    /**
     * Closes after the answer that is under way, which says so. If there is none, or one whose head has said already
     * that the connection stays, closes after one more answer, or without one when patience is over.
     */
    public void drain(Duration patience) {
        draining = true;
        timer.lastRequestWithin(patience.toNanos());
        boolean idle = phase == Phase.HEAD && !reader.headBegun() && !reader.hasWaiting();
        if (idle && patience.isZero()) {
            close(false); // behind the end of an answer that the client has not taken yet
        } else if (idle) {
            timer.awaitLastRequest();
        } else if (patience.isZero() || !answering()) {
            answer.closeAfterwards();
        }
    }

    /**
     * How long the client has been between two requests, in nanoseconds; {@link Service#NOT_IDLE} if it is not. Any
     * thread: without a claim it is a guess.
     */
    public long idleNanos() {
        boolean idle = phase == Phase.HEAD
                && current() == null
                && timer.hasAsked()
                && !draining
                && !reader.headBegun()
                && !reader.hasUnread()
                && pendingBytes() == 0;
        return idle ? timer.silentNanos() : Service.NOT_IDLE;
    }

    // ------------------------------------------------------------------------------------------ for the next process

    /** It ends by itself, soon. */
    boolean isEnding() {
        return draining || phase == Phase.DISCARD;
    }

    /** Between two exchanges, or before the first, and nothing is on its way through the handler. */
    boolean isBetweenExchanges() {
        return phase == Phase.HEAD && current() == null && !unflushed;
    }

    /** How long nothing has come or gone. */
    long silentNanos() {
        return timer.silentNanos();
    }

    /** Another process, or another version of this plugin, gets the connection at its next boundary. */
    void want() {
        wanted = true;
    }

    /** The connection continues elsewhere: what happens to it means nothing here. */
    void pack() {
        phase = Phase.DISCARD;
        timer.stop();
        letGo();
    }

    /** The connection comes from another process, where it was between two exchanges. */
    void unpack(boolean asked, long silentNanos) {
        timer.unpack(asked, silentNanos);
    }

    /** The connection comes from another process, where this tunnel was open. Under the claims on both connections. */
    void unpackTunnel(Exchange tunnel, UpstreamEnd server, long silentNanos, long bytes) {
        timer.unpack(true, silentNanos);
        phase = Phase.BODY;
        beginBody(BodyLength.UNTIL_CLOSE);
        timer.unpackBody(bytes);
        answer.unpackTunnel();
        unpack(tunnel, server);
    }

    // ------------------------------------------------------------------------------------ for another version of this

    /** As {@link Service#giveUp}: at once, or between this exchange and the next. */
    boolean giveUp(Consumer<ByteBuf> taker) {
        if (isEnding() || isTunnel()) {
            return false;
        }
        channel().attr(GIVEN_UP_TO).set(taker);
        giveUpNow();
        return true;
    }

    /** A tunnel that was opened since it was asked for has no boundary; it stays here. */
    private void giveUpNow() {
        Consumer<ByteBuf> taker = channel().attr(GIVEN_UP_TO).get();
        if (taker == null || isEnding()) {
            return;
        }
        if (!isBetweenExchanges() || reader.isProcessing()) {
            want();
            return;
        }
        channel().attr(GIVEN_UP_TO).set(null);
        pack();
        reader.leave(taker);
    }

    // ------------------------------------------------------------------------------------------------- for the reader

    Phase phase() {
        return phase;
    }

    /** Bytes of the heap that the head of the exchange under way takes, if it is a large one; else 0. */
    int heldHeadBytes() {
        Exchange current = current();
        return current == null || current.headBytes() < LARGE_HEAD_BYTES ? 0 : current.headBytes();
    }

    /**
     * The process is short of memory, and this connection holds much of it: says so where that is possible, and ends.
     */
    void evict() {
        boolean toHead = reader.isHead();
        reader.releaseUnread();
        if (pendingBytes() > 0 || phase == Phase.DISCARD || answering()) {
            channel().config().setSoLinger(RESET); // what is cut short must not look complete
            cut(Refusal.EVICTED);
        } else if (current() == null) {
            refuse(Refusal.HEAD_EVICTED, null, toHead);
        } else {
            answer.closeAfterwards();
            fail(Refusal.EVICTED);
        }
    }

    // ------------------------------------------------------------------------------------------------ for the timer

    @Override
    public long nanoTime() {
        return timer.nanoTime();
    }

    @Override
    public long lastProgress() {
        return timer.lastProgress();
    }

    @Override
    public long bodyBytes() {
        return timer.bodyBytes();
    }

    boolean headBegun() {
        return reader.headBegun();
    }

    /** Bytes that came of the head that has begun. */
    long headBytes() {
        return reader.headBytes();
    }

    /** The exchange waits for something else than client or server, which has a time limit of its own. */
    boolean waitsElsewhere() {
        return Deadlines.waitsElsewhere(this, phase == Phase.ANSWER);
    }

    boolean answering() {
        return current() != null && answer.started();
    }

    /** Bytes that were written for the client and that it has not taken. */
    long pendingBytes() {
        ChannelOutboundBuffer out = channel().unsafe().outboundBuffer();
        return out == null ? 0 : out.totalPendingWriteBytes();
    }

    /** Bytes wait for the client, and nothing else can happen before it takes them. */
    boolean waitsForClient() {
        if (pendingBytes() == 0) {
            return false;
        }
        boolean full = !channel().isWritable();
        return switch (phase) {
            case DISCARD -> true;
            case HEAD -> full || !headBegun();
            case BODY, ANSWER -> full && (answerPaused() || answering());
        };
    }

    /** The client or the server was silent for too long while it was waited for. */
    @Override
    public void timedOut(Refusal refusal) {
        if (current() != null) {
            fail(refusal);
        } else if (phase == Phase.HEAD && headBegun()) {
            refuse(refusal, null, reader.isHead());
        } else {
            ctx.close();
        }
    }

    /** The client does not read: what was written for it will never go out, so there is nothing to wait for. */
    @Override
    public void cut(Refusal refusal) {
        cutExchange(refusal);
        ctx.close();
    }
}
