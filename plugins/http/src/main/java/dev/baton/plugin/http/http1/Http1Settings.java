package dev.baton.plugin.http.http1;

import dev.baton.spi.channel.MovableChannel;
import io.netty.channel.ChannelInboundHandler;
import java.util.function.Function;

/** What all HTTP/1 connections of one service share. Any thread. */
public final class Http1Settings {
    private final int headerLimit;
    private final Function<MovableChannel, ChannelInboundHandler> http2;

    /**
     * With a limit.
     *
     * @param headerLimit bytes of a request line, of the fields of a message and of its trailers
     * @param http2 makes the handler of a connection whose client begins with HTTP/2
     */
    public Http1Settings(int headerLimit, Function<MovableChannel, ChannelInboundHandler> http2) {
        this.headerLimit = headerLimit;
        this.http2 = http2;
    }

    int headerLimit() {
        return headerLimit;
    }

    /** The handler of a connection whose client begins with HTTP/2. */
    ChannelInboundHandler http2(MovableChannel channel) {
        return http2.apply(channel);
    }
}
