package dev.baton.plugin.http;

import dev.baton.spi.channel.ConnectionFacts;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.http.HttpOutcome;
import dev.baton.spi.http.HttpOutcome.Kind;
import dev.baton.spi.service.Service;
import dev.baton.spi.traffic.Traffic;
import dev.baton.spi.upstream.UpstreamServer;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The client's end of each exchange, one after the other. Its {@link RequestReader} finds the requests, its
 * {@link Forwarder} hands them to an {@link UpstreamEnd}, which hands the answer back.
 *
 * <pre>
 * phase     is over when                             then
 * HEAD      a request's head is there                BODY or ANSWER
 * BODY      the request's body is complete           ANSWER
 * ANSWER    the answer is complete                   HEAD, or the connection closes
 * DISCARD   all is written and the client closes, or a second later
 * </pre>
 *
 * <p>A server that switches protocols leads from ANSWER back to BODY, which is the tunnel then: it is over when one
 * side ends.
 *
 * <p>Everything here runs under the claim on this connection. The upstream end may be on another loop at any time: it
 * calls the methods that take an exchange under this claim, and what is not of the current exchange and from the
 * current upstream connection is dropped.
 */
final class Downstream {
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

    private static final byte[] UNKNOWN = HeadWriter.ascii("unknown");

    /** In bytes: smaller heads are gone with their exchange, and not worth counting. */
    private static final int LARGE_HEAD_BYTES = 4096;

    private final HttpService service;
    private final MovableChannel channel;
    private final RequestReader reader;
    private final Forwarder forwarder;
    private final AnswerWriter answer = new AnswerWriter();
    private final DownstreamTimer timer;

    @SuppressWarnings("NullAway.Init") // set when the handler is added, before anything else is called
    private ChannelHandlerContext ctx;

    /** In ASCII: as a string it would take twice as much of an idle connection. */
    private byte @Nullable [] client;

    private @Nullable Exchange exchange;

    private Phase phase = Phase.HEAD;
    /** The upstream end reads no more of the answer until it is told. */
    private boolean answerPaused;

    /** An answer of ours was written in the midst of a read: the end of that flushes it, with what else comes of it. */
    private boolean ownAnswerUnflushed;

    private boolean draining;

    Downstream(HttpService service, MovableChannel channel, RequestReader reader) {
        this.service = service;
        this.channel = channel;
        this.reader = reader;
        forwarder = new Forwarder(service, channel);
        timer = new DownstreamTimer(this);
    }

    MovableChannel channel() {
        return channel;
    }

    HttpService service() {
        return service;
    }

    /** The client's address, as servers are told. Called by the upstream end only after a request came. */
    byte[] client() {
        byte[] known = client;
        if (known == null) {
            InetAddress address =
                    channel.clientAddress() instanceof InetSocketAddress remote ? remote.getAddress() : null;
            String text = address == null ? "" : address.getHostAddress();
            int zone = text.indexOf('%');
            known = address == null ? UNKNOWN : HeadWriter.ascii(zone < 0 ? text : text.substring(0, zone));
            client = known;
        }
        return known;
    }

    /** Counts what the client asked for and does not get. */
    void count(Refusal refusal) {
        service.refusals().count(refusal, clientText(), null);
    }

    /** The client has an address of its own: that of a unix socket has none. */
    boolean hasAddress() {
        return client() != UNKNOWN;
    }

    private String clientText() {
        return new String(client(), StandardCharsets.US_ASCII);
    }

    // ----------------------------------------------------------------------------------------------- from the reader

    /** The handler is in the pipeline. */
    void added(ChannelHandlerContext context) {
        ctx = context;
        timer.added(channel.eventLoop().ticker());
        if (channel.isActive()) {
            timer.start();
        }
    }

    void active() {
        timer.start();
    }

    void writabilityChanged() {
        if (!channel.isWritable()) {
            return;
        }
        Exchange current = exchange;
        if (current != null && current.filtered() != null) {
            current.filtered().writable();
        }
        if (answerPaused && current != null) {
            timer.progress();
            answerRoom(current);
        } else if (phase == Phase.HEAD) {
            reader.next();
        }
    }

