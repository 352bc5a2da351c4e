package dev.baton.plugin.acme;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.tls.CertificateMaker;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

/** When a certificate is renewed, and when a failure is tried again. */
class ScheduleTest {
    private static final Instant NOW = Instant.parse("2026-11-30T12:00:00Z");
    private static final Failure REFUSED = new Failure("", false, null);
    private static final Failure UNREACHABLE = new Failure("", true, null);
    /** What is random is as little, or as much, as it can be. */
    private static final RandomGenerator LEAST = () -> 0;

    private static final RandomGenerator MOST = () -> -1;

    @Test
    void shouldRenewAtTwoThirdsOfTheLifetimeOrSomewhatEarlier() {
        List<Instant> times = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            var certificate = CertificateMaker.of("a.test")
                    .valid(NOW, NOW.plus(Duration.ofDays(90)))
                    .make()
                    .certificate();
            Instant renewal = Schedule.renewal(certificate);
            assertThat(renewal).isEqualTo(Schedule.renewal(certificate));
            assertThat(Duration.between(NOW, renewal)).isBetween(Duration.ofHours(1332), Duration.ofDays(60));
            times.add(renewal);
        }
        assertThat(times.stream().distinct().count()).as("they are spread").isGreaterThan(10);
    }

    private static Duration wait(int failures, Failure why, RandomGenerator random) {
        return Duration.between(NOW, Schedule.again(NOW, failures, why, random));
    }

    @Test
    void shouldWaitLongerAfterEachFailure() {
        assertThat(wait(1, REFUSED, LEAST)).isEqualTo(Duration.ofMinutes(5));
        assertThat(wait(2, REFUSED, LEAST)).isEqualTo(Duration.ofMinutes(10));
        assertThat(wait(1000, REFUSED, LEAST)).isEqualTo(Duration.ofHours(12));
        assertThat(wait(1, REFUSED, MOST)).isBetween(Duration.ofMinutes(6), Duration.ofMinutes(7));
        assertThat(wait(1, UNREACHABLE, LEAST)).isEqualTo(Duration.ofSeconds(15));
        assertThat(wait(1000, UNREACHABLE, LEAST)).isEqualTo(Duration.ofHours(1));
    }

    @Test
    void shouldWaitAsLongAsTheAuthoritySays() {
        assertThat(wait(1, new Failure("", false, NOW.plusSeconds(3600)), LEAST))
                .isEqualTo(Duration.ofHours(1));
        assertThat(wait(1, new Failure("", false, NOW.plusSeconds(1)), LEAST))
                .as("no shorter")
                .isEqualTo(Duration.ofMinutes(5));
        assertThat(wait(1, new Failure("", false, Instant.MAX), LEAST))
                .as("no longer than a week")
                .isEqualTo(Duration.ofDays(7));
    }
}
