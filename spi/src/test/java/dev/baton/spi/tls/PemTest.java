package dev.baton.spi.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.math.BigInteger;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPrivateKey;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Keys and certificates as OpenSSL writes them, and as this writes them. */
class PemTest {
    private static final String PKCS8 = """
            -----BEGIN PRIVATE KEY-----
            MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgwmUD4FyrjV+q55G9
            Zgd1eWeVu0EsWofdlZq6hZn0qIKhRANCAAR0l3gJUVujB48TZYx0g4BLnUYv4M2L
            gs5sjyOOkxTSC9jl+II7FuFHJ2j/UBSkK967Vk77MgehDe0+oVJ8t90p
            -----END PRIVATE KEY-----
            """;
    private static final String SEC1 = """
            -----BEGIN EC PRIVATE KEY-----
            MHcCAQEEIMJlA+Bcq41fqueRvWYHdXlnlbtBLFqH3ZWauoWZ9KiCoAoGCCqGSM49
            AwEHoUQDQgAEdJd4CVFbowePE2WMdIOAS51GL+DNi4LObI8jjpMU0gvY5fiCOxbh
            Rydo/1AUpCveu1ZO+zIHoQ3tPqFSfLfdKQ==
            -----END EC PRIVATE KEY-----
            """;
    private static final String ENCRYPTED = """
            -----BEGIN ENCRYPTED PRIVATE KEY-----
            MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAj+/tUeWb36iwICA+gw
            DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEIOxZlypQCh4aAb4AmdHmiMEgZBX
            aMRy4BsqiljAZHqgcHuW1cubbNfxF80bmvPjFKnvAbtQ2EKDJLGRxNQ+aovqUZlz
            1A4is5X8toyZIXHnHBBCZRsAniE65VpRqgv+sK1KYFFQSeNLSSIOuE4cDJSF2EW2
            HyIGTpzwZMK5CScIG5sTFPaY8p7wkHFM+7d1JXsjeAOqKDdnksC8SANFie6PosY=
            -----END ENCRYPTED PRIVATE KEY-----
            """;
    private static final String PKCS1 = """
            -----BEGIN RSA PRIVATE KEY-----
            MIICXgIBAAKBgQDWfMIz8zXWHtMmoNi1vjYbToJUeSTknXz00cU/u5WJEnvvwxAd
            rwnUXXPKftceTXUXoPJnNWrchcO+/s2omOXdL2taZIk5GXntgS6vTMGFrr4VzNfg
            YX4kNDa9MF3DDucPDkFNZAcXiuL+YUauy79Vc+B+zyC3nuOqOBWs3T32zQIDAQAB
            AoGAZ9XH8nxocLtFf2rY3ssxyHBuedSX/rEbYC35bswyLUSsiTsGn0gw2wVO3BYh
            sELRT9oT39ElZZLAW8Ng7qDujg3PSuJMwBZMcxORbv9u4seonnK+KDys5c7yNiC8
            lCTeGFzSPLB1gfUd8aJuYHy6hsiRlgeEJKgOQl7S9TkWzoUCQQDubMjfjJZtA3Nu
            P4m/ZJ5HFts1YhkaQg5QA8XxF+QXVJp8I6EL5f7RQJHkRNg2JC6NnKfbzIDDYp/L
            pltulpjnAkEA5kxB9srtpA8ON7lUv3aX6ARkC+Fkhm3C7crzKBwTSjYQuDZNontm
            T15hm8YIXDZaFmBh4xGg/DlQOfYsFMp4KwJBANSNJJKuaZgrwGcju7BlifkENk4j
            8w8Gnm3Uv00MqGnoIYTT2omZ844miyk9+qZhoSLb6oU3jf8hWCWcW9x94zcCQQDa
            8pcoLefeuN2Yht+WpAZp9Hq1fNUYpRPVBcVFVePVAy/EIwSOPGmZfa6o7Y6XNKlT
            atDFk8YM5eRrJqrkHVY/AkEAgD0Ss+MmdpYrx29ocw+CJNzszojyG9KWT9H2gpma
            KgYjKj+KwLpxwV1PVwXJSFd4BbjlFE0oiC6jIraG40NobQ==
            -----END RSA PRIVATE KEY-----
            """;
    private static final String OLD = """
            -----BEGIN EC PRIVATE KEY-----
            Proc-Type: 4,ENCRYPTED
            DEK-Info: AES-128-CBC,7A428A4D13C89FE7F92F568B7A44AB03

            mvQy5ecopCvA/EJWB9fLMXzR3MG6uvmA2SMEoxGzcB7nHuS8Mvp6JHlcZqbGAtjF
            JId/q0gs+7XnrdJUJ8qwcQi5vDwh9VXanjBUZz/lFUxOhdDU5tc3zmpwAZZGZU19
            11U0Zml6wsykKy/aYDvQexihxCkIztvPQnOF3jcGAzU=
            -----END EC PRIVATE KEY-----
            """;
    private static final String ED25519 = """
            -----BEGIN PRIVATE KEY-----
            MC4CAQAwBQYDK2VwBCIEIOEO6eTu0qbcaTiRZhL/i6Ei7Qn7busd/4ICDFghYOM3
            -----END PRIVATE KEY-----
            """;

