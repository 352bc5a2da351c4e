package dev.baton.plugin.http.http2;

import dev.baton.plugin.http.exchange.Deadlines;
import dev.baton.plugin.http.exchange.Downstream;
import dev.baton.plugin.http.exchange.Exchange;
import dev.baton.plugin.http.exchange.FieldKind;
import dev.baton.plugin.http.exchange.HeaderFields;
import dev.baton.plugin.http.exchange.OwnAnswer;
import dev.baton.plugin.http.exchange.Refusal;
import dev.baton.plugin.http.exchange.RefusedException;
import dev.baton.plugin.http.exchange.ResponseHead;
import dev.baton.plugin.http.exchange.Timeouts;
import dev.baton.spi.http.HttpVerdict;
import dev.baton.spi.service.BlockingWork;
import dev.baton.spi.service.Contributed;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Stream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One stream of a client's connection: one exchange. Its {@link Http2Reader} reads and writes the frames.
 *
 * <p>What of the body cannot be handed on yet stays here, and its bytes of the windows are given back when they were
 * taken: that is one window at most.
 */
final class Http2Downstream extends Downstream {
    private final Http2Reader reader;
    private final ResponseWriter out;
    private final Http2Stream stream;

    private final RequestBody body = new RequestBody();

    /** Bytes of the heap that the request's head takes. */
    private int headBytes;
    /** The timer has seen that the stream is reset, at {@link #since}. */
    private boolean resetSeen;
    /** A caller up the stack hands the body on. */
    private boolean pumping;

    /** The head of the response is written. */
    private boolean started;
    /** All of the response is written, and the stream does not know it yet. */
    private boolean whole;
    /** The server has not opened the WebSocket that was asked for, and did not say no: the client was told so. */
    private boolean unagreed;
    /** The exchange is over: what comes of the body is dropped. */
    private boolean done;
    /** The stream is closed: nothing is sent on it, and nothing is kept for it. */
    private boolean closed;

    /** Bytes of the response that wait for the client's window. */
    private long pending;

    private long pendingBefore;
    /** Bytes that the reader knows to be kept for this stream. */
    private long held;

    /** When something came or went last. */
    private long since;

    Http2Downstream(Http2Reader reader, Http2Stream stream) {
        super(reader.env(), reader.channel());
        this.reader = reader;
        out = reader.out();
        this.stream = stream;
        since = reader.nanoTime();
    }

    /** The other streams must not wait: what comes for this one stays here, and keeps its part of the windows. */
    @Override
    public BlockingWork onWorker(
            Contributed<?> code,
            Callable<HttpVerdict> callback,
            Consumer<HttpVerdict> then,
            Consumer<Throwable> failed) {
        return env().context().blocking(code, channel(), callback, then, failed);
    }

    @Override
    public byte[] client() {
        return reader.clientName(super::client);
    }

    // ------------------------------------------------------------------------------------------- what must not throw

    @Override
    public boolean post(Runnable message) {
        return super.post(() -> run(message));
    }

    /** Runs what concerns this stream alone: what it throws must not cost the others. Under the claim. */
    @Override
    protected void run(Runnable task) {
        try {
            task.run();
        } catch (Exception | LinkageError | AssertionError | StackOverflowError e) {
            broke(e);
        }
    }

    /** Code that must not throw has thrown: that ends this exchange, and none of the connection's others. */
    @Override
    public void broke(Throwable thrown) {
        String where = "stream " + stream.id() + " of client " + new String(client(), StandardCharsets.US_ASCII);
        env().failed(where, thrown);
        try {
            if (!done && current() == null && !started) {
                out.write(this, OwnAnswer.of(Refusal.INTERNAL_ERROR), false);
                started = true;
                done = true;
            } else if (!done && current() != null) {
                fail(Refusal.INTERNAL_ERROR);
            } else {
                quit();
            }
        } catch (Exception | LinkageError | AssertionError | StackOverflowError again) {
            env().failed(where + ", as it was to end", again);
            quit();
        }
        body.drop();
        countMemory();
    }

    private void quit() {
        try {
            if (current() != null) {
                cutExchange(Refusal.INTERNAL_ERROR);
            }
        } catch (Exception | LinkageError | AssertionError | StackOverflowError again) {
            env().failed("stream " + stream.id() + ", as it was cut", again);
        }
        done = true;
        reset(Http2Error.INTERNAL_ERROR);
    }

    /** Not in answer to the client's own reset (RFC 9113, section 5.4.2). */
    private void reset(Http2Error error) {
        if (!closed && reader.connection().stream(stream.id()) != null) {
            out.reset(stream, error);
        }
    }

