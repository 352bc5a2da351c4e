package dev.baton.runtime.tls;

import dev.baton.spi.tls.CertifiedKey;
import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.ReferenceCountedOpenSslEngine;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A certificate that a server shows, ready to be used.
 *
 * @param source where it comes from
 * @param key the certificate and its key
 * @param context begins handshakes with it
 * @param staple what its responder says; null if clients are not to be shown that
 * @param problem why its files were not taken when they were read last; empty if they were, or it has none
 */
record ServerCertificate(
        CertificateSource source,
        CertifiedKey key,
        SslContext context,
        @Nullable Staple staple,
        String problem) {
    /** Begins a handshake. */
    SslHandler handler(ByteBufAllocator memory, Instant now) {
        SslHandler handler = context.newHandler(memory);
        byte[] response = staple == null ? null : staple.response(now);
        if (response != null && handler.engine() instanceof ReferenceCountedOpenSslEngine engine) {
            engine.setOcspResponse(response);
        }
        return handler;
    }

    ServerCertificate withProblem(String why) {
        return why.equals(problem) ? this : new ServerCertificate(source, key, context, staple, why);
    }
}
