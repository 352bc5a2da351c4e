package dev.baton.runtime.tls;

import dev.baton.spi.tls.CertifiedKey;
import io.netty.handler.ssl.SslContext;

/**
 * A certificate that a server shows, ready to be used.
 *
 * @param source where it comes from
 * @param key the certificate and its key
 * @param context begins handshakes with it
 * @param problem why its files were not taken when they were read last; empty if they were, or it has none
 */
record ServerCertificate(CertificateSource source, CertifiedKey key, SslContext context, String problem) {
    ServerCertificate withProblem(String why) {
        return why.equals(problem) ? this : new ServerCertificate(source, key, context, why);
    }
}
