package dev.baton.testkit.http;

import dev.baton.spi.http.HttpBody;
import dev.baton.spi.http.HttpFields;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** A piece of a body in a callback, which notices what must not be done with it. */
final class FakeBody implements HttpBody {
    private final byte[] original;
    private final ByteBuf bytes;
    private final boolean last;
    private final boolean replaceable;
    private final @Nullable FakeFields trailers;
    private @Nullable ByteBuf replacement;
    private boolean over;

    FakeBody(byte[] original, ByteBuf bytes, boolean last, boolean replaceable, @Nullable FakeFields trailers) {
        this.original = original;
        this.bytes = bytes;
        this.last = last;
        this.replaceable = replaceable;
        this.trailers = trailers;
    }

    @Override
    public ByteBuf bytes() {
        if (over) {
            throw new AssertionError("a body was used after its callback had returned");
        }
        return bytes;
    }

    @Override
    public boolean isLast() {
        return last;
    }

    @Override
    public @Nullable HttpFields trailers() {
        return last ? trailers : null;
    }

    @Override
    public void replace(ByteBuf wanted) {
        if (!replaceable || over) {
            wanted.release();
            throw new IllegalStateException("this body cannot be replaced: its use is neither TRANSFORM nor WHOLE");
        }
        ByteBuf before = replacement;
        if (before != null) {
            before.release();
        }
        replacement = wanted;
    }

    /** The callback is over: what is passed on. */
    byte[] finish() {
        over = true;
        if (bytes.refCnt() == 0) {
            throw new AssertionError("a piece of a body was released: it is the exchange's; retain it to keep it");
        }
        byte[] now = ByteBufUtil.getBytes(bytes, 0, bytes.writerIndex());
        boolean changed = !Arrays.equals(now, original);
        bytes.release();
        ByteBuf other = replacement;
        replacement = null;
        byte[] result = original;
        if (other != null) {
            result = ByteBufUtil.getBytes(other);
            other.release();
        }
        if (changed) {
            throw new AssertionError("the bytes of a body were changed in place: use replace");
        }
        return result;
    }
}
