package dev.baton.plugin.http.http2;

import dev.baton.plugin.http.exchange.BodyLength;
import dev.baton.plugin.http.exchange.Downstream;
import dev.baton.plugin.http.exchange.Exchange;
import dev.baton.plugin.http.exchange.FieldKind;
import dev.baton.plugin.http.exchange.HeaderFields;
import dev.baton.plugin.http.exchange.Messages;
import dev.baton.plugin.http.exchange.Refusal;
import dev.baton.plugin.http.exchange.ResponseHead;
import dev.baton.plugin.http.exchange.ServerAbort;
import dev.baton.plugin.http.exchange.SharedFailure;
import dev.baton.plugin.http.exchange.UpstreamEnd;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.upstream.UpstreamServer;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Stream;
import org.jspecify.annotations.Nullable;

/**
 * The server's end of one exchange: a stream of an {@link Http2UpstreamConnection}, under whose claim everything here
 * runs; the client's end may be on another loop.
 *
 * <p>The window of the stream bounds what is kept here or is on its way to the client's loop: its bytes are given back
 * when the client's end has taken them and wants more. So a client that is slow holds up its own stream alone.
 */
final class Http2UpstreamEnd implements UpstreamEnd {
    /** Heads before the answer (1xx) that one exchange may have. */
    private static final int MAX_INFORMATIONAL = 64;
    /** Bytes with which a buffer for what waits begins. */
    private static final int KEPT_FIRST = 1024;
    /** The answer's length is not said. */
    private static final long UNKNOWN = -1;

    private final Http2UpstreamConnection connection;

    private @Nullable Exchange exchange;
    private @Nullable Http2Stream stream;
    /** Came, and waits until the client takes it. */
    private @Nullable ByteBuf unread;

    private @Nullable HeaderFields trailers;
    /** Bytes that the client's end has, and that it has not asked for more after. */
    private int owed;

    /** How often bytes had come on the connection when it began. */
    private long readsBefore;

    private int informational;
    /** What is left of the length that the answer's head says. */
    private long announced = UNKNOWN;

    private boolean headCame;
    /** It asks for a tunnel. */
    private boolean tunnel;
    /** The server has ended its side: nothing follows what is unread. */
    private boolean inputEnded;
    /** The client's end takes no more of the answer until it says so. */
    private boolean answerFull;

    /** The answer is complete and waits for its client, and the stream is closed. */
    private boolean outlives;

    private boolean answerUnflushed;
    /** Of what is unflushed, some was posted: the client's end has to say when it has all of it. */
    private boolean answerPosted;

    private boolean requestSent;
    /** The client's end reads no more of the request until it is told. */
    private boolean requestPaused;

    /** Bytes of the request that wait for the server's window. */
    private long pending;
    /** Bytes that the connection knows to be kept for this stream. */
    private long held;

    Http2UpstreamEnd(Http2UpstreamConnection connection) {
        this.connection = connection;
    }

    @Override
    public MovableChannel channel() {
        return connection.channel();
    }

    @Override
    public boolean hasServed() {
        return false; // a stream serves once
    }

    // ------------------------------------------------------------------------------------- from the downstream end

    @Override
    public boolean begin(Exchange next) {
        exchange = next;
        readsBefore = connection.reads();
        tunnel = next.isConnect() || UpstreamRequestFields.isWebSocket(next);
        if (tunnel && !next.isConnect()) {
            connection.whenSettled(this);
            return true;
        }
        return send(next);
    }

    /** It is known what the server offers, for one who asks for a WebSocket. */
    void settled() {
        Exchange current = exchange;
        if (current == null) {
            connection.free();
        } else if (!connection.takesWebSockets() || current.fields().get(WebSocketKey.KEY) == null) {
            connection.free();
            failSoon(Refusal.NO_TUNNEL, "the server does not offer WebSockets over HTTP/2, or there is no key");
        } else if (!send(current)) {
            exchange = current;
            failSoon(Refusal.UPSTREAM_CLOSED, null);
        }
    }

