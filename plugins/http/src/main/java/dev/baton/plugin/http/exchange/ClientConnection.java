package dev.baton.plugin.http.exchange;

import dev.baton.spi.service.Packed;
import dev.baton.spi.service.Packing;
import dev.baton.spi.service.Service;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandler;
import java.time.Duration;
import java.util.function.Consumer;

/** The handler of an accepted connection, in the client's version of HTTP. */
public interface ClientConnection extends ChannelHandler {
    /** As {@link Service#drain}: the connection ends after what is under way. Under the claim. */
    void drain(Duration patience);

    /**
     * As {@link Service#pack}. Under the claim. HTTP/2 has state on both sides of the connection that no other process
     * can go on with.
     */
    default Packed pack(Packing packing) {
        return Packed.NEVER;
    }

    /**
     * As {@link Service#giveUp}. Under the claim. HTTP/2 has state on both sides of the connection that no other
     * version of this plugin can be expected to go on with.
     */
    default boolean giveUp(Consumer<ByteBuf> taker) {
        return false;
    }

    /**
     * How long the client has been between two requests, in nanoseconds; {@link Service#NOT_IDLE} if it is not. Any
     * thread: without a claim it is a guess.
     */
    long idleNanos();
}
