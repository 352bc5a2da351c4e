package dev.baton.plugin.http.http2;

import dev.baton.plugin.http.exchange.BodyPace;
import dev.baton.plugin.http.exchange.HeaderFields;
import dev.baton.plugin.http.exchange.Timeouts;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import org.jspecify.annotations.Nullable;

/**
 * The body of one stream's request: what of it waits to be handed on, how much has come, and how fast. Under the claim
 * on the client's connection.
 */
final class RequestBody {
    /** Bytes with which a buffer for a body that waits begins. */
    private static final int KEPT_FIRST = 1024;

    /** Came, and has to wait. */
    private @Nullable ByteBuf unread;

    private @Nullable HeaderFields trailers;
    /** Bytes that the server's end has, and that it has not asked for more after. */
    private int owed;
    /** The client has ended its side: nothing follows what is unread. */
    private boolean ended;
    /** All of it was handed on. */
    private boolean given;

    private long bytes;
    /** Only of a request that has a body. */
    private @Nullable BodyPace pace;

    /**
     * The head of the request is read.
     *
     * @param complete the client has ended its side with it
     */
    void begin(boolean hasBody, boolean complete) {
        ended = complete;
        given = complete && !hasBody;
        if (hasBody) {
            pace = new BodyPace();
            pace.begin();
        }
    }

    /** It was announced, and the client has ended its side without it. */
    boolean isUnfinished() {
        return ended && !given;
    }

    // ------------------------------------------------------------------------------------------------------ what came

    /** A piece has come. */
    void came(int count, boolean last, long nowNanos) {
        bytes += count;
        ended |= last;
        if (pace != null) {
            pace.clientsTurn(count, nowNanos);
        }
    }

    /** The fields behind it have come, which end it. */
    void endWith(HeaderFields fields) {
        ended = true;
        trailers = fields;
    }

    /** Bytes that have come so far. */
    long bytes() {
        return bytes;
    }

    /** The client has ended its side: nothing follows. */
    boolean hasEnded() {
        return ended;
    }

    @Nullable
    HeaderFields trailers() {
        return trailers;
    }

    // ----------------------------------------------------------------------------------------------------- what waits

    /** Some of it waits. */
    boolean isWaiting() {
        return unread != null;
    }

    /** Keeps a copy behind what waits: what was read in one go is a large buffer, and may be of many streams. */
    void keep(ByteBuf data, ByteBufAllocator alloc) {
        ByteBuf before = unread;
        if (before != null && before.isWritable(data.readableBytes())) {
            before.writeBytes(data);
            return;
        }
        int length = data.readableBytes() + (before == null ? 0 : before.readableBytes());
        ByteBuf all = alloc.directBuffer(Math.max(KEPT_FIRST, 2 * length));
        if (before != null) {
            all.writeBytes(before);
            before.release();
        }
        unread = all.writeBytes(data);
    }

    /** What waits, which is the caller's now; null: nothing. */
    @Nullable
    ByteBuf takeOut() {
        ByteBuf waiting = unread;
        unread = null;
        return waiting;
    }

    /** The rest of what was taken out. */
    void putBack(ByteBuf rest) {
        unread = rest;
    }

    void drop() {
        ByteBuf waiting = takeOut();
        if (waiting != null) {
            waiting.release();
        }
    }

    /** Bytes of the buffer in which it waits. */
    int heldBytes() {
        return unread == null ? 0 : unread.capacity();
    }

    // ---------------------------------------------------------------------------------------------- what was handed on

    /** All of it was handed on. */
    void given() {
        given = true;
    }

    boolean isGiven() {
        return given;
    }

    /** The server's end has so many bytes more, whose part of the windows is free only when it asks for the next. */
    void owe(int count) {
        owed += count;
    }

    /** The server's end asks for more: the bytes whose part of the windows is free now. */
    int settle() {
        int free = owed;
        owed = 0;
        return free;
    }

    // ----------------------------------------------------------------------------------------------------------- pace

    /** The client can go on with it. */
    void clientsTurn(long nowNanos) {
        if (pace != null) {
            pace.clientsTurn(0, nowNanos);
        }
    }

    /** The client can send no more of it now. */
    void serversTurn(long nowNanos) {
        if (pace != null) {
            pace.othersTurn(nowNanos);
        }
    }

    /** Nanoseconds that are left for what has come; {@link Timeouts#NEVER}: any number. */
    long paceLeft(Timeouts timeouts, long nowNanos) {
        return pace == null ? Timeouts.NEVER : pace.left(timeouts, nowNanos);
    }
}