    /** Later: the client's end may not know yet that this end carries its exchange. */
    private void failSoon(Refusal refusal, @Nullable String detail) {
        channel().offer(() -> fail(refusal, false, detail));
    }

    private boolean send(Exchange next) {
        UpstreamServer server = next.server();
        UpstreamRequestFields head;
        try {
            head = UpstreamRequestFields.of(
                    next, server == null ? "" : server.address(), channel().tls() != null);
        } catch (Exception | LinkageError | AssertionError | StackOverflowError e) {
            connection.free();
            throw e;
        }
        requestSent = !tunnel && !next.hasBody();
        if (head.length() > connection.headMax()) {
            connection.free();
            failSoon(Refusal.HEADER_TOO_LARGE, "the server takes no more");
            return true;
        }
        stream = connection.open(this, head, requestSent);
        if (stream == null) {
            exchange = null;
            return false;
        }
        return true;
    }

    @Override
    public void requestBody(Exchange named, ByteBuf in, int count, boolean last, @Nullable HeaderFields fields) {
        Http2Stream to = stream;
        if (!named.equals(exchange) || to == null || outlives) {
            in.skipBytes(count);
            return;
        }
        requestSent = last;
        boolean dataIsLast = last && fields == null;
        if (count > 0 || dataIsLast) {
            connection.write(to, in, count, dataIsLast);
        }
        if (last && fields != null) {
            connection.write(to, fields);
        }
    }

    @Override
    public boolean takesMoreRequest(Exchange named) {
        Http2Stream to = stream;
        if (!named.equals(exchange) || to == null || outlives) {
            return true;
        }
        requestPaused = !connection.isWritable(to);
        return !requestPaused;
    }

    @Override
    public void postedRequestBody(Exchange named, ByteBuf data, boolean last, @Nullable HeaderFields fields) {
        run(() -> {
            try {
                requestBody(named, data, data.readableBytes(), last, fields);
            } finally {
                data.release();
            }
            if (last) {
                flushRequest(named);
            }
        });
    }

    @Override
    public void flushRequest(Exchange named) {
        assert channel().eventLoop().inEventLoop() : "without the claim on the server's connection (F4)";
        connection.flushSoon();
    }

    @Override
    public void caughtUpWithRequest(Exchange named) {
        flushRequest(named);
        run(() -> {
            if (named.equals(exchange) && takesMoreRequest(named)) {
                resumeRequest(named);
            }
        });
    }

    @Override
    public boolean resumeAnswer(Exchange named) {
        return post(() -> resumeReading(named));
    }

    private void resumeReading(Exchange named) {
        assert channel().eventLoop().inEventLoop() : "without the claim on the server's connection (F4)";
        if (!named.equals(exchange)) {
            return;
        }
        answerFull = false;
        int free = owed;
        owed = 0;
        ByteBuf waiting = unread;
        if (waiting != null) {
            unread = null;
            try {
                free += receive(named, null, waiting);
            } finally {
                waiting.release();
            }
            flushAnswer();
        }
        taken(free);
        countMemory();
        connection.countMemory();
    }

    @Override
    public void endTunnel(Exchange named) {
        post(() -> {
            Http2Stream to = stream;
            if (named.equals(exchange) && to != null) {
                exchange = null;
                release();
                connection.end(to);
            }
        });
    }

    @Override
    public void abortSoon(Exchange named) {
        post(() -> {
            if (named.equals(exchange)) {
                abort();
            }
        });
    }

    @Override
    public void abort() {
        exchange = null;
        release();
        cancel(Http2Error.CANCEL);
        if (!headCame) {
            connection.doubt(readsBefore);
        }
    }

    @Override
    public void giveBack(Exchange unused) {
        connection.free();
    }

    // ------------------------------------------------------------------------------------------- from the connection

