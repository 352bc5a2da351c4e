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
        bytes.release();
        bytes = others;
        replaced = true;
    }

    /** As the callback has left it: what it has read is passed on whole. */
    Piece settled() {
        if (replaced) {
            return new Piece(bytes, last, trailers);
        }
        bytes.readerIndex(from);
        return this;
    }

    /** The same bytes, and nothing follows. */
    Piece asLast() {
        return new Piece(bytes, true, trailers);
    }

    /** The same in memory that need not be released; this one is. */
    Piece unpooled() {
        Piece copy = new Piece(Unpooled.copiedBuffer(bytes), last, trailers);
        release();
        return copy;
    }

    void release() {
        bytes.release();
    }
}