    /** The client may take more of the answer: lets the server's end read on. */
    private void answerRoom(Exchange current) {
        FilteredExchange filtered = current.filtered();
        UpstreamEnd end = forwarder.end();
        if (answerPaused && end != null && channel.isWritable() && (filtered == null || !filtered.holdsResponse())) {
            answerPaused = false;
            if (!end.resumeAnswer(current)) {
                ctx.close();
            }
        }
    }

    void inactive() {
        phase = Phase.DISCARD;
        timer.stop();
        Exchange current = exchange;
        if (current != null) {
            current.abandon();
            exchange = null;
            forget(current);
            over(current, Kind.CLIENT_ABORTED, null);
        }
    }

    /** Something came. */
    void progress() {
        timer.progress();
    }

    /** A head was read. */
    void begin(Exchange next) {
        exchange = next;
        answer.begin(next.keepAlive() && !draining);
        service.requests().increment();
        timer.request();
        phase = next.hasBody() ? Phase.BODY : Phase.ANSWER;
        if (next.hasBody()) {
            timer.beginBody();
            forwarder.beginBody(next.bodyLength());
        }
        if (!service.proxies().isEmpty() && service.proxies().contain(channel.clientAddress())) {
            next.trustProxy();
        }
        Route route = service.router().find(next);
        next.goBy(route, timer.lastProgress());
        route.retries().request();
        OwnAnswer own = service.limits().answer(next, this);
        if (route.isFiltered()) {
            FilteredExchange filtered = new FilteredExchange(this, next, route, timer.lastProgress());
            next.setFiltered(filtered);
            if (own == null) {
                filtered.begin();
            } else {
                filtered.answerItself(own, "");
            }
        } else if (own != null) {
            answerItself(next, own);
        } else {
            sendToServer(next);
        }
    }

    // -------------------------------------------------------------------------------------------- for what is filtered

    ChannelHandlerContext context() {
        return ctx;
    }

    /** Who asks, as trusted proxies say. */
    ConnectionFacts facts(Exchange current) {
        ConnectionFacts facts = channel.facts();
        SocketAddress peer = facts.client();
        return peer == null || !current.fromTrustedProxy()
                ? facts
                : new ConnectionFacts(service.proxies().client(peer, current.fields()), facts.server());
    }

    /** The address of the one who asks, in ASCII; null if it has none of its own. */
    byte @Nullable [] addressOf(Exchange current) {
        if (!current.fromTrustedProxy()) {
            return hasAddress() ? client() : null;
        }
        return facts(current).client() instanceof InetSocketAddress asks && asks.getAddress() != null
                ? HeadWriter.ascii(asks.getAddress().getHostAddress())
                : null;
    }

    /** By the clock of the loops. */
    long nanoTime() {
        return timer.nanoTime();
    }

    /** Runs a task under the claim, later. */
    Future<?> schedule(Runnable task, long nanos) {
        return channel.eventLoop().schedule(task, nanos, TimeUnit.NANOSECONDS);
    }

    /** Looks for a connection to a server. */
    void sendToServer(Exchange current) {
        current.asked(current.filtered() == null ? timer.lastProgress() : timer.nanoTime());
        forwarder.begin(current);
        if (forwarder.end() != null) {
            carried(current);
        }
    }

    /** A connection carries the exchange. */
    private void carried(Exchange current) {
        FilteredExchange filtered = current.filtered();
        if (filtered != null) {
            filtered.attached();
        }
        clientsTurn(current);
    }

    /** A connection to a server carries the exchange. */
    boolean hasServer() {
        return forwarder.end() != null;
    }

    /** Hands a piece of the request's body to the server; taken out of the buffer. False: the other end is gone. */
    boolean forward(Exchange current, ByteBuf in, int count, boolean last, @Nullable HeaderFields trailers) {
        UpstreamEnd end = forwarder.end();
        if (end == null) {
            throw new IllegalStateException("a body that nobody wants");
        }
        return forwarder.forward(current, end, in, count, last, trailers);
    }

    /** The server's end of the exchange is gone, with its loop. */
    void lost() {
        ctx.close();
    }

    /** Somebody here wants the body of the request; its client may wait to be told. */
    void continueBody(Exchange current) {
        if (current.expectsContinue()) {
            ctx.write(Unpooled.wrappedBuffer(CONTINUE));
            ownAnswerUnflushed = true;
        }
        timer.progress();
        timer.clientsTurn();
    }

    /** The exchange cannot go on: the client is told so, or cut. */
    void refuse(Exchange current, Refusal refusal) {
        if (current.equals(exchange)) {
            fail(current, refusal, null);
        }
    }