    // ------------------------------------------------------------------------------------------------ from the reader

    /** The head of the request is there. */
    void begin(RequestFields head, boolean complete) {
        Exchange next;
        try {
            next = Requests.read(this, head, complete);
        } catch (RefusedException | TooLongHttpHeaderException e) {
            refuseHead(Refusal.ofRequest(e), e.getMessage());
            return;
        }
        headBytes = next.headBytes();
        reader.heldHead(headBytes);
        body.begin(next.hasBody(), complete);
        beginExchange(next);
        if (body.isUnfinished()) {
            pump(); // a length that is not 0, and no body: the end of it
        }
    }

    /** Malformed requests are reset, as RFC 9113, section 8.1.1, has it; what is too much has an answer. */
    private void refuseHead(Refusal refusal, @Nullable String detail) {
        giveUp(refusal, detail);
        done = true;
        if (refusal == Refusal.HEADER_TOO_LARGE || refusal == Refusal.BAD_METHOD) {
            out.write(this, OwnAnswer.of(refusal), false);
        } else {
            reset(Http2Error.PROTOCOL_ERROR);
        }
        reader.countReset();
    }

    /**
     * A piece of the body.
     *
     * @param data released by the caller
     * @return bytes of it that were taken, whose part of the windows is free again
     */
    int data(ByteBuf data, boolean last) {
        if (pending == 0 || isWritable()) {
            progress(); // else it is the response that the client has to take
        }
        int count = data.readableBytes();
        body.came(count, last, since);
        if (done || current() == null) {
            return count;
        }
        if (body.bytes() > env().limits().bodyBytes() && !opensTunnel()) {
            refuseBody();
            return count;
        }
        if (body.isWaiting() || pumping) {
            body.keep(data, channel().alloc());
            pump();
            return 0;
        }
        int taken = give(data);
        if (data.isReadable()) {
            body.keep(data, channel().alloc());
        }
        afterGiving();
        return taken;
    }

    /** It is a tunnel, or asks for one: what goes through is no body. */
    private boolean opensTunnel() {
        Exchange current = current();
        return current != null && (current.isTunnel() || current.isConnect() || current.upgrade() != null);
    }

    private void refuseBody() {
        if (giveUp(Refusal.BODY_TOO_LARGE, null)) {
            reset(Http2Error.CANCEL);
        } else {
            out.write(this, OwnAnswer.of(Refusal.BODY_TOO_LARGE), false);
            done = true;
        }
        body.drop();
        countMemory();
    }

    /** The fields behind the body, which end the request. */
    void trailers(RequestFields fields) {
        if (fields.hasPseudo() || fields.tooMany() || fields.fields().has(FieldKind.TRANSFER_ENCODING)) {
            fail(Refusal.MALFORMED_REQUEST);
            reader.countReset();
            return;
        }
        progress();
        body.endWith(fields.fields());
        pump();
    }

    /** The stream is closed: reset, or all is written and read. */
    void closed() {
        closed = true;
        body.drop();
        try {
            if (!done) {
                done = true;
                clientGone();
            }
        } finally {
            hold(0);
            releaseHead();
        }
    }

    private void releaseHead() {
        reader.heldHead(-headBytes);
        headBytes = 0;
    }

    /** It was reset that long ago at least, and not even that has gone out. */
    boolean isResetUnsent(long now, long nanos) {
        if (!stream.isResetSent()) {
            return false;
        }
        if (!resetSeen) {
            resetSeen = true;
            since = now;
        }
        return now - since >= nanos;
    }

    /** The client takes more of the response. */
    void writabilityChanged() {
        if (!done && isWritable()) {
            writable();
        }
    }

    /** So many bytes of the response wait for the client's window. */
    void pending(long bytes) {
        hold(held + bytes - pending);
        pending = bytes;
    }

    Http2Stream stream() {
        return stream;
    }

    // -------------------------------------------------------------------------------------------------------- the body

    /** Hands on what waits. */
    private void pump() {
        if (pumping || done) {
            return;
        }
        ByteBuf waiting = body.takeOut();
        if (waiting == null) {
            give(Unpooled.EMPTY_BUFFER);
        } else {
            int taken;
            try {
                taken = give(waiting);
            } catch (Exception | LinkageError | AssertionError | StackOverflowError e) {
                waiting.release();
                throw e;
            }
            if (waiting.isReadable() && !done) {
                body.putBack(waiting);
            } else {
                waiting.release();
            }
            reader.taken(stream, taken);
        }
        afterGiving();
        reader.countMemory();
    }

