package dev.baton.plugin.http.exchange;

import dev.baton.spi.channel.ConnectionFacts;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.http.HttpOutcome;
import dev.baton.spi.http.HttpOutcome.Kind;
import dev.baton.spi.http.HttpVerdict;
import dev.baton.spi.service.BlockingWork;
import dev.baton.spi.service.Contributed;
import dev.baton.spi.service.ServiceContext;
import dev.baton.spi.traffic.Traffic;
import dev.baton.spi.upstream.ServerFailure;
import dev.baton.spi.upstream.UpstreamServer;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Callable;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The client's end of each exchange, one after the other: decides where a request goes and what is answered. Its
 * {@link Forwarder} hands the request to a {@link UpstreamEnd}, which hands the response back.
 *
 * <p>A subclass reads and writes, in the client's version of HTTP. HTTP/1 has one for a connection, whose exchanges
 * follow one another. It is a subclass, and no object beside this one, because every idle connection has it.
 *
 * <p>Everything here runs under the claim on the client's connection. The server's end may be on another loop at any
 * time: it calls the methods that take an exchange under this claim, and what is not of the current exchange and from
 * the current server's connection is dropped.
 */
public abstract class Downstream {
    /** What a client without an address of its own, such as one of a unix socket, is called. */
    static final String NO_ADDRESS = "unknown";

    private static final byte[] UNKNOWN = ascii(NO_ADDRESS);

    private final ExchangeEnv env;
    private final MovableChannel channel;
    private final Forwarder forwarder = new Forwarder();

    /** In ASCII: as a string it would take twice as much of an idle connection. */
    private byte @Nullable [] client;

    private @Nullable Exchange exchange;

    /** The upstream end reads no more of the answer until it is told. */
    private boolean answerPaused;

    public Downstream(ExchangeEnv env, MovableChannel channel) {
        this.env = env;
        this.channel = channel;
    }

    public final MovableChannel channel() {
        return channel;
    }

    public final ExchangeEnv env() {
        return env;
    }

    /** The exchange under way. */
    @Nullable
    public Exchange current() {
        return exchange;
    }

    // ------------------------------------------------------------------------------------------------------- who asks