    /** Runs a message of the client's end under the claim, now or later. False: it will never run. */
    private boolean post(Runnable message) {
        return Messages.post(channel(), () -> run(message));
    }

    /** Runs what concerns this stream alone: what it throws must not cost the others. Under the claim. */
    void run(Runnable task) {
        try {
            task.run();
        } catch (Exception | LinkageError | AssertionError | StackOverflowError e) {
            broke(e);
        }
    }

    /** Code that must not throw has thrown: that ends this exchange, and none of the connection's others. */
    void broke(Throwable thrown) {
        Http2Stream of = stream;
        connection.env().failed((of == null ? "a stream" : "stream " + of.id()) + " of a server's connection", thrown);
        Exchange current = exchange;
        try {
            fail(Refusal.INTERNAL_ERROR, false, null);
        } catch (Exception
                | LinkageError
                | AssertionError
                | StackOverflowError again) { // the client's end can do nothing any longer
            if (current != null) {
                current.downstream().channel().close();
            }
        }
        cancel(Http2Error.INTERNAL_ERROR);
    }

    /** A head came, or what follows the body. */
    void head(UpstreamResponseFields fields, boolean last) {
        Exchange current = exchange;
        if (current == null) {
            return;
        }
        try {
            if (headCame) {
                endWith(current, fields);
            } else {
                begin(current, fields, last);
            }
        } catch (MalformedException e) {
            malformed(e.getMessage());
        }
    }

    private void begin(Exchange current, UpstreamResponseFields fields, boolean last) {
        if (fields.tooMany()) {
            throw new MalformedException("more than " + HeaderFields.MAX_FIELDS + " header fields");
        }
        HeaderFields all = fields.fields();
        if (all.has(FieldKind.CONNECTION) || all.has(FieldKind.TRANSFER_ENCODING) || all.has(FieldKind.UPGRADE)) {
            throw new MalformedException("a field of the connection's");
        }
        int code = fields.code();
        if (code == HttpResponseStatus.SWITCHING_PROTOCOLS.code()) {
            throw new MalformedException("101, which HTTP/2 has not");
        }
        ResponseHead head = new ResponseHead(HttpVersion.HTTP_1_1, HttpResponseStatus.valueOf(code), all);
        if (head.isInformational()) {
            if (last || ++informational > MAX_INFORMATIONAL) {
                throw new MalformedException(
                        last ? "a head before the answer that ends it" : "too many heads before the answer");
            }
            inform(current, head);
            return;
        }
        headCame = true;
        long length = tunnel ? UNKNOWN : length(all);
        if (tunnel && head.status().codeClass() == HttpStatusClass.SUCCESS) {
            head = tunnelHead(current, all, head.status());
        } else if (head.isBodyless(current)) {
            announced = 0;
            head.setBodyLength(0);
        } else {
            announced = length;
            head.setBodyLength(length == UNKNOWN ? BodyLength.CHUNKED : length);
        }
        inputEnded = last;
        if (last && announced > 0) {
            throw new MalformedException("a length, and no body");
        }
        receive(current, head, Unpooled.EMPTY_BUFFER);
    }

    /** What opens a tunnel to the client, which is told so as HTTP/1.1 has it. */
    private static ResponseHead tunnelHead(Exchange current, HeaderFields fields, HttpResponseStatus status) {
        String key = current.isConnect() ? null : current.fields().get(WebSocketKey.KEY);
        ResponseHead head = new ResponseHead(
                HttpVersion.HTTP_1_1, key == null ? status : HttpResponseStatus.SWITCHING_PROTOCOLS, fields);
        if (key != null) {
            fields.set(HttpHeaderNames.UPGRADE, UpstreamRequestFields.WEBSOCKET);
            fields.set(WebSocketKey.ACCEPT, WebSocketKey.accept(key));
        }
        head.beginTunnel();
        return head;
    }