    /** Hands on what can be used of it. The bytes that are free again. */
    private int give(ByteBuf in) {
        Exchange current = current();
        int taken = 0;
        pumping = true;
        try {
            while (!body.isGiven()
                    && current != null
                    && current.equals(current())
                    && current.hasBody() // a tunnel has one from the server's answer on
                    && (in.isReadable() || body.hasEnded())
                    && takesBody()
                    && !serverFull()) {
                int count = in.readableBytes();
                boolean last = body.hasEnded() && !current.isTunnel();
                if (count == 0 && !last) {
                    break;
                }
                if (last) {
                    body.given();
                }
                if (!body(current, in, count, last, last ? body.trailers() : null)) {
                    lostServer();
                    return taken + count;
                }
                if (requestPaused()) {
                    body.owe(count);
                } else {
                    taken += count;
                }
            }
        } finally {
            pumping = false;
        }
        return taken;
    }

    private void afterGiving() {
        if (!done && !flushBody()) {
            lostServer();
        }
        if (!done && body.hasEnded() && !body.isWaiting() && isTunnel()) {
            endTunnel();
        }
        if (!done && requestPaused()) {
            body.serversTurn(since);
        }
        countMemory();
    }

    /** The client has ended its side, which ends both: HTTP/1 has no half of a tunnel. */
    private void endTunnel() {
        done = true;
        clientGone();
        out.write(stream, Unpooled.EMPTY_BUFFER, 0, true);
        reader.flushSoon();
    }

    /** The server's end is gone, with its loop. */
    private void lostServer() {
        cutExchange(Refusal.UPSTREAM_CLOSED);
        done = true;
        reset(Http2Error.INTERNAL_ERROR);
    }

    private void countMemory() {
        hold(heldBodyBytes() + pending + body.heldBytes());
    }

    /** Says how much is kept for this stream, in bytes; nothing once it is closed. */
    private void hold(long bytes) {
        long kept = closed ? 0 : bytes;
        reader.held(kept - held);
        held = kept;
    }

    @Override
    public void askForBody(Exchange current) {
        if (current.expectsContinue()) {
            out.write(stream, new ResponseHead(HttpVersion.HTTP_1_1, HttpResponseStatus.CONTINUE), false);
            reader.flushSoon();
        }
        clientsTurn();
    }

    @Override
    public void takeBody(Exchange current) {
        if (!body.isGiven() && !current.fields().has(FieldKind.EXPECT)) {
            clientsTurn();
        }
    }

    @Override
    public void resumeBody() {
        clientsTurn();
        reader.taken(stream, body.settle());
        pump();
        reader.flushSoon();
    }

    private void clientsTurn() {
        progress();
        body.clientsTurn(since);
    }

    @Override
    public long bodyBytes() {
        return body.bytes();
    }

    @Override
    public boolean requestIsComplete() {
        Exchange current = current();
        return body.isGiven() || (current != null && !current.hasBody());
    }

    @Override
    public void readOn() {
        pump();
        reader.flushSoon();
    }

    // ---------------------------------------------------------------------------------------------------- the response

    @Override
    public void informational(Exchange current, ResponseHead head) {
        out.write(stream, head, false);
    }

    @Override
    public void respond(
            Exchange current, ResponseHead head, ByteBuf in, int count, boolean last, @Nullable HeaderFields fields) {
        started = true;
        if (!isAgreed(current, head)) {
            count(Refusal.BAD_RESPONSE);
            unagreed = true;
            in.skipBytes(count);
            out.write(this, OwnAnswer.of(Refusal.BAD_RESPONSE), false);
            return;
        }
        if (last && fields == null && !current.isTunnel() && out.writeWhole(stream, head, in, count)) {
            whole = true;
            return;
        }
        boolean complete = last && count == 0 && fields == null;
        out.write(stream, head, complete);
        if (done) { // the client takes no heads of this size, and the stream is reset
            in.skipBytes(count);
            return;
        }
        if (!complete && (last || count > 0)) {
            respondBody(current, in, count, last, fields);
        }
        if (current.isTunnel()) {
            pump(); // the client may have spoken already
        }
    }

    /** A success that opens no WebSocket, where one was asked for, would be taken for one. */
    private static boolean isAgreed(Exchange current, ResponseHead head) {
        if (current.upgrade() == null) {
            return true;
        }
        return head.beginsTunnel()
                ? WebSocketKey.isAccepted(
                        current.fields().get(WebSocketKey.KEY), head.fields().get(WebSocketKey.ACCEPT))
                : head.status().codeClass() != HttpStatusClass.SUCCESS;
    }

