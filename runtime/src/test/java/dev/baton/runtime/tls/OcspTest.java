package dev.baton.runtime.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.baton.runtime.tls.Ocsp.Answer;
import dev.baton.spi.tls.CertificateMaker;
import dev.baton.spi.tls.CertifiedKey;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.Date;
import java.util.List;
import java.util.Objects;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.cert.ocsp.RevokedStatus;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Which answers of a responder clients may be shown. */
class OcspTest {
    private final Instant now = Instant.now().truncatedTo(ChronoUnit.SECONDS);
    private final Instant from = now.minusSeconds(3600);
    private final Instant to = now.plusSeconds(3600);

    private FakeResponder fake;
    private Ocsp ocsp;

    @BeforeEach
    void begin() throws Exception {
        fake = new FakeResponder();
        ocsp = Objects.requireNonNull(Ocsp.of(fake.certificate));
    }

    @AfterEach
    void end() {
        fake.close();
    }

    private void refuses(String why, byte[] response) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ocsp.verify(response, now))
                .withMessageContaining(why);
    }

    @Test
    void shouldAskTheResponderOfTheCertificate() throws Exception {
        assertThat(ocsp.responder()).isEqualTo(URI.create(fake.address()));
        assertThat(fake.asksForTheCertificate(ocsp.request())).isTrue();
        CertifiedKey other = CertificateMaker.of("a.test").issuedBy(fake.issuer).make();
        assertThat(Objects.requireNonNull(Ocsp.of(other)).responder()).isNull();
        assertThat(Ocsp.of(new CertifiedKey(List.of(other.certificate()), other.key())))
                .isNull();
        assertThat(Ocsp.isNeeded(fake.certificate.certificate())).isTrue();
        assertThat(Ocsp.isNeeded(other.certificate())).isFalse();
    }

    @Test
    void shouldTakeTheAnswerOfTheIssuerOrOfWhomItHasCharged() throws Exception {
        byte[] response = fake.answer(fake.certificate, fake.issuer, null, from, to);
        Answer answer = ocsp.verify(response, now);
        assertThat(answer.response()).isEqualTo(response);
        assertThat(answer.from()).isEqualTo(from);
        assertThat(answer.to()).isEqualTo(to);
        CertifiedKey charged = fake.issue(KeyPurposeId.id_kp_OCSPSigning, false);
        assertThat(ocsp.verify(fake.answer(fake.certificate, charged, null, from, to), now)
                        .to())
                .isEqualTo(to);
    }

    @Test
    void shouldRefuseEverythingElse() throws Exception {
        refuses("refused", fake.answer(fake.certificate, fake.issue(null, false), null, from, to));
        CertifiedKey stranger =
                CertificateMaker.of("Test Authority").authority().make();
        refuses("refused", fake.answer(fake.certificate, stranger, null, from, to));
        refuses("refused", fake.answer(fake.issue(null, false), fake.issuer, null, from, to));
        refuses("revoked", fake.answer(fake.certificate, fake.issuer, new RevokedStatus(Date.from(from), 1), from, to));
        refuses("", fake.answer(fake.certificate, fake.issuer, null, from, now.minus(Duration.ofSeconds(1))));
        refuses("refused", fake.answer(fake.certificate, fake.issuer, null, now.plus(Duration.ofHours(1)), to));
        refuses(
                "it does not say how long it is true",
                fake.answer(fake.certificate, fake.issuer, null, now.minusSeconds(60), null));
        byte[] response = fake.answer(fake.certificate, fake.issuer, null, from, to);
        for (int length : new int[] {0, 1, 10, response.length - 1}) {
            refuses("", Arrays.copyOf(response, length));
        }
        byte[] changed = response.clone();
        changed[changed.length / 2] ^= 1;
        refuses("", changed);
    }
}
