package dev.baton.runtime.tls;

import dev.baton.spi.tls.CertifiedKey;
import dev.baton.spi.tls.ServerTlsConfig;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolConfig.Protocol;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectedListenerFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectorFailureBehavior;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.OpenSslServerContext;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.List;
import javax.net.ssl.SSLException;

/** Makes what begins handshakes: a context of the TLS library for each certificate, as a configuration says. */
final class ServerContexts {
    /** What BoringSSL takes for a name of sessions. */
    private static final int SESSION_NAME_BYTES = 16;

    private final ServerTlsConfig config;
    private final TicketKeys tickets;
    private final Staples staples;

    ServerContexts(ServerTlsConfig config, TicketKeys tickets, Staples staples) {
        this.config = config;
        this.tickets = tickets;
        this.staples = staples;
    }

    /** Makes the same, which offer these protocols where the file names none. */
    ServerContexts offering(List<String> protocols) {
        return new ServerContexts(config.orAlpn(protocols), tickets, staples);
    }

    /**
     * Makes one for a certificate.
     *
     * @param clientCa whom clients' certificates are verified with; empty if they show none
     * @throws IllegalArgumentException if the library refuses it
     */
    ServerCertificate make(CertificateSource source, CertifiedKey key, List<X509Certificate> clientCa) {
        SslContextBuilder builder = SslContextBuilder.forServer(
                        key.key(), key.chain().toArray(X509Certificate[]::new))
                .sslProvider(TlsLibrary.provider())
                // What the key is kept in until the library has it: that of the default takes 50 ms to encrypt it.
                .keyStoreType("JKS")
                .protocols(config.spoken().stream().map(Object::toString).toArray(String[]::new))
                .ciphers(Suites.of(config.ciphers()))
                .sessionTimeout(TicketKeys.LIFETIME.toSeconds());
        if (!config.alpn().isEmpty()) {
            builder.applicationProtocolConfig(new ApplicationProtocolConfig(
                    Protocol.ALPN,
                    SelectorFailureBehavior.NO_ADVERTISE,
                    SelectedListenerFailureBehavior.ACCEPT,
                    config.alpn()));
        }
        if (!clientCa.isEmpty()) {
            builder.trustManager(new ClientVerifier(clientCa))
                    .clientAuth(isClientAuthOptional() ? ClientAuth.OPTIONAL : ClientAuth.REQUIRE);
        }
        boolean stapling = config.ocspStapling() && TlsLibrary.isBoringSsl();
        builder.enableOcsp(stapling);
        try {
            SslContext context = builder.build();
            if (context instanceof OpenSslServerContext boring) {
                // Tickets only: a cache would be of this process, and of one certificate.
                boring.sessionContext().setSessionCacheEnabled(false);
                boring.sessionContext().setSessionIdContext(sessionName(clientCa));
                tickets.give(boring);
            }
            return new ServerCertificate(source, key, context, stapling ? staples.of(key) : null, "");
        } catch (SSLException e) {
            throw new IllegalArgumentException(source.name() + " cannot be used: " + e.getMessage(), e);
        }
    }

    /** Whether a client that offers these protocols by ALPN can be served with one of them. */
    boolean speaksOneOf(List<String> offered) {
        return offered.isEmpty() || config.alpn().isEmpty() || offered.stream().anyMatch(config.alpn()::contains);
    }

    private boolean isClientAuthOptional() {
        return config.clientAuth()
                .filter(dev.baton.spi.tls.ClientAuth.OPTIONAL::equals)
                .isPresent();
    }

    /**
     * A session can be resumed where this is the same: only by listeners that ask the same of clients, because a
     * resumed session asks nothing.
     */
    private byte[] sessionName(List<X509Certificate> clientCa) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update((byte) (clientCa.isEmpty() ? 0 : isClientAuthOptional() ? 1 : 2));
            for (X509Certificate each : clientCa) {
                digest.update(each.getEncoded());
            }
            return Arrays.copyOf(digest.digest(), SESSION_NAME_BYTES);
        } catch (GeneralSecurityException e) {
            throw new IllegalArgumentException("a certificate of 'client-ca' cannot be encoded", e);
        }
    }
}