    private static long length(HeaderFields fields) {
        int field = fields.indexOf(FieldKind.CONTENT_LENGTH, 0);
        if (field < 0) {
            return UNKNOWN;
        }
        long length = fields.indexOf(FieldKind.CONTENT_LENGTH, field + 1) >= 0
                ? BodyLength.WRONG
                : BodyLength.parse(fields.value(field));
        if (length == BodyLength.WRONG) {
            throw new MalformedException("ambiguous length");
        }
        return length;
    }

    private void inform(Exchange current, ResponseHead head) {
        Downstream other = current.downstream();
        unflushed();
        MovableChannel there = other.channel();
        if (there.tryEnter()) {
            try {
                other.informational(current, this, head);
            } catch (Exception | LinkageError | AssertionError | StackOverflowError e) {
                other.broke(e);
            } finally {
                there.leave();
            }
        } else {
            answerPosted = true;
            if (!other.post(() -> other.informational(current, this, head))) {
                abort();
            }
        }
    }

    /** The fields behind the body, which end the answer. */
    private void endWith(Exchange current, UpstreamResponseFields fields) {
        HeaderFields all = fields.fields();
        if (fields.hasPseudo() || fields.tooMany() || all.has(FieldKind.TRANSFER_ENCODING)) {
            throw new MalformedException("trailers that are none");
        }
        if (announced > 0) {
            throw new MalformedException("a body that is shorter than its length");
        }
        inputEnded = true;
        trailers = all;
        if (unread == null) {
            receive(current, null, Unpooled.EMPTY_BUFFER);
        }
    }

    /**
     * A piece of the body.
     *
     * @param data released by the caller
     * @return bytes of it that were taken, whose part of the windows is free again
     */
    int data(ByteBuf data, boolean last) {
        Exchange current = exchange;
        int count = data.readableBytes();
        if (current == null) {
            return count;
        }
        boolean wrong = announced != UNKNOWN && (count > announced || (last && count < announced));
        if (!headCame || wrong) {
            malformed(headCame ? "a body of another length than its head says" : "a body before its head");
            return count;
        }
        if (announced != UNKNOWN) {
            announced -= count;
        }
        inputEnded = last;
        if (answerFull || unread != null) {
            keep(data);
            countMemory();
            return 0;
        }
        int free = receive(current, null, data);
        countMemory();
        return free;
    }

    /** A copy: what was read in one go is a large buffer, and may be of many streams. */
    private void keep(ByteBuf data) {
        ByteBuf before = unread;
        if (before != null && before.isWritable(data.readableBytes())) {
            before.writeBytes(data);
            return;
        }
        int length = data.readableBytes() + (before == null ? 0 : before.readableBytes());
        ByteBuf all = channel().alloc().directBuffer(Math.max(KEPT_FIRST, 2 * length));
        if (before != null) {
            all.writeBytes(before);
            before.release();
        }
        unread = all.writeBytes(data);
    }

    /** The stream is reset by the server, before the codec closes it. */
    void reset(Http2Error error) {
        Exchange current = exchange;
        if (current == null || inputEnded) {
            return; // the answer is complete; the server wants no more of the request (RFC 9113, section 8.1)
        }
        if (error == Http2Error.REFUSED_STREAM && !headCame) {
            refused(current, "the server has refused the stream");
        } else {
            flushWaiting(current);
            exchange = null;
            release();
            boolean unused = !headCame;
            Downstream other = current.downstream();
            String detail = "the server has reset the stream: " + error;
            other.post(() -> other.upstreamReset(current, this, unused, abort(error), detail));
        }
    }

    /**
     * What of the code holds between this process and the client too. REFUSED_STREAM does not: behind a head it would
     * have the client send again what the server may have acted on. Nor does INADEQUATE_SECURITY, which is about the
     * server's connection.
     */
    private static ServerAbort abort(Http2Error error) {
        return switch (error) {
            case CANCEL -> ServerAbort.CANCELLED;
            case ENHANCE_YOUR_CALM -> ServerAbort.TOO_MUCH;
            default -> ServerAbort.FAILED;
        };
    }

