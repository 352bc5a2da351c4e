package dev.baton.spi.channel;

import java.security.cert.X509Certificate;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a TLS handshake has settled.
 *
 * @param version the protocol, as the JDK names it: {@code TLSv1.3} or {@code TLSv1.2}
 * @param cipherSuite by its IANA name, for example {@code TLS_AES_128_GCM_SHA256}
 * @param serverName the name that the client asked for (SNI), in lower case; null if it asked for none
 * @param alpn the protocol that both sides chose (ALPN), for example {@code h2} or {@code http/1.1}; null if they chose
 *     none
 * @param peerCertificates the client's certificate, and behind it those that it was verified with or that came with it;
 *     empty if the client showed none, and on connections to servers
 */
public record TlsFacts(
        String version,
        String cipherSuite,
        @Nullable String serverName,
        @Nullable String alpn,
        List<X509Certificate> peerCertificates) {
    /** Copies the list. */
    public TlsFacts {
        peerCertificates = List.copyOf(peerCertificates);
    }
}
