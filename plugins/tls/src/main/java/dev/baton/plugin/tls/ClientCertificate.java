package dev.baton.plugin.tls;

import dev.baton.spi.Configured;
import dev.baton.spi.channel.TlsFacts;
import dev.baton.spi.http.HttpExchange;
import dev.baton.spi.http.HttpFields;
import dev.baton.spi.http.HttpFilter;
import dev.baton.spi.http.HttpVerdict;
import java.security.cert.CertificateEncodingException;
import java.util.Base64;

/**
 * Tells servers which certificate a client has shown: the field Client-Cert of RFC 9440. What the client itself says in
 * that field, or in the one for the rest of the chain, never reaches a server.
 */
final class ClientCertificate implements HttpFilter {
    private static final String CERTIFICATE = "Client-Cert";
    private static final String CHAIN = "Client-Cert-Chain";

    /** It has no keys of its own. */
    record Nothing() {}

    /** Makes one for each use. */
    static final class Factory implements Configured<Nothing, HttpFilter> {
        @Override
        public HttpFilter create(Nothing config) {
            return new ClientCertificate();
        }
    }

    @Override
    public HttpVerdict request(HttpExchange exchange) {
        HttpFields fields = exchange.request().fields();
        fields.remove(CERTIFICATE).remove(CHAIN);
        TlsFacts tls = exchange.facts().tls();
        if (tls != null && !tls.peerCertificates().isEmpty()) {
            try {
                byte[] encoded = tls.peerCertificates().get(0).getEncoded();
                fields.set(CERTIFICATE, ":" + Base64.getEncoder().encodeToString(encoded) + ":");
            } catch (CertificateEncodingException e) {
                throw new IllegalStateException("the client's certificate cannot be encoded", e);
            }
        }
        return HttpVerdict.CONTINUE;
    }
}
