package dev.baton.plugin.http.http1;

import dev.baton.plugin.http.exchange.Exchange;
import dev.baton.plugin.http.exchange.HeaderFields;
import dev.baton.plugin.http.exchange.OwnAnswer;
import dev.baton.plugin.http.exchange.ResponseHead;
import dev.baton.plugin.http.http1.Heads.Persistence;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import org.jspecify.annotations.Nullable;

/** Writes one answer after another to a client, framed as that client can read it. Writes, and leaves flushing. */
final class AnswerWriter {
    /**
     * How a client sees where an answer ends. Bytes, because an idle connection has this object and each word of it
     * counts.
     */
    private static final byte BY_LENGTH = 0;

    private static final byte CHUNKED = 1;
    private static final byte BY_CONNECTION = 2;

    private byte framing;
    private boolean started;
    private boolean whole;
    private boolean keepAlive;

    /** The answer to another request begins. */
    void begin(boolean keepAlive) {
        this.keepAlive = keepAlive;
        started = false;
        framing = BY_LENGTH;
        whole = false;
    }

    /** The head is on its way: nothing else can be answered. */
    boolean started() {
        return started;
    }

    /** The connection stays open after this answer. */
    boolean keepAlive() {
        return keepAlive;
    }

    /** An orderly close would tell the client that what was written is all of the answer. */
    boolean endsWithConnection() {
        return framing == BY_CONNECTION;
    }

    /** It would, and that is not so. */
    boolean wouldLookComplete() {
        return endsWithConnection() && !whole;
    }

    void closeAfterwards() {
        keepAlive = false;
    }

    /** The answer is a tunnel that began in another process. */
    void unpackTunnel() {
        begin(false);
        started = true;
        framing = BY_CONNECTION;
    }

    /** Writes the head and what is there of the body, in one buffer unless that is long. */
    void start(
            ChannelHandlerContext ctx,
            Exchange exchange,
            ResponseHead head,
            ByteBuf in,
            int count,
            boolean last,
            @Nullable HeaderFields trailers) {
        started = true;
        whole = last;
        if (head.beginsTunnel()) {
            keepAlive = false;
            framing = BY_CONNECTION;
        } else if (head.bodyLength() < 0) {
            if (exchange.isHttp10()) {
                // It cannot read chunks, so the end of the connection has to be the end of the body.
                keepAlive = false;
                framing = BY_CONNECTION;
            } else {
                framing = CHUNKED;
            }
        }
        boolean chunked = framing == CHUNKED;
        HeadWriter text = Heads.response(head, chunked, persistence(exchange, keepAlive));
        boolean copied = count <= BodyWriter.COPY_LIMIT;
        int room = text.length() + (copied ? count + BodyWriter.CHUNK_OVERHEAD : 0);
        ByteBuf out = ctx.alloc().directBuffer(room);
        out.writeBytes(text.bytes(), 0, text.length());
        if (copied) {
            BodyWriter.copy(out, in, count, chunked, last, trailers);
            ctx.write(out, ctx.voidPromise());
        } else {
            ctx.write(out, ctx.voidPromise());
            BodyWriter.write(ctx, in, count, chunked, last, trailers);
        }
    }

    void body(ChannelHandlerContext ctx, ByteBuf in, int count, boolean last, @Nullable HeaderFields trailers) {
        whole = last;
        BodyWriter.write(ctx, in, count, framing == CHUNKED, last, trailers);
    }

    /** Writes what comes before an answer, for clients that know that there is such a thing. */
    void informational(ChannelHandlerContext ctx, Exchange exchange, ResponseHead head) {
        if (!exchange.isHttp10()) {
            HeadWriter text = Heads.response(head, false, null);
            ctx.write(
                    ctx.alloc().directBuffer(text.length()).writeBytes(text.bytes(), 0, text.length()),
                    ctx.voidPromise());
        }
    }

    /**
     * Writes an answer of our own.
     *
     * @param exchange what it answers; null if that is no request, after which nothing can be read
     * @param toHead it answers a HEAD
     */
    void own(ChannelHandlerContext ctx, @Nullable Exchange exchange, boolean toHead, OwnAnswer answer) {
        started = true;
        HeadWriter text =
                Heads.own(answer, exchange == null ? Persistence.CLOSE : persistence(exchange, keepAlive), toHead);
        ctx.write(
                ctx.alloc().directBuffer(text.length()).writeBytes(text.bytes(), 0, text.length()), ctx.voidPromise());
    }

    private static @Nullable Persistence persistence(Exchange exchange, boolean keepAlive) {
        if (!keepAlive) {
            return Persistence.CLOSE;
        }
        return exchange.isHttp10() ? Persistence.KEEP_ALIVE : null;
    }
}
