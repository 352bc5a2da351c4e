package dev.baton.plugin.http.http1;

import dev.baton.spi.channel.MovableChannel;
import io.netty.channel.ChannelInboundHandler;
import io.netty.handler.codec.http.HttpDecoderConfig;
import java.util.function.Function;

/** What all HTTP/1 connections of one service share. Any thread. */
public final class Http1Settings {
    /** A new request's lines are copied into a buffer of this size in bytes, which grows with the longest of them. */
    private static final int LINE_BUFFER_BYTES = 128;

    private final int headerLimit;
    private final Function<MovableChannel, ChannelInboundHandler> http2;
    private final HttpDecoderConfig decoding;
    private final SpareDecoders decoders;

    /**
     * With a limit.
     *
     * @param headerLimit bytes of a request line, of the fields of a message and of its trailers
     * @param http2 makes the handler of a connection whose client begins with HTTP/2
     */
    public Http1Settings(int headerLimit, Function<MovableChannel, ChannelInboundHandler> http2) {
        this.headerLimit = headerLimit;
        this.http2 = http2;
        // The rest of Netty's defaults are the strict ones: CR LF only, one Content-Length, no Content-Length together
        // with Transfer-Encoding. They are stated all the same, because system properties can change the defaults.
        decoding = new HttpDecoderConfig()
                .setMaxInitialLineLength(headerLimit)
                .setMaxHeaderSize(headerLimit)
                .setInitialBufferSize(LINE_BUFFER_BYTES)
                .setAllowDuplicateContentLengths(false)
                .setStrictLineParsing(true)
                .setUseRfc9112TransferEncoding(true);
        decoders = new SpareDecoders(decoding);
    }

    int headerLimit() {
        return headerLimit;
    }

    /** The handler of a connection whose client begins with HTTP/2. */
    ChannelInboundHandler http2(MovableChannel channel) {
        return http2.apply(channel);
    }

    HttpDecoderConfig decoding() {
        return decoding;
    }

    SpareDecoders decoders() {
        return decoders;
    }
}
