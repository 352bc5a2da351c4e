package dev.baton.plugin.admin.access;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class SessionsTest {
    private static final Caller CALLER = new Caller("deploy", Role.ACT);

    private long now;
    private final Sessions sessions = new Sessions(() -> now);

    private String begun() {
        return Objects.requireNonNull(sessions.begin(sessions.once(CALLER)));
    }

    @Test
    void shouldExchangeATokenForASessionOnce() {
        String once = sessions.once(CALLER);
        String session = Objects.requireNonNull(sessions.begin(once));
        assertThat(sessions.caller(session)).isEqualTo(CALLER);
        assertThat(sessions.begin(once)).as("again").isNull();
        assertThat(sessions.caller(once)).as("it is no session").isNull();
        assertThat(sessions.begin(session)).as("a session is no token").isNull();
    }

    @Test
    void shouldEndBothInTime() {
        String once = sessions.once(CALLER);
        String session = begun();
        now = TimeUnit.SECONDS.toNanos(60);
        assertThat(sessions.begin(once)).isNull();
        assertThat(sessions.caller(session)).isNotNull();
        now = TimeUnit.HOURS.toNanos(8);
        assertThat(sessions.caller(session)).isNull();
    }

    @Test
    void shouldKeepSixtyFourOfThem() {
        String first = begun();
        String second = begun();
        for (int i = 0; i < 63; i++) {
            begun();
        }
        assertThat(sessions.caller(first)).isNull();
        assertThat(sessions.caller(second)).isNotNull();
    }
}
