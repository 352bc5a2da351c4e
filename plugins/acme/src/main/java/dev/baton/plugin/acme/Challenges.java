package dev.baton.plugin.acme;

import dev.baton.spi.tls.CertificateMaker;
import dev.baton.spi.tls.CertificateStore;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** What this process answers to an authority that wants a proof of control of a name. Any thread. */
@Singleton
final class Challenges {
    /** The object identifier of id-pe-acmeIdentifier, 1.3.6.1.5.5.7.1.31 (RFC 8737, section 3), in DER. */
    private static final byte[] ACME_IDENTIFIER = {0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, 0x1f};

    private static final int OCTET_STRING = 0x04;
    private static final Duration BACKDATED = Duration.ofDays(1);
    private static final Duration VALID = Duration.ofDays(7);

    private final CertificateStore store;
    /** What http-01 answers, by token. */
    private final Map<String, String> answers = new ConcurrentHashMap<>();

    /** By Guice. */
    @Inject
    Challenges(CertificateStore store) {
        this.store = store;
    }

    /** Answers http-01. */
    void answerHttp(String token, String keyAuthorization) {
        answers.put(token, keyAuthorization);
    }

    /** Answers that token no longer. */
    void endHttp(String token) {
        answers.remove(token);
    }

    /** What http-01 answers; null if there is no such token. */
    @Nullable
    String httpAnswer(String token) {
        return answers.get(token);
    }

    /**
     * Answers tls-alpn-01. Cost: a pair of keys.
     *
     * @param digest SHA-256 of the key authorization
     */
    void answerTls(String name, byte[] digest) {
        byte[] value = new byte[2 + digest.length];
        value[0] = OCTET_STRING;
        value[1] = (byte) digest.length;
        System.arraycopy(digest, 0, value, 2, digest.length);
        Instant now = Instant.now();
        store.answerChallenge(
                name,
                CertificateMaker.of(name)
                        .critical(ACME_IDENTIFIER, value)
                        .valid(now.minus(BACKDATED), now.plus(VALID))
                        .make());
    }

    /** Answers for that name no longer. */
    void endTls(String name) {
        store.endChallenge(name);
    }
}
