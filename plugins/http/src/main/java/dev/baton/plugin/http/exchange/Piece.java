package dev.baton.plugin.http.exchange;

import dev.baton.spi.http.HttpBody;
import dev.baton.spi.http.HttpBodyUse;
import dev.baton.spi.http.HttpFields;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import org.jspecify.annotations.Nullable;

/** A piece of a body on its way through the filters. Has one reference to its bytes. */
final class Piece implements HttpBody {
    /** Nothing. */
    static final Piece NONE = new Piece(Unpooled.EMPTY_BUFFER, true, null);

    private ByteBuf bytes;
    private final boolean last;
    private final @Nullable HeaderFields trailers;
    private final int from;
    private boolean replaceable;
    private boolean replaced;
    /** Its bytes are released, or belong to another piece. */
    private boolean over;

    Piece(ByteBuf bytes, boolean last, @Nullable HeaderFields trailers) {
        this.bytes = bytes;
        this.last = last;
        this.trailers = trailers;
        from = bytes.readerIndex();
    }

    /** Says what the next callback may do with it. */
    Piece allow(HttpBodyUse use) {
        replaceable = use.kind() == HttpBodyUse.Kind.TRANSFORM || use.kind() == HttpBodyUse.Kind.WHOLE;
        return this;
    }

    @Override
    public ByteBuf bytes() {
        return bytes;
    }

    @Override
    public boolean isLast() {
        return last;
    }

    boolean last() {
        return last;
    }

    @Override
    public @Nullable HttpFields trailers() {
        return trailers == null ? null : new Fields(trailers);
    }

    @Nullable
    HeaderFields trailerFields() {
        return trailers;
    }

    @Override
    public void replace(ByteBuf others) {
        if (!replaceable) {
            others.release();
            throw new IllegalStateException("this body was asked for to be looked at, not to be changed");
        }
        if (over) {
            others.release();
            throw new IllegalStateException("too late: the exchange waits for this no longer");
        }
        ByteBuf before = bytes;
        bytes = others; // from here on it is released with this piece, whatever becomes of the one before
        replaced = true;
        before.release();
    }

    /** As the callback has left it: what it has read is passed on whole. Its own object changes nothing any more. */
    Piece settled() {
        if (this == NONE) {
            return this;
        }
        if (!replaced) {
            bytes.readerIndex(from);
        }
        over = true;
        return new Piece(bytes, last, trailers);
    }

    /** The same bytes, and nothing follows. */
    Piece asLast() {
        return new Piece(bytes, true, trailers);
    }

    /** The same in memory of no pool, so that a worker may look at it longer than the connection lives. */
    Piece unpooled() {
        Piece copy = new Piece(Unpooled.copiedBuffer(bytes), last, trailers);
        release();
        return copy;
    }

    /** The same bytes, which are released, and may be replaced, apart from these. */
    Piece twin() {
        return new Piece(bytes.retainedDuplicate(), last, trailers);
    }

    void release() {
        over = true;
        bytes.release();
    }
}
