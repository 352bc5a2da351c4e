package dev.baton.plugin.admin.access;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.admin.access.Sessions.Grant;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class SessionsTest {
    private static final Secret TOKEN = Secret.of("token-of-those-who-deploy");

    private long now;
    private final Sessions sessions = new Sessions(() -> now);

    private String begun(String name) {
        return sessions.begin(Objects.requireNonNull(sessions.redeem(sessions.once(sessions.grant(TOKEN, name)))));
    }

    private @Nullable Grant of(String session) {
        return sessions.of(Secret.of(session));
    }

    @Test
    void shouldExchangeATokenForASessionOnce() {
        Grant grant = sessions.grant(TOKEN, "deploy");
        String once = sessions.once(grant);
        assertThat(sessions.redeem(once)).isEqualTo(grant);
        String session = sessions.begin(grant);
        assertThat(of(session)).as("it knows the token of the file").isEqualTo(grant);
        assertThat(sessions.redeem(once)).as("again").isNull();
        assertThat(of(once)).as("it is no session").isNull();
        assertThat(sessions.redeem(session)).as("a session is no token").isNull();
    }

    @Test
    void shouldEndBothInTime() {
        String once = sessions.once(sessions.grant(TOKEN, "deploy"));
        String session = begun("deploy");
        now = TimeUnit.SECONDS.toNanos(60);
        assertThat(sessions.redeem(once)).isNull();
        assertThat(of(session)).isNotNull();
        now = TimeUnit.HOURS.toNanos(8);
        assertThat(of(session)).isNull();
    }

    /** By making one of the other, a browser stayed for ever. */
    @Test
    void shouldEndASessionThatWasMadeOfAnotherWithIt() {
        String first = begun("deploy");
        now = TimeUnit.HOURS.toNanos(8) - 1;
        Grant left = Objects.requireNonNull(of(first));
        assertThat(sessions.seconds(left)).isZero();
        String second = sessions.begin(Objects.requireNonNull(sessions.redeem(sessions.once(left))));
        assertThat(of(second)).isNotNull();
        now++;
        assertThat(of(second)).isNull();
    }

    @Test
    void shouldEndTheOldestOfOneWhoHasTooMany() {
        String first = begun("scraper");
        String second = begun("scraper");
        for (int i = 2; i <= Sessions.MAX; i++) {
            begun("scraper");
        }
        assertThat(of(first)).isNull();
        assertThat(of(second)).isNotNull();
    }

    /** One who may only read ended the sessions of all others. */
    @Test
    void shouldNotEndThoseOfOthers() {
        String other = begun("deploy");
        String once = sessions.once(sessions.grant(TOKEN, "deploy"));
        for (int i = 0; i < 200; i++) {
            begun("scraper");
            sessions.once(sessions.grant(TOKEN, "scraper"));
        }
        assertThat(of(other)).isNotNull();
        assertThat(sessions.redeem(once)).isNotNull();
    }
}