    /** The client's address, as servers are told. Called by the upstream end only after a request came. */
    public byte[] client() {
        byte[] known = client;
        if (known == null) {
            InetAddress address =
                    channel.clientAddress() instanceof InetSocketAddress remote ? remote.getAddress() : null;
            String text = address == null ? "" : address.getHostAddress();
            int zone = text.indexOf('%');
            known = address == null ? UNKNOWN : ascii(zone < 0 ? text : text.substring(0, zone));
            client = known;
        }
        return known;
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private String clientText() {
        return new String(client(), StandardCharsets.US_ASCII);
    }

    /** Who asks, as trusted proxies say. */
    ConnectionFacts facts(Exchange current) {
        ConnectionFacts facts = channel.facts();
        SocketAddress peer = facts.client();
        return peer == null || !current.fromTrustedProxy()
                ? facts
                : facts.withAddresses(env.proxies().client(peer, current.fields()), facts.server());
    }

    /** Who asks, as trusted proxies say, without the cost of the server's address. */
    @Nullable
    SocketAddress clientAddress(Exchange current) {
        SocketAddress peer = channel.clientAddress();
        return peer == null || !current.fromTrustedProxy()
                ? peer
                : env.proxies().client(peer, current.fields());
    }

    /** The address of the one who asks; {@code unknown} if it has none of its own, as that of a unix socket. */
    String asker(Exchange current) {
        return current.fromTrustedProxy()
                        && clientAddress(current) instanceof InetSocketAddress asks
                        && asks.getAddress() != null
                ? asks.getAddress().getHostAddress()
                : clientText();
    }

    /** Counts what the client asked for and does not get. */
    protected final void count(Refusal refusal) {
        env.refusals().count(refusal, clientText(), null);
    }

    // ----------------------------------------------------------------------------------------------- from the client

    /** A head was read. */
    public void beginExchange(Exchange next) {
        exchange = next;
        env.requests().increment();
        if (!env.proxies().isEmpty() && env.proxies().contain(channel.clientAddress())) {
            next.trustProxy();
        }
        Route route = env.router().find(next);
        next.goBy(route, lastProgress());
        route.retries().request();
        OwnAnswer own = env.limits().answer(next, this);
        if (route.isFiltered()) {
            FilteredExchange filtered = new FilteredExchange(this, next, route, lastProgress());
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

    /** The body can be handed on now. */
    public boolean takesBody() {
        Exchange current = exchange;
        FilteredExchange filtered = current == null ? null : current.filtered();
        return filtered == null ? forwarder.end() != null : filtered.takesBody();
    }

    /**
     * A piece of the request's body.
     *
     * @param in its next {@code count} bytes; taken out in any case
     * @return false: the other end is gone, with its loop
     */
    public boolean body(Exchange current, ByteBuf in, int count, boolean last, @Nullable HeaderFields trailers) {
        FilteredExchange filtered = current.filtered();
        return filtered == null
                ? forward(current, in, count, last, trailers)
                : filtered.requestBody(in, count, last, trailers);
    }

    /** Flushes what was handed over of the body. False: the other end is gone, with its loop. */
    public boolean flushBody() {
        return forwarder.flush(exchange);
    }

    /** No more of the body is to be read now. */
    public boolean requestPaused() {
        return forwarder.paused();
    }

    /** The server takes no more of the request's body, not even what has been read of it. */
    public boolean serverFull() {
        return forwarder.full();
    }

    /** The client takes more of the response. */
    public void writable() {
        Exchange current = exchange;
        if (current == null) {
            return;
        }
        FilteredExchange filtered = current.filtered();
        if (filtered != null) {
            filtered.writable();
            if (filtered.readsAndResponds() && filtered.takesBody()) {
                readOn(); // what its handler had no room to respond to
            }
        }
        if (answerPaused) {
            progress();
            answerRoom(current);
        }
    }

    /** The client may take more of the answer: lets the server's end read on. */
    private void answerRoom(Exchange current) {
        FilteredExchange filtered = current.filtered();
        UpstreamEnd end = forwarder.end();
        if (answerPaused && end != null && isWritable() && (filtered == null || !filtered.holdsResponse())) {
            answerPaused = false;
            if (!end.resumeAnswer(current)) {
                reset();
            }
        }
    }

    /** The client's connection is closed. */
    public void clientGone() {
        Exchange current = exchange;
        if (current != null) {
            drop(current);
            over(current, Kind.CLIENT_ABORTED, null);
        }
    }

    /**
     * What the client sends cannot be read: the exchange under way, if there is one, ends.
     *
     * @return whether its response has begun: nothing else can be answered then
     */
    public boolean giveUp(Refusal refusal, @Nullable String detail) {
        env.refusals().count(refusal, clientText(), detail);
        Exchange current = exchange;
        if (current == null) {
            return false;
        }
        boolean answering = isAnswering();
        drop(current);
        if (!answering) {
            current.responds(refusal.status().code(), lastProgress());
        }
        over(current, answering ? Kind.CUT : Kind.COMPLETE, refusal.label());
        return answering;
    }

    /** The exchange under way ends here, and its client is told nothing. */
    public void cutExchange(Refusal refusal) {
        count(refusal);
        Exchange current = exchange;
        if (current != null) {
            drop(current);
            over(current, Kind.CUT, refusal.label());
        }
    }

    /** The exchange under way fails, and its client is told so. */
    public void fail(Refusal refusal) {
        Exchange current = exchange;
        if (current != null) {
            fail(current, refusal, null);
        }
    }

    // -------------------------------------------------------------------------------------------- for what is filtered

    /** Runs a task under the claim, later. */
    Future<?> schedule(Runnable task, long nanos) {
        return channel.eventLoop().schedule(() -> run(task), nanos, TimeUnit.NANOSECONDS);
    }

    /**
     * Runs a message of another connection's, or of a worker, under the claim, now or later.
     *
     * @return false: it will never run; see {@link Messages#post}
     */
    public boolean post(Runnable message) {
        return Messages.post(channel, message);
    }

    /**
     * Runs what comes from elsewhere, under the claim: whoever shares the connection keeps what it throws to itself.
     */
    protected void run(Runnable task) {
        task.run();
    }

    /** Looks for a connection to a server. */
    void sendToServer(Exchange current) {
        current.asked(current.filtered() == null ? lastProgress() : nanoTime());
        forwarder.begin(current);
        if (forwarder.end() != null) {
            carried(current);
        }
    }

    /** A connection carries the exchange. */
    private void carried(Exchange current) {
        current.carried(lastProgress());
        if (!forwarder.sendAgain(current)) {
            fail(current, Refusal.UPSTREAM_CLOSED, null);
            return;
        }
        FilteredExchange filtered = current.filtered();
        if (filtered != null) {
            filtered.attached();
        }
        takeBody(current);
    }

    /** A connection to a server carries the exchange. */
    boolean hasServer() {
        return forwarder.end() != null;
    }

    /** Hands a piece of the request's body to the server; taken out of the buffer. False: the other end is gone. */
    boolean forward(Exchange current, ByteBuf in, int count, boolean last, @Nullable HeaderFields trailers) {
        UpstreamEnd end = forwarder.end();
        if (end == null) {
            throw new IllegalStateException("a body without a server");
        }
        return forwarder.forward(current, end, in, count, last, trailers);
    }

    /** Code that must not throw has thrown at the server's end of an exchange, which fails. Any thread. */
    public void broke(Exchange current, Throwable thrown) {
        env.failed("an exchange with a server", thrown);
        post(() -> refuse(current, Refusal.INTERNAL_ERROR));
    }

    /** Code that must not throw has thrown at this end: the exchange under way ends. Under the claim. */
    public void broke(Throwable thrown) {
        env.failed("an exchange of client " + clientText(), thrown);
        Exchange current = exchange;
        if (current == null) {
            reset();
        } else {
            fail(current, Refusal.INTERNAL_ERROR, null);
        }
    }

    /** The exchange fails: the client is told so, or cut. */
    void refuse(Exchange current, Refusal refusal) {
        if (current.equals(exchange)) {
            fail(current, refusal, null);
        }
    }

    /** Ends what a server may still do for the exchange: it is not needed. */
    void letGoOfServer(Exchange current) {
        if (forwarder.end() != null || forwarder.connecting()) {
            current.abandon();
            forget(current);
        }
    }

    /** An exchange that had waited has continued. */
    void wentOn(Exchange current) {
        progress();
        flush();
        if (current.equals(exchange)) {
            answerRoom(current);
        }
        readOn();
    }

    // ----------------------------------------------------------------------------------------- from the connection

    /**
     * A connection carries the exchange that was not there at once.
     *
     * @param sent false: it died before anything was sent
     * @param reused it has carried others
     */
    void attached(Exchange named, UpstreamEnd end, boolean sent, boolean reused) {
        if (!named.equals(exchange) || forwarder.end() != null || named.isAbandoned()) {
            end.abortSoon(named);
            return;
        }
        if (!sent) {
            connectFailed(named, new ConnectException("closed before anything was sent"));
            return;
        }
        forwarder.attach(end, reused);
        progress();
        carried(named);
        readOn();
    }

    /** There is no new connection. */
    void connectFailed(Exchange named, Throwable cause) {
        if (!named.equals(exchange) || forwarder.end() != null || named.isAbandoned()) {
            return;
        }
        progress();
        named.asked(lastProgress());
        Refusal refusal = forwarder.askNext(named, cause);
        if (refusal != null) {
            fail(named, refusal, cause.getMessage());
        } else if (forwarder.end() != null) {
            // An idle connection carries the exchange now: the body that waits must be fetched here.
            carried(named);
            readOn();
        }
    }

    /** There was no room where there seemed to be, and nothing was sent. */
    void askAgain(Exchange named) {
        if (named.equals(exchange) && forwarder.end() == null && !named.isAbandoned()) {
            progress();
            askOnceMore(named, false, "no stream was free where one seemed to be");
        }
    }

    private void askOnceMore(Exchange named, boolean refused, String detail) {
        if (!forwarder.askOnceMore(named)) {
            if (refused) {
                named.failedByServer(ServerFailure.ERROR, lastProgress());
            }
            fail(named, refused ? Refusal.UPSTREAM_CLOSED : Refusal.CONNECT_FAILED, detail);
        } else if (forwarder.end() != null) {
            carried(named);
            readOn();
        }
    }

    // -------------------------------------------------------------------------------------- from the upstream end

    /** The upstream end can take more of the request's body. */
    public void resumeRequest(Exchange named, UpstreamEnd from) {
        if (isCurrent(named, from) && forwarder.resume()) {
            resumeBody();
        }
    }

    public void informational(Exchange named, UpstreamEnd from, ResponseHead head) {
        if (isCurrent(named, from)) {
            progress();
            named.inform();
            informational(named, head);
        }
    }

    /**
     * The answer begins.
     *
     * @param in its next {@code count} bytes are the body's first; taken out in any case
     * @param last they are all of it
     */
    public void answer(
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
        progress();
        named.forgetBody();
        named.answeredByServer(head.status().code(), lastProgress());
        String session = named.sessionCookie();
        if (session != null && head.fields().size() < HeaderFields.MAX_FIELDS) {
            head.fields().add(HttpHeaderNames.SET_COOKIE, session);
        }
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
            respondBody(named, in, count, last, trailers);
        } else {
            named.responds(head.status().code(), lastProgress());
            if (head.beginsTunnel()) {
                named.becomeTunnel();
            }
            respond(named, head, in, count, last, trailers);
        }
        if (last && named.equals(exchange)) { // writing may have shown that the client is gone
            finish(named);
        }
    }

    /** A piece of the answer's body. */
    public void answerBody(
            Exchange named, UpstreamEnd from, ByteBuf in, int count, boolean last, @Nullable HeaderFields trailers) {
        if (!isCurrent(named, from)) {
            in.skipBytes(count);
            return;
        }
        progress();
        FilteredExchange filtered = named.filtered();
        if (filtered == null) {
            write(named, null, in, count, last, trailers);
        } else {
            filtered.responseBody(in, count, last, trailers);
        }
    }

    /** False: read no more of the answer before {@link UpstreamEnd#resumeAnswer}. */
    public boolean takesMoreAnswer(Exchange named, UpstreamEnd from) {
        if (!isCurrent(named, from)) {
            return true;
        }
        FilteredExchange filtered = named.filtered();
        answerPaused = !isWritable() || (filtered != null && filtered.holdsResponse());
        return !answerPaused;
    }

    /** The upstream end reads no more of the answer until it is told. */
    public boolean answerPaused() {
        return answerPaused;
    }

    /** All that was posted of the answer so far has arrived here: flushes it and asks for more. */
    public void caughtUpWithAnswer(Exchange named, UpstreamEnd from) {
        flush();
        if (isCurrent(named, from) && takesMoreAnswer(named, from) && !from.resumeAnswer(named)) {
            reset();
        }
    }

    /**
     * The server has not acted on the request, as it says: it is sent once more, whatever it is, if what was sent of
     * its body is still here.
     */
    public void upstreamRefused(Exchange named, UpstreamEnd from, String detail) {
        if (!isCurrent(named, from)) {
            return;
        }
        boolean lost = !forwarder.canSendAgain(named);
        boolean paused = forwarder.paused();
        forget(null);
        progress();
        if (lost) {
            fail(named, Refusal.UPSTREAM_CLOSED, detail + ", and the body is too long to be sent again");
            return;
        }
        askOnceMore(named, true, detail);
        if (paused && named.equals(exchange)) {
            resumeBody();
        }
    }

    /**
     * There will be no answer, or no more of it.
     *
     * @param unused the server sent nothing, so it may not even have read the request
     */
    public void upstreamFailed(
            Exchange named, UpstreamEnd from, Refusal refusal, boolean unused, @Nullable String detail) {
        upstreamFailed(named, from, refusal, unused, null, detail);
    }

    /**
     * There will be no answer, or no more of it.
     *
     * @param unused the server sent nothing, so it may not even have read the request
     * @param shared what the exchange has failed with, together with others; null: it has failed by itself
     */
    public void upstreamFailed(
            Exchange named,
            UpstreamEnd from,
            Refusal refusal,
            boolean unused,
            @Nullable SharedFailure shared,
            @Nullable String detail) {
        if (!isCurrent(named, from)) {
            return;
        }
        forget(null);
        progress();
        long now = lastProgress();
        if (refusal == Refusal.BAD_RESPONSE
                || refusal == Refusal.BAD_SERVER_FRAME
                || refusal == Refusal.TOO_MANY_SERVER_FRAMES) {
            failedByServer(named, ServerFailure.ERROR, shared, now);
        } else if (refusal == Refusal.UPSTREAM_CLOSED
                && requestIsComplete() // some servers drop a request that comes too slowly
                && !(unused && forwarder.isReused())) {
            failedByServer(named, ServerFailure.CLOSED, shared, now); // one that was idle may close as it is taken
        }
        if (!unused || isAnswering()) {
            fail(named, refusal, detail);
            return;
        }
        named.asked(now);
        if (!forwarder.askAgain(named)) {
            fail(named, refusal, detail);
        }
    }

    private static void failedByServer(
            Exchange named, ServerFailure failure, @Nullable SharedFailure shared, long now) {
        if (shared == null || (!named.isReported() && shared.counts())) {
            named.failedByServer(failure, now);
        }
    }

    /**
     * The server has ended the exchange by itself, and its connection lives: unlike one that was closed, it did not die
     * before the request.
     *
     * @param unused the server sent nothing
     */
    public void upstreamReset(Exchange named, UpstreamEnd from, boolean unused, ServerAbort how, String detail) {
        if (isCurrent(named, from)) {
            named.serverAbort(how);
            forwarder.connectionLives();
            upstreamFailed(named, from, Refusal.UPSTREAM_CLOSED, unused, detail);
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
        ended(current, true);
    }

    /** The exchange is no longer the current one; what a server may still do for it is ended. */
    private void drop(Exchange current) {
        exchange = null;
        current.abandon();
        forget(current);
    }

    /** Lets go of the upstream end, and tells it so unless it knows. */
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
        env.refusals().count(refusal, server == null || byClient ? clientText() : server.address(), detail);
        current.abandon();
        forget(current);
        if (isAnswering()) {
            exchange = null;
            over(current, refusal == Refusal.UPSTREAM_CLOSED ? Kind.SERVER_ABORTED : Kind.CUT, refusal.label());
            cutShort(current);
            return;
        }
        FilteredExchange filtered = current.filtered();
        if (filtered == null) {
            answerItself(current, OwnAnswer.of(refusal));
        } else if (!filtered.answerItself(OwnAnswer.of(refusal), refusal.label())) {
            exchange = null;
            over(current, Kind.CUT, refusal.label());
            reset();
            return;
        }
        flush();
    }

    /** Answers instead of a server. Flushing is left to the caller. */
    private void answerItself(Exchange current, OwnAnswer own) {
        exchange = null;
        respond(current, own);
        current.responds(own.status().code(), lastProgress());
        over(current, Kind.COMPLETE, null);
        ended(current, false);
    }

    /** An exchange has ended. */
    private void over(Exchange current, Kind kind, @Nullable String reason) {
        long bytes = current.hasBody() ? bodyBytes() : 0;
        long now = nanoTime();
        current.forgetBody();
        current.over(kind, bytes, now);
        Traffic traffic = env.context().traffic();
        if (traffic.isWatched()) {
            current.report(traffic, asker(current), kind, bytes, now);
        }
        FilteredExchange filtered = current.filtered();
        if (filtered != null) {
            filtered.end(new HttpOutcome(kind, reason == null || reason.isEmpty() ? null : reason));
        }
    }

    // ------------------------------------------------------------------------------------------ for the next process

    /** The server's end of the exchange under way; null: there is none. */
    @Nullable
    public final UpstreamEnd serverEnd() {
        return forwarder.end();
    }

    /** The exchange continues in the next process: nothing of it is told here, nor to its server. */
    public final void letGo() {
        exchange = null;
        forget(null);
    }

    /** The tunnel of another process continues here, as it does at the server's end. Under the claims on both. */
    public final void unpack(Exchange tunnel, UpstreamEnd there) {
        exchange = tunnel;
        forwarder.unpack(there, !there.takesMoreRequest(tunnel));
    }

    // -------------------------------------------------------------------------------------------- for who keeps time

    /** What carries the exchange to a server. */
    final Forwarder forwarder() {
        return forwarder;
    }

    /** Client and server speak another protocol. */
    public final boolean isTunnel() {
        Exchange current = exchange;
        return current != null && current.isTunnel();
    }

    /** The server has all of the request, or takes no more of it now. */
    public final boolean isServersTurn() {
        return requestIsComplete() || requestPaused();
    }

    /** Bytes of bodies that are kept for filters, or to be sent again. */
    public int heldBodyBytes() {
        Exchange current = exchange;
        if (current == null) {
            return 0;
        }
        FilteredExchange filtered = current.filtered();
        SentBody sent = current.sentBody();
        return (filtered == null ? 0 : filtered.heldBytes()) + (sent == null ? 0 : sent.heldBytes());
    }

    // -------------------------------------------------------------------- in the client's version of HTTP: the request

    /**
     * Runs a callback of a filter or handler on a worker of its plugin, as {@link ServiceContext#blocking} does, while
     * the exchange waits. What the client sends meanwhile is held back as far as it concerns this exchange.
     *
     * @throws IllegalStateException if the client can have no more on workers now
     */
    public abstract BlockingWork onWorker(
            Contributed<?> code,
            Callable<HttpVerdict> callback,
            Consumer<HttpVerdict> then,
            Consumer<Throwable> failed);

    /** The body of the request can be used now: a client that waits for it is told to send it. */
    public abstract void askForBody(Exchange current);

    /** The body of the request can be used as it comes. */
    public abstract void takeBody(Exchange current);

    /** More of the body of the request can be used. */
    public abstract void resumeBody();

    /** Bytes of the request's body so far. */
    public abstract long bodyBytes();

    /** All of the request has come. */
    public abstract boolean requestIsComplete();

    /** Reads what had to wait, and what comes after it. */
    public abstract void readOn();

    // ------------------------------------------------------------------ in the client's version of HTTP: the response

    /** Writes a head before the response's, without a flush. */
    public abstract void informational(Exchange current, ResponseHead head);

    /**
     * Begins the response, without a flush.
     *
     * @param in its next {@code count} bytes are the first of the body; taken out
     * @param last they are all of it
     */
    public abstract void respond(
            Exchange current, ResponseHead head, ByteBuf in, int count, boolean last, @Nullable HeaderFields trailers);

    /** Writes more of the body, without a flush; taken out of the buffer. */
    public abstract void respondBody(
            Exchange current, ByteBuf in, int count, boolean last, @Nullable HeaderFields trailers);

    /** Writes a whole response of the service's own, without a flush. */
    public abstract void respond(Exchange current, OwnAnswer own);

    /** The head of the response is written. */
    public abstract boolean isAnswering();

    /** The client takes more of the response. */
    public abstract boolean isWritable();

    public abstract void flush();

    // ----------------------------------------------------------------------- in the client's version of HTTP: the end

    /**
     * The response is complete: the next exchange can begin.
     *
     * @param flush what was written must go out now; else the caller sees to that
     */
    public abstract void ended(Exchange current, boolean flush);

    /** The response stays unfinished, and must not look complete. */
    public abstract void cutShort(Exchange current);

    /** Closes the connection without a word to the client. */
    public abstract void reset();

    /** Ends the exchange, if there is one, because client or server was silent for too long. */
    public abstract void timedOut(Refusal refusal);

    /** Ends the exchange without an answer: the client takes nothing, or speaks another protocol. */
    public abstract void cut(Refusal refusal);

    // -------------------------------------------------------------------------- in the client's version of HTTP: time

    /** By the clock of the loops, in nanoseconds. */
    public abstract long nanoTime();

    /** When something came or went last; costs no call of a clock. */
    public abstract long lastProgress();

    /** Something came or went: silence is measured from now on. */
    public abstract void progress();
}
