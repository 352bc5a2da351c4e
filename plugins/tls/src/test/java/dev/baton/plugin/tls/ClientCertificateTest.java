package dev.baton.plugin.tls;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.channel.TlsFacts;
import dev.baton.spi.http.HttpFilter;
import dev.baton.spi.tls.CertificateMaker;
import dev.baton.spi.tls.CertifiedKey;
import dev.baton.testkit.http.FakeExchange;
import dev.baton.testkit.http.HttpFilterContract;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** What servers are told of a client's certificate. */
class ClientCertificateTest {
    private static final CertifiedKey ANN = CertificateMaker.of("ann").make();

    private static List<String> told(FakeExchange exchange) {
        exchange.with("Client-Cert", ":bGll:")
                .with("client-cert-chain", ":bGll:")
                .meet(new ClientCertificate());
        assertThat(exchange.request().fields().all("Client-Cert-Chain")).isEmpty();
        return exchange.request().fields().all("Client-Cert");
    }

    private static FakeExchange with(TlsFacts tls) {
        FakeExchange exchange = FakeExchange.get("/");
        return exchange.facts(exchange.facts().withTls(tls));
    }

    @Test
    void shouldTellTheCertificateAndNothingElse() throws Exception {
        TlsFacts shown = new TlsFacts("TLSv1.3", "TLS_AES_128_GCM_SHA256", null, null, ANN.chain());
        assertThat(told(with(shown)))
                .containsExactly(":"
                        + Base64.getEncoder().encodeToString(ANN.certificate().getEncoded()) + ":");
    }

    @Test
    void shouldDropWhatAClientSaysOfItself() {
        assertThat(told(FakeExchange.get("/"))).isEmpty();
        assertThat(told(with(new TlsFacts("TLSv1.3", "TLS_AES_128_GCM_SHA256", null, null, List.of()))))
                .isEmpty();
    }

    @Nested
    class Contract extends HttpFilterContract {
        @Override
        protected HttpFilter filter() {
            return new ClientCertificate();
        }
    }
}