    /**
     * The stream is closed: all is sent and has come, or it was reset, or the connection is gone.
     *
     * @param refused the server has not acted on it, as its GOAWAY says
     */
    void closed(boolean refused) {
        pending(0);
        Exchange current = exchange;
        if (current == null) {
            return;
        }
        if (inputEnded) {
            outlives = true;
            connection.outlives(this);
            if (requestPaused) { // the rest of it is dropped, and its client must not wait to send it
                requestPaused = false;
                resumeRequest(current);
            }
            return;
        }
        if (refused && !headCame) {
            refused(current, "the server has gone away");
        } else {
            flushWaiting(current);
            String detail = headCame ? "in the middle of the answer" : null;
            fail(Refusal.UPSTREAM_CLOSED, !headCame, connection.failure(), detail);
        }
    }

    /** The connection is closed: the end of an answer that is complete goes to the client, as no room is waited for. */
    void connectionClosed() {
        Exchange current = exchange;
        if (current != null) {
            flushWaiting(current);
        }
    }

    /** What came before the end goes to the client whether there is room or not: there is no end to wait for here. */
    private void flushWaiting(Exchange current) {
        ByteBuf waiting = unread;
        if (waiting != null) {
            unread = null;
            try {
                receive(current, null, waiting);
            } finally {
                waiting.release();
            }
        }
    }

    private void refused(Exchange current, String detail) {
        exchange = null;
        release();
        Downstream other = current.downstream();
        other.post(() -> other.upstreamRefused(current, this, detail));
    }

    private void malformed(@Nullable String detail) {
        fail(Refusal.BAD_RESPONSE, false, detail);
        cancel(Http2Error.PROTOCOL_ERROR);
    }

    /**
     * There will be no answer, or no more of it.
     *
     * @param unused the server has sent nothing for this exchange
     */
    private void fail(Refusal refusal, boolean unused, @Nullable String detail) {
        fail(refusal, unused, null, detail);
    }

    /**
     * There will be no answer, or no more of it.
     *
     * @param unused the server has sent nothing for this exchange
     * @param shared what all exchanges of the connection fail with; null: it is this one alone
     */
    void fail(Refusal refusal, boolean unused, @Nullable SharedFailure shared, @Nullable String detail) {
        Exchange current = exchange;
        if (current == null) {
            return;
        }
        exchange = null;
        release();
        Downstream other = current.downstream();
        // Whether it arrives or not: this end is done with the exchange.
        other.post(() -> other.upstreamFailed(current, this, refusal, unused, shared, detail));
    }

    /** The process is short of memory. */
    void evict() {
        fail(Refusal.EVICTED, false, null);
        cancel(Http2Error.CANCEL);
    }

    /** Whether memory is held for it. */
    boolean holds() {
        return held > 0;
    }

    /** So many bytes of the request wait for the server's window. */
    void pending(long bytes) {
        hold(held + bytes - pending);
        pending = bytes;
    }

    /** The server takes more of the request. */
    void writabilityChanged() {
        Exchange current = exchange;
        Http2Stream to = stream;
        if (requestPaused && current != null && to != null && connection.isWritable(to)) {
            requestPaused = false;
            resumeRequest(current);
        }
    }

    // ---------------------------------------------------------------------------------------------------- the answer