    /** What a server may still do for the exchange is for nobody. */
    void letGoOfServer(Exchange current) {
        if (forwarder.end() != null || forwarder.connecting()) {
            current.abandon();
            forget(current);
        }
    }

    /** An exchange that had waited goes on. */
    void wentOn(Exchange current) {
        timer.progress();
        flushAnswer();
        if (current.equals(exchange)) {
            answerRoom(current);
        }
        reader.resume();
        flushRequest();
    }

    /** The client takes what is written for it: it may ask for more. */
    boolean clientTakes() {
        return channel.isWritable();
    }

    /** There is somebody to hand a body to. */
    boolean takesBody() {
        Exchange current = exchange;
        FilteredExchange filtered = current == null ? null : current.filtered();
        return filtered == null ? forwarder.end() != null : filtered.takesBody();
    }

    /** Takes a piece of the body from the buffer; false: that was all for now. */
    boolean readBody(ByteBuf in) {
        Exchange current = exchange;
        if (current == null) {
            throw new IllegalStateException("a body that nobody wants");
        }
        int count;
        ByteBuf joined;
        try {
            count = forwarder.nextPiece(in);
            joined = forwarder.join(in, count, ctx.alloc());
        } catch (RuntimeException e) {
            forget(current);
            refuse(Refusal.BAD_CHUNK, e.getMessage(), current.isHead());
            return true;
        }
        boolean last = forwarder.isLastPiece();
        HeaderFields trailers = null;
        if (last) {
            phase = Phase.ANSWER;
            trailers = forwarder.trailers(current);
        } else if (count == 0) {
            return false;
        }
        timer.received(joined == null ? count : joined.readableBytes());
        boolean forwarded;
        if (!current.isTunnel() && timer.bodyBytes() > service.limits().bodyBytes()) {
            if (joined != null) {
                joined.release();
            }
            forget(current);
            refuse(Refusal.BODY_TOO_LARGE, null, current.isHead());
            return true;
        }
        if (joined == null) {
            forwarded = bodyGoesOn(current, in, count, last, trailers);
        } else {
            try {
                forwarded = bodyGoesOn(current, joined, joined.readableBytes(), last, trailers);
            } finally {
                joined.release();
            }
        }
        if (!forwarded) {
            ctx.close();
        } else if (forwarder.paused()) {
            timer.serversTurn();
        }
        return true;
    }

    private boolean bodyGoesOn(Exchange current, ByteBuf in, int count, boolean last, @Nullable HeaderFields trailers) {
        FilteredExchange filtered = current.filtered();
        return filtered == null
                ? forward(current, in, count, last, trailers)
                : filtered.requestBody(in, count, last, trailers);
    }

    /** The end of a read, or of what waited: what was handed over goes out. */
    void flushRequest() {
        if (ownAnswerUnflushed) {
            flushAnswer();
        }
        if (!forwarder.flush(exchange)) {
            ctx.close();
        }
    }

    /**
     * What the client sent cannot be read: nothing after it can be either.
     *
     * @param toHead what can be read of it asks for a head only
     */
    void refuse(Refusal refusal, @Nullable String detail, boolean toHead) {
        service.refusals().count(refusal, clientText(), detail);
        Exchange current = exchange;
        boolean answering = current != null && answer.started();
        exchange = null;
        if (current != null) {
            if (!answering) {
                current.responds(refusal.status().code(), timer.lastProgress());
            }
            over(current, answering ? Kind.CUT : Kind.COMPLETE, refusal.label());
        }
        if (!answering) {
            answer.own(ctx, null, toHead, OwnAnswer.of(refusal));
        }
        close(true);
    }

    // ----------------------------------------------------------------------------------------- from the connection

    /**
     * A connection carries the exchange that was not there at once.
     *
     * @param sent false: it died before anything was sent
     * @param reused it has carried others
     */
    void attached(Exchange named, UpstreamEnd end, boolean sent, boolean reused) {
        if (!named.equals(exchange) || forwarder.end() != null) {
            end.abortSoon(named);
            return;
        }
        if (!sent) {
            connectFailed(named, new ConnectException("closed before anything was sent"));
            return;
        }
        forwarder.attach(end, reused);
        timer.progress();
        carried(named);
        reader.resume();
        flushRequest();
    }

