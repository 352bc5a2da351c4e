package dev.baton.runtime.tls;

import dev.baton.spi.tls.CertifiedKey;
import dev.baton.spi.tls.TlsVersion;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolConfig.Protocol;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectedListenerFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectorFailureBehavior;
import io.netty.handler.ssl.OpenSslServerContext;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * What certificate authorities are shown that ask for a proof of control by {@code tls-alpn-01} (RFC 8737), by the name
 * to prove. Any thread.
 */
final class ChallengeCertificates {
    /** The only protocol that such a client offers. */
    private static final List<String> PROTOCOL = List.of("acme-tls/1");

    private final Map<String, SslContext> byName = new ConcurrentHashMap<>();

    /**
     * Answers for a name from now on.
     *
     * @throws IllegalArgumentException if the library refuses the certificate
     */
    void answer(String name, CertifiedKey key) {
        try {
            SslContext context = SslContextBuilder.forServer(
                            key.key(), key.chain().toArray(X509Certificate[]::new))
                    .sslProvider(TlsLibrary.provider())
                    .keyStoreType("JKS")
                    .protocols(Arrays.stream(TlsVersion.values())
                            .map(TlsVersion::toString)
                            .toArray(String[]::new))
                    .applicationProtocolConfig(new ApplicationProtocolConfig(
                            Protocol.ALPN,
                            SelectorFailureBehavior.NO_ADVERTISE,
                            SelectedListenerFailureBehavior.ACCEPT,
                            PROTOCOL))
                    .build();
            if (context instanceof OpenSslServerContext boring) {
                boring.sessionContext().setSessionCacheEnabled(false);
            }
            byName.put(name.toLowerCase(Locale.ROOT), context);
        } catch (SSLException e) {
            throw new IllegalArgumentException(
                    "the certificate with the proof for " + name + " cannot be used: " + e.getMessage(), e);
        }
    }

    /** Answers for a name no longer. */
    void end(String name) {
        byName.remove(name.toLowerCase(Locale.ROOT));
    }

    /** What a client is shown that wants a proof; null if it wants none, or there is none. */
    @Nullable
    SslContext proof(ClientHello hello) {
        String name = hello.serverName();
        return name != null && hello.alpn().equals(PROTOCOL) ? byName.get(name) : null;
    }
}