    /**
     * Hands a piece over: all of the buffer, and the end of the answer if that has come.
     *
     * @return bytes of it whose part of the windows is free again
     */
    private int receive(Exchange current, @Nullable ResponseHead head, ByteBuf in) {
        boolean last = inputEnded;
        Downstream other = current.downstream();
        MovableChannel there = other.channel();
        int count = in.readableBytes();
        HeaderFields fields = last ? trailers : null;
        if (last) {
            exchange = null; // nothing can come after it
            release();
        } else {
            unflushed();
        }
        boolean sent = true;
        boolean taken = true;
        if (there.tryEnter()) {
            try {
                arrive(other, current, head, in, count, last, fields);
                if (!last && current.equals(exchange)) {
                    answerFull = !other.takesMoreAnswer(current, this);
                    taken = !answerFull;
                }
            } catch (Exception | LinkageError | AssertionError | StackOverflowError e) {
                other.broke(e);
            } finally {
                there.leave();
            }
        } else {
            sent = post(other, current, head, in, count, last, fields);
            answerPosted = !last;
            taken = last;
        }
        if (last) {
            endRequest();
        } else if (!sent) {
            abort();
        } else if (!taken && current.equals(exchange)) {
            owed += count;
            return 0;
        }
        return count;
    }

    private boolean post(
            Downstream other,
            Exchange current,
            @Nullable ResponseHead head,
            ByteBuf in,
            int count,
            boolean last,
            @Nullable HeaderFields fields) {
        ByteBuf data = count == 0 ? Unpooled.EMPTY_BUFFER : in.readRetainedSlice(count);
        boolean sent = other.post(() -> {
            try {
                arrive(other, current, head, data, data.readableBytes(), last, fields);
            } finally {
                data.release();
            }
        });
        if (!sent) {
            data.release();
        }
        return sent;
    }

    /** Under the claim on the client's connection. */
    private void arrive(
            Downstream other,
            Exchange current,
            @Nullable ResponseHead head,
            ByteBuf in,
            int count,
            boolean last,
            @Nullable HeaderFields fields) {
        if (head == null) {
            other.answerBody(current, this, in, count, last, fields);
        } else {
            other.answer(current, this, head, in, count, last, fields);
        }
    }

    private void unflushed() {
        if (!answerUnflushed) {
            answerUnflushed = true;
            connection.unflushed(this);
        }
    }

    /** What was handed over goes out. */
    void flushAnswer() {
        Exchange current = exchange;
        if (!answerUnflushed) {
            return;
        }
        answerUnflushed = false;
        boolean posted = answerPosted;
        answerPosted = false;
        if (current == null) {
            return;
        }
        Downstream other = current.downstream();
        MovableChannel there = other.channel();
        boolean reached = true;
        if (posted) {
            reached = other.post(() -> other.caughtUpWithAnswer(current, this));
        } else if (there.tryEnter()) {
            try {
                other.flush();
            } finally {
                there.leave();
            }
        } else {
            reached = other.post(other::flush);
        }
        if (!reached) {
            abort();
        }
    }

    /** The answer is complete: what is left of the request is not sent. */
    private void endRequest() {
        if (!requestSent || pending > 0) {
            cancel(Http2Error.NO_ERROR);
        }
    }

    private void resumeRequest(Exchange current) {
        Downstream other = current.downstream();
        if (!other.post(() -> other.resumeRequest(current, this))) {
            abort();
        }
    }

    private void cancel(Http2Error error) {
        Http2Stream to = stream;
        if (to != null) {
            connection.cancel(to, error);
        }
    }

    private void taken(int bytes) {
        Http2Stream from = stream;
        if (from != null) {
            connection.taken(from, bytes);
        }
    }

    // ---------------------------------------------------------------------------------------------------- the memory

    /** Lets go of what waits. */
    private void release() {
        ByteBuf waiting = unread;
        if (waiting != null) {
            unread = null;
            waiting.release();
        }
        if (outlives) {
            outlives = false;
            connection.ended(this);
        }
        countMemory();
    }

    private void countMemory() {
        ByteBuf waiting = unread;
        hold(pending + (exchange == null ? 0 : owed) + (waiting == null ? 0 : waiting.capacity()));
    }

    /** Says how much is kept for this stream, in bytes. */
    private void hold(long bytes) {
        connection.held(bytes - held);
        held = bytes;
    }
}
