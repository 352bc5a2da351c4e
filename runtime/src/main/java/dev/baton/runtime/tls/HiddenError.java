package dev.baton.runtime.tls;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.ssl.ReferenceCountedOpenSslEngine;
import io.netty.handler.ssl.SslHandler;
import io.netty.internal.tcnative.SSL;

/**
 * An error of BoringSSL after the handshake that Netty has not told: if the library has an alert to send about it,
 * Netty sends the alert and keeps the error for the next record, which a client that does not go by itself never sends.
 */
final class HiddenError {
    /** The beginning of a record: it is not looked at, because the error comes first. */
    private static final byte[] RECORD = {23, 3, 3, 0, 1, 0};

    private HiddenError() {}

    /** Has Netty tell it, if there is one. Under the claim. */
    static void tell(ChannelHandlerContext context, SslHandler handler) throws Exception {
        ChannelHandlerContext place = context.pipeline().context(handler);
        if (place != null
                && handler.engine() instanceof ReferenceCountedOpenSslEngine engine
                && !engine.isInboundDone()
                && hasFailed(engine)) {
            handler.channelRead(place, Unpooled.wrappedBuffer(RECORD));
        }
    }

    @SuppressWarnings("deprecation") // nothing else says so
    private static boolean hasFailed(ReferenceCountedOpenSslEngine engine) {
        long pointer = engine.sslPointer();
        return pointer != 0 && (SSL.getShutdown(pointer) & SSL.SSL_RECEIVED_SHUTDOWN) != 0;
    }
}
