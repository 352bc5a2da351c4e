package dev.baton.plugin.http.exchange;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;

/** Writes the state of a packed connection, as {@link StateReader} reads it. */
public final class StateWriter {
    private final ByteBuf out = Unpooled.buffer();

    /** With nothing yet. */
    public StateWriter() {}

    public StateWriter flag(boolean value) {
        out.writeBoolean(value);
        return this;
    }

    /** A number that is not negative; at most {@link StateReader#COUNT_MAX} of it. */
    public StateWriter count(long value) {
        out.writeLong(Math.min(value, StateReader.COUNT_MAX));
        return this;
    }

    public StateWriter text(String value) {
        return bytes(value.getBytes(StandardCharsets.UTF_8));
    }

    public StateWriter bytes(byte[] value) {
        out.writeInt(value.length).writeBytes(value);
        return this;
    }

    /** What has been written. */
    public byte[] toBytes() {
        return ByteBufUtil.getBytes(out);
    }
}
