package dev.baton.plugin.http.http1;

import io.netty.handler.codec.http.HttpDecoderConfig;

/** What all HTTP/1 connections of one service share. Any thread. */
public final class Http1Settings {
    /** A new request's lines are copied into a buffer of this size in bytes, which grows with the longest of them. */
    private static final int LINE_BUFFER_BYTES = 128;

    private final int headerLimit;
    private final HttpDecoderConfig decoding;
    private final SpareDecoders decoders;

    /**
     * With a limit.
     *
     * @param headerLimit bytes of a request line, of the fields of a message and of its trailers
     */
    public Http1Settings(int headerLimit) {
        this.headerLimit = headerLimit;
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

    HttpDecoderConfig decoding() {
        return decoding;
    }

    SpareDecoders decoders() {
        return decoders;
    }
}