    /** The body can be sent. A client that expects to be told to go on sends nothing until it is. */
    private void clientsTurn(Exchange current) {
        if (phase == Phase.BODY && !current.fields().has(FieldKind.EXPECT)) {
            timer.clientsTurn();
        }
    }

    /** There is no new connection. */
    void connectFailed(Exchange named, Throwable cause) {
        if (!named.equals(exchange) || forwarder.end() != null) {
            return;
        }
        timer.progress();
        Refusal refusal = forwarder.askNext(named, cause);
        if (refusal != null) {
            fail(named, refusal, cause.getMessage());
        } else if (forwarder.end() != null) {
            // An idle connection carries the exchange now: nobody else will fetch the body that waits.
            carried(named);
            reader.resume();
            flushRequest();
        }
    }

    // -------------------------------------------------------------------------------------- from the upstream end

    /** The upstream end can take more of the request's body. */
    void resumeRequest(Exchange named, UpstreamEnd from) {
        if (isCurrent(named, from) && forwarder.resume()) {
            timer.progress();
            timer.clientsTurn();
            reader.resume();
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
    void answer(
            Exchange named,
            UpstreamEnd from,
            ResponseHead head,
            ByteBuf in,
            int count,
            boolean last,
            @Nullable HeaderFields trailers) {
        if (!isCurrent(named, from)) {
            in.skipBytes(count);
            return;
        }
        timer.progress();
        named.answeredByServer(timer.lastProgress());
        FilteredExchange filtered = named.filtered();
        if (filtered == null) {
            write(named, head, in, count, last, trailers);
        } else {
            filtered.response(head, in, count, last, trailers);
        }
    }

    /**
     * Writes a response for the client, without a flush.
     *
     * @param head the head; null: it was written before
     * @param in its next {@code count} bytes are of the body; taken out in any case
     */
    void write(
            Exchange named,
            @Nullable ResponseHead head,
            ByteBuf in,
            int count,
            boolean last,
            @Nullable HeaderFields trailers) {
        named.sent(count);
        if (head == null) {
            answer.body(ctx, in, count, last, trailers);
        } else {
            if (draining || phase == Phase.BODY) {
                // Nobody knows where a request ends whose server has answered before: the next cannot be found.
                answer.closeAfterwards();
            }
            named.responds(head.status().code(), timer.lastProgress());
            if (head.beginsTunnel()) {
                beginTunnel(named);
            }
            answer.start(ctx, named, head, in, count, last, trailers);
            if (answer.endsWithConnection() && !named.isTunnel()) {
                // Whatever closes it before all was written, the client sees a reset.
                channel.config().setSoLinger(RESET);
            }
        }
        ownAnswerUnflushed |= named.filtered() != null;
        if (last) {
            finish(named);
        }
    }

    /** The server speaks the protocol that the client has asked for: all that comes goes to the other side. */
    private void beginTunnel(Exchange current) {
        current.becomeTunnel();
        phase = Phase.BODY;
        timer.beginBody();
        forwarder.beginBody(BodyReader.UNTIL_CLOSE);
        reader.next(); // it may have spoken already
    }

    /** The answer goes on. */
    void answerBody(
            Exchange named, UpstreamEnd from, ByteBuf in, int count, boolean last, @Nullable HeaderFields trailers) {
        if (!isCurrent(named, from)) {
            in.skipBytes(count);
            return;
        }
        timer.progress();
        FilteredExchange filtered = named.filtered();
        if (filtered == null) {
            write(named, null, in, count, last, trailers);
        } else {
            filtered.responseBody(in, count, last, trailers);
        }
    }

    /** False: read no more of the answer before {@link UpstreamEnd#resumeAnswer}. */
    boolean takesMoreAnswer(Exchange named, UpstreamEnd from) {
        if (!isCurrent(named, from)) {
            return true;
        }
        FilteredExchange filtered = named.filtered();
        answerPaused = !channel.isWritable() || (filtered != null && filtered.holdsResponse());
        return !answerPaused;
    }

    /** All that was posted of the answer so far has arrived here: flushes it and asks for more. */
    void caughtUpWithAnswer(Exchange named, UpstreamEnd from) {
        flushAnswer();
        if (isCurrent(named, from) && takesMoreAnswer(named, from) && !from.resumeAnswer(named)) {
            ctx.close();
        }
    }

    void flushAnswer() {
        ownAnswerUnflushed = false;
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
        forget(null);
        if (!unused || answer.started() || !forwarder.askAgain(named)) {
            fail(named, refusal, detail);
        }
    }

    private boolean isCurrent(Exchange named, UpstreamEnd from) {
        assert channel.eventLoop().inEventLoop() : "without the claim on the client's connection (F4)";
        return named.equals(exchange) && from == forwarder.end();
    }

    // ------------------------------------------------------------------------------------------- ending an exchange

    private void finish(Exchange current) {
        exchange = null;
        forget(null);
        FilteredExchange filtered = current.filtered();
        over(current, Kind.COMPLETE, filtered == null ? null : filtered.reason());
        if (answer.keepAlive() && phase == Phase.ANSWER) {
            ctx.flush();
            next();
        } else {
            close(moreMayCome(current));
        }
    }

    private void next() {
        phase = Phase.HEAD;
        timer.progress();
        reader.next();
        if (draining && phase == Phase.HEAD && !reader.headBegun()) {
            timer.awaitLastRequest();
        }
    }

    /** The upstream end belongs to no exchange of ours any more; tells it so, if it does not know. */
    private void forget(@Nullable Exchange aborted) {
        answerPaused = false;
        if (aborted == null) {
            forwarder.forget();
        } else {
            forwarder.abort(aborted);
        }
    }

    private void fail(Exchange current, Refusal refusal, @Nullable String detail) {
        UpstreamServer server = current.server();
        boolean byClient = refusal.status().equals(HttpResponseStatus.REQUEST_TIMEOUT);
        service.refusals().count(refusal, server == null || byClient ? clientText() : server.address(), detail);
        current.abandon();
        forget(current);
        if (answer.started()) {
            exchange = null;
            if (current.isTunnel()) {
                channel.config().setSoLinger(RESET); // the end of the server's bytes was none in order
            }
            over(current, refusal == Refusal.UPSTREAM_CLOSED ? Kind.SERVER_ABORTED : Kind.CUT, refusal.label());
            close(false);
            return;
        }
        FilteredExchange filtered = current.filtered();
        if (filtered == null) {
            answerItself(current, OwnAnswer.of(refusal));
        } else if (!filtered.answerItself(OwnAnswer.of(refusal), refusal.label())) {
            exchange = null;
            over(current, Kind.CUT, refusal.label());
            ctx.close();
            return;
        }
        flushAnswer();
    }

    /** An exchange has ended. */
    private void over(Exchange current, Kind kind, @Nullable String reason) {
        long bytes = current.hasBody() ? timer.bodyBytes() : 0;
        long now = timer.nanoTime();
        current.over(kind, bytes, now);
        Traffic traffic = service.context().traffic();
        if (traffic.isWatched()) {
            byte[] client = addressOf(current);
            String asks = client == null ? clientText() : new String(client, StandardCharsets.US_ASCII);
            current.report(traffic, asks, kind, bytes, now);
        }
        FilteredExchange filtered = current.filtered();
        if (filtered != null) {
            filtered.end(new HttpOutcome(kind, reason == null || reason.isEmpty() ? null : reason));
        }
    }

    /** Answers instead of a server, and goes on to the next request or ends. Flushing is left to the caller. */
    private void answerItself(Exchange current, OwnAnswer own) {
        exchange = null;
        boolean unread = phase == Phase.BODY;
        if (draining || unread) {
            answer.closeAfterwards();
        }
        answer.own(ctx, current, current.isHead(), own);
        current.responds(own.status().code(), timer.lastProgress());
        over(current, Kind.COMPLETE, null);
        ownAnswerUnflushed = true;
        if (answer.keepAlive()) {
            next();
        } else {
            close(unread || moreMayCome(current));
        }
    }

    /** The client has sent more than was read, or may be about to. */
    private boolean moreMayCome(Exchange answered) {
        return phase == Phase.BODY || answered.isConnect() || reader.hasUnread();
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
                channel.config().setSoLinger(KERNEL_SENDS_THE_REST);
            }
            if (!linger) {
                channel.close();
            } else if (written.isSuccess()) {
                timer.linger();
                channel.shutdownOutput();
            }
        });
    }

    /**
     * Closes after the answer that is under way, which says so. If there is none, or one whose head has said already
     * that the connection stays, closes after one more answer, or without one when patience is over.
     */
    void drain(Duration patience) {
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
    long idleNanos() {
        boolean idle = phase == Phase.HEAD
                && exchange == null
                && timer.hasAsked()
                && !draining
                && !reader.headBegun()
                && !reader.hasUnread()
                && pendingBytes() == 0;
        return idle ? timer.silentNanos() : Service.NOT_IDLE;
    }

    // ------------------------------------------------------------------------------------------------ for the timer

    Phase phase() {
        return phase;
    }

    boolean headBegun() {
        return reader.headBegun();
    }

    /** Bytes that came of the head that has begun. */
    long headBytes() {
        return reader.headBytes();
    }

    /** It is the turn of somebody else than client or server, who has a limit of its own. */
    boolean waitsElsewhere() {
        Exchange current = exchange;
        if (current == null) {
            return false;
        }
        FilteredExchange filtered = current.filtered();
        return filtered == null
                ? forwarder.end() == null
                : filtered.isWaiting() || forwarder.connecting() || (phase == Phase.ANSWER && forwarder.end() == null);
    }

    /** How much longer the head of the response may take; {@link Timeouts#NEVER} if the route does not limit it. */
    long routeLeft(long nowNanos) {
        Exchange current = exchange;
        if (current == null || answer.started() || current.route().timeoutNanos() == Timeouts.NEVER) {
            return Timeouts.NEVER;
        }
        return current.beganNanos() + current.route().timeoutNanos() - nowNanos;
    }

    boolean answering() {
        return exchange != null && answer.started();
    }

    /** Bytes that were written for the client and that it has not taken. */
    long pendingBytes() {
        ChannelOutboundBuffer out = channel.unsafe().outboundBuffer();
        return out == null ? 0 : out.totalPendingWriteBytes();
    }

    /** Client and server speak another protocol. */
    boolean isTunnel() {
        Exchange current = exchange;
        return current != null && current.isTunnel();
    }

    boolean requestPaused() {
        return forwarder.paused();
    }

    /** The server takes no more of the request's body, not even what has been read of it. */
    boolean serverFull() {
        return forwarder.full();
    }

    /** Bytes wait for the client, and nothing else can happen before it takes them. */
    boolean waitsForClient() {
        if (pendingBytes() == 0) {
            return false;
        }
        boolean full = !channel.isWritable();
        return switch (phase) {
            case DISCARD -> true;
            case HEAD -> full || !headBegun();
            case BODY, ANSWER -> full && (answerPaused || answering());
        };
    }

    /** Somebody was silent for too long while it was his turn. */
    void timedOut(Refusal refusal) {
        Exchange current = exchange;
        if (current != null) {
            fail(current, refusal, null);
        } else if (phase == Phase.HEAD && headBegun()) {
            refuse(refusal, null, reader.isHead());
        } else {
            ctx.close();
        }
    }

    /** Bytes of the heap that the head of the exchange under way takes, if it is a large one; else 0. */
    int heldHeadBytes() {
        Exchange current = exchange;
        return current == null || current.headBytes() < LARGE_HEAD_BYTES ? 0 : current.headBytes();
    }

    /** Bytes of bodies that are kept for filters. */
    int heldBodyBytes() {
        Exchange current = exchange;
        FilteredExchange filtered = current == null ? null : current.filtered();
        return filtered == null ? 0 : filtered.heldBytes();
    }

    /**
     * The process is short of memory, and this connection holds much of it: says so where that is possible, and ends.
     */
    void evict() {
        boolean toHead = reader.isHead();
        reader.releaseAll();
        Exchange current = exchange;
        if (pendingBytes() > 0 || phase == Phase.DISCARD || (current != null && answer.started())) {
            channel.config().setSoLinger(RESET); // what is cut short must not look complete
            cut(Refusal.EVICTED);
        } else if (current == null) {
            refuse(Refusal.HEAD_EVICTED, null, toHead);
        } else {
            answer.closeAfterwards();
            fail(current, Refusal.EVICTED, null);
        }
    }

    /** The client does not read: what was written for it will never go out, so there is nothing to wait for. */
    void cut(Refusal refusal) {
        service.refusals().count(refusal, clientText(), null);
        Exchange current = exchange;
        if (current != null) {
            current.abandon();
            exchange = null;
            forget(current);
            over(current, Kind.CUT, refusal.label());
        }
        ctx.close();
    }
}
