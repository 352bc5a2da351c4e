package dev.baton.runtime.tls;

import dev.baton.spi.tls.CertificateFiles;
import dev.baton.spi.tls.CertifiedKey;
import io.netty.handler.ssl.SslContext;

/**
 * A certificate that a server shows, ready to be used.
 *
 * @param source where it was read
 * @param key the certificate and its key
 * @param context begins handshakes with it
 * @param problem why the files were not taken when they were read last; empty if they were
 */
record ServerCertificate(CertificateFiles source, CertifiedKey key, SslContext context, String problem) {
    ServerCertificate withProblem(String why) {
        return why.equals(problem) ? this : new ServerCertificate(source, key, context, why);
    }
}
