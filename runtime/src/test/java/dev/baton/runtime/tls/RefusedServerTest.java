package dev.baton.runtime.tls;

import static org.assertj.core.api.Assertions.assertThat;

import java.security.cert.CertificateException;
import org.junit.jupiter.api.Test;

/** What is said of a server whose certificate is refused. */
class RefusedServerTest {
    private static String words(String message) {
        return FailureWords.of(new RefusedServerException(
                        ClientTlsFailure.WRONG_NAME, message, new CertificateException("refused")))
                .text();
    }

    /** Names in certificates may be anything: they would forge lines of the log. */
    @Test
    void shouldBeOneLineThatCanBePrinted() {
        assertThat(words("its certificate is for a\r\n2026 INFO ok\u001b[2J\u009b\u2028\u202eb"))
                .isEqualTo("its certificate is for a 2026 INFO ok [2J b");
    }

    @Test
    void shouldBeCut() {
        assertThat(words("x".repeat(5_000))).hasSize(300);
    }

    @Test
    void shouldBeCleanInTheWordsOfTheLibraryToo() {
        assertThat(FailureWords.of(new CertificateException("a\nb\u001bc")).text())
                .isEqualTo("a b c");
    }
}
