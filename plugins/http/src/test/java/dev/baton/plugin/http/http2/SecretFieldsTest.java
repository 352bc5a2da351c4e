package dev.baton.plugin.http.http2;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.util.AsciiString;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the table of a connection that many clients share never has. */
class SecretFieldsTest {
    @ParameterizedTest
    @CsvSource({
        "authorization, Bearer 0123456789012345678901234567890123456789, true",
        "proxy-authorization, Basic eDp5, true",
        "cookie, pin=1234, true",
        "cookie, session=0123456789abcdef0123456789abcdef, false",
        "accept, text/html, false",
        "content-type, x, false"
    })
    void shouldKeepWhatCanBeGuessedOutOfIt(String name, String value, boolean secret) {
        assertThat(Http2Codec.isSecret(AsciiString.of(name), AsciiString.of(value)))
                .isEqualTo(secret);
    }
}
