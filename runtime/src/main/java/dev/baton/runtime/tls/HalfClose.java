package dev.baton.runtime.tls;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.ssl.ReferenceCountedOpenSslEngine;
import io.netty.handler.ssl.SslHandler;
import io.netty.internal.tcnative.Buffer;
import io.netty.internal.tcnative.SSL;
import io.netty.util.ReferenceCountUtil;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the output of a BoringSSL engine open when the client ends its own half (close_notify): Netty would close both,
 * and drop what has not been written yet. It does so the first time that the engine sees the end, and remembers that in
 * a field without an access method.
 */
final class HalfClose {
    private static final Logger LOG = LoggerFactory.getLogger(HalfClose.class);

    private static final @Nullable VarHandle SEEN = field();
    /** Where a byte would be read to. Nothing is: what asks knows that there is none. */
    private static final ByteBuffer NOTHING = ByteBuffer.allocateDirect(1);

    private HalfClose() {}

    private static @Nullable VarHandle field() {
        try {
            return MethodHandles.privateLookupIn(ReferenceCountedOpenSslEngine.class, MethodHandles.lookup())
                    .findVarHandle(ReferenceCountedOpenSslEngine.class, "receivedShutdown", boolean.class);
        } catch (ReflectiveOperationException e) {
            LOG.warn(
                    "a client that ends its half of a TLS connection ends both: this is not the Netty it should be", e);
            return null;
        }
    }

    /** From now on {@link #isEnded} has to be asked. Before the handshake, whose last records may come with the end. */
    static void keepOutputOpen(SslHandler handler) {
        if (TlsLibrary.isBoringSsl()
                && SEEN != null
                && handler.engine() instanceof ReferenceCountedOpenSslEngine engine) {
            SEEN.set(engine, true);
        }
    }

    /** The client has ended its half, and what has failed is not the reason. Under the claim. */
    @SuppressWarnings("deprecation") // nothing else says so
    static boolean isEnded(SslHandler handler) {
        if (SEEN == null
                || !(handler.engine() instanceof ReferenceCountedOpenSslEngine engine)
                || engine.isInboundDone()) {
            return false;
        }
        long pointer = engine.sslPointer();
        return pointer != 0
                && (SSL.getShutdown(pointer) & SSL.SSL_RECEIVED_SHUTDOWN) != 0
                && SSL.getError(pointer, SSL.readFromSSL(pointer, Buffer.address(NOTHING), 1))
                        == SSL.SSL_ERROR_ZERO_RETURN;
    }

    /** What still comes is dropped: it was not to come, and the engine does not take it. */
    static void readNoMore(ChannelHandlerContext context, SslHandler handler) {
        ChannelHandlerContext place = context.pipeline().context(handler);
        if (place != null) {
            context.pipeline().addBefore(place.name(), null, new ChannelInboundHandlerAdapter() {
                @Override
                public void channelRead(ChannelHandlerContext ignored, Object message) {
                    ReferenceCountUtil.release(message);
                }
            });
        }
    }
}
