package dev.baton.spi.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import org.junit.jupiter.api.Test;

class HttpDateTest {

    /** The example of RFC 9110, section 5.6.7. */
    @Test
    void isWrittenAsAllOfThemMustBe() {
        assertThat(HttpDate.at(784_111_777_000L)).hasToString("Sun, 06 Nov 1994 08:49:37 GMT");
        assertThat(HttpDate.at(784_111_777_999L)).hasToString("Sun, 06 Nov 1994 08:49:37 GMT");
        assertThat(HttpDate.at(784_111_778_000L)).hasToString("Sun, 06 Nov 1994 08:49:38 GMT");
        assertThat(HttpDate.at(951_782_400_000L)).hasToString("Tue, 29 Feb 2000 00:00:00 GMT");
    }

    @Test
    void isMadeOnceASecond() {
        CharSequence first = HttpDate.at(784_111_777_000L);
        assertThat(HttpDate.at(784_111_777_500L)).isSameAs(first);
    }

    @Test
    void isNow() {
        Instant said = ZonedDateTime.parse(HttpDate.now(), DateTimeFormatter.RFC_1123_DATE_TIME)
                .toInstant();
        assertThat(said).isCloseTo(Instant.now(), within(5, ChronoUnit.SECONDS));
    }
}