    private static PrivateKey key(String text) {
        return Pem.privateKey(text, null);
    }

    private static BigInteger number(PrivateKey key) {
        return ((ECPrivateKey) key).getS();
    }

    @Test
    void shouldReadAnEcKeyInEachForm() {
        BigInteger wanted = number(key(PKCS8));
        assertThat(number(key(SEC1))).isEqualTo(wanted);
        assertThat(number(Pem.privateKey(ENCRYPTED, "secret".toCharArray()))).isEqualTo(wanted);
    }

    /** The curve may stand in a block of its own, and the key need not say it again. */
    @Test
    void shouldReadAnEcKeyBehindItsParameters() {
        String parameters = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
        assertThat(number(key(parameters + SEC1))).isEqualTo(number(key(PKCS8)));
    }

    @Test
    void shouldReadAnRsaKeyInTheOldForm() {
        PrivateKey read = key(PKCS1);
        assertThat(read.getAlgorithm()).isEqualTo("RSA");
        assertThat(key(Pem.write(read))).isEqualTo(read);
    }

    @Test
    void shouldSayWhyAKeyCannotBeRead() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> key("nothing"))
                .withMessageStartingWith("has no private key");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> key(PKCS8 + SEC1))
                .withMessageStartingWith("has 2 private keys");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> key(ENCRYPTED))
                .withMessage("is encrypted: it needs 'key-password'");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Pem.privateKey(ENCRYPTED, "wrong".toCharArray()))
                .withMessage("cannot be decrypted: 'key-password' is wrong");
        assertThatIllegalArgumentException().isThrownBy(() -> key(OLD)).withMessageContaining("openssl pkcs8 -topk8");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> key(ED25519))
                .withMessage("has a malformed private key: it is neither of RSA nor of EC");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> key("-----BEGIN EC PRIVATE KEY-----\nMHcC\n-----END EC PRIVATE KEY-----"))
                .withMessageContaining("cut short");
    }

    @Test
    void shouldReadTheCertificatesThatItWrites() {
        CertifiedKey authority = CertificateMaker.of("ca").authority().rsa().make();
        CertifiedKey made = CertificateMaker.of("shop.test", "*.shop.test", "127.0.0.1")
                .issuedBy(authority)
                .make();
        List<X509Certificate> read =
                Pem.certificates("Some words.\n" + Pem.write(made.chain()) + Pem.write(made.key()));
        assertThat(read).isEqualTo(made.chain()).hasSize(2);
        assertThat(made.names()).containsExactly("shop.test", "*.shop.test");
        assertThat(made.isEc()).isTrue();
        assertThat(authority.isEc()).isFalse();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Pem.certificates(PKCS8))
                .withMessageStartingWith("has no certificate");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Pem.certificates("-----BEGIN CERTIFICATE-----\nMHcC\n-----END CERTIFICATE-----"))
                .withMessageStartingWith("has a malformed certificate");
    }

    @Test
    void shouldMakeCertificatesThatAreValid() throws Exception {
        Instant begin = Instant.parse("2049-01-01T00:00:00Z");
        CertifiedKey authority = CertificateMaker.of("ca")
                .authority()
                .valid(begin, begin.plus(Duration.ofDays(2)))
                .make();
        X509Certificate made =
                CertificateMaker.of("shop.test").issuedBy(authority).make().certificate();
        made.verify(authority.certificate().getPublicKey());
        authority.certificate().verify(authority.certificate().getPublicKey());
        assertThat(made.getIssuerX500Principal())
                .isEqualTo(authority.certificate().getSubjectX500Principal());
        assertThat(authority.certificate().getBasicConstraints()).isNotNegative();
        assertThat(made.getBasicConstraints()).isNegative();
        assertThat(authority.certificate().getNotBefore().toInstant()).isEqualTo(begin);
        made.checkValidity();
    }

    @Test
    void shouldKnowWhichKeyFits() {
        CertifiedKey ec = CertificateMaker.of("a").make();
        CertifiedKey rsa = CertificateMaker.of("a").rsa().make();
        assertThat(ec.fits()).isTrue();
        assertThat(rsa.fits()).isTrue();
        assertThat(new CertifiedKey(ec.chain(), key(PKCS8)).fits()).isFalse();
        assertThat(new CertifiedKey(ec.chain(), rsa.key()).fits()).isFalse();
        assertThat(new CertifiedKey(rsa.chain(), ec.key()).fits()).isFalse();
        assertThat(new CertifiedKey(rsa.chain(), key(PKCS1)).fits()).isFalse();
    }
}