    @Override
    public void respondBody(Exchange current, ByteBuf in, int count, boolean last, @Nullable HeaderFields fields) {
        if (unagreed) {
            in.skipBytes(count);
            return;
        }
        boolean dataIsLast = last && fields == null;
        if (count > 0 || dataIsLast) {
            out.write(stream, in, count, dataIsLast);
        }
        if (last && fields != null) {
            out.write(stream, fields);
        }
    }

    @Override
    public void respond(Exchange current, OwnAnswer own) {
        started = true;
        out.write(this, own, current.isHead());
    }

    @Override
    public boolean isAnswering() {
        return started;
    }

    @Override
    public boolean isWritable() {
        return out.isWritable(stream);
    }

    @Override
    public void flush() {
        reader.flushSoon();
    }

    // -------------------------------------------------------------------------------------------------------- the end

    @Override
    public void ended(Exchange current, boolean flush) {
        done = true;
        body.drop();
        hold(pending);
        releaseHead();
        if (flush) {
            reader.flushSoon();
        }
        if (whole) {
            whole = false;
            out.responseEnded(stream);
        }
    }

    /** All of the response is written: a client that still sends its body is asked to stop (RFC 9113, section 8.1). */
    void responded() {
        if (!body.hasEnded()) {
            reset(Http2Error.NO_ERROR);
        }
    }

    @Override
    public void cutShort(Exchange current) {
        done = true;
        reset(
                switch (current.serverAbort()) {
                    case FAILED -> Http2Error.INTERNAL_ERROR;
                    case CANCELLED -> Http2Error.CANCEL;
                    case TOO_MUCH -> Http2Error.ENHANCE_YOUR_CALM;
                });
    }

    @Override
    public void reset() {
        if (!done) {
            done = true;
            clientGone();
        }
        reset(Http2Error.INTERNAL_ERROR);
    }

    /** The process is short of memory. */
    void evict() {
        if (current() != null) {
            fail(Refusal.EVICTED);
        }
    }

    // ------------------------------------------------------------------------------------------------------------ time

    @Override
    public long nanoTime() {
        return reader.nanoTime();
    }

    @Override
    public long lastProgress() {
        return since;
    }

    @Override
    public void progress() {
        since = reader.nanoTime();
        reader.progress(since);
    }

    /**
     * Ends what has waited for too long.
     *
     * @return nanoseconds until it is time to look again
     */
    long look(Timeouts timeouts, long now) {
        if (resetSeen) {
            return since + timeouts.linger() - now;
        }
        try {
            return lookAtExchange(timeouts, now);
        } catch (Exception | LinkageError | AssertionError | StackOverflowError e) {
            broke(e);
            return timeouts.check();
        }
    }

    private long lookAtExchange(Timeouts timeouts, long now) {
        boolean stuck = isStuck();
        Exchange current = current();
        if (current == null) {
            // All is written, and the client does not take it or does not end its side.
            long left = since + timeouts.idle() - now;
            if (left <= 0) {
                count(Refusal.CLIENT_STALLED);
                reset(Http2Error.CANCEL);
            }
            return left;
        }
        long paceLeft = stuck || !hasPace(current) ? Timeouts.NEVER : body.paceLeft(timeouts, now);
        return Deadlines.check(this, now, stuck, limit(timeouts, stuck), paceLeft);
    }

    /** The client sends a body that has to come at a rate. */
    private boolean hasPace(Exchange current) {
        return !requestIsComplete() && !started && !current.isCall();
    }

    /** The client does not take what was written for it; every byte that it does take is progress. */
    private boolean isStuck() {
        if (pending < pendingBefore) {
            progress();
        }
        pendingBefore = pending;
        return pending > 0 && !isWritable();
    }

    private long limit(Timeouts timeouts, boolean stuck) {
        if (Deadlines.waitsElsewhere(this, requestIsComplete()) && !stuck) {
            return Timeouts.NEVER; // the upstream's connect-timeout limits it, or a filter's own
        }
        if (isTunnel()) {
            return timeouts.tunnel();
        }
        return stuck || !isServersTurn() ? timeouts.idle() : timeouts.response();
    }

    @Override
    public void timedOut(Refusal refusal) {
        fail(refusal);
    }

    @Override
    public void cut(Refusal refusal) {
        cutExchange(refusal);
        done = true;
        reset(Http2Error.CANCEL);
    }
}
