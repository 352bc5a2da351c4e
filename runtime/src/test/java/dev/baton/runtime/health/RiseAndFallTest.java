package dev.baton.runtime.health;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** The table of {@link RiseAndFall}. */
class RiseAndFallTest {
    private final RiseAndFall state = new RiseAndFall(2, 3, 100);
    private long now = 100;

    private boolean passes() {
        return state.result(null, ++now);
    }

    private boolean fails(String why) {
        return state.result(why, ++now);
    }

    @Test
    void theFirstResultThatPassesIsEnough() {
        assertThat(state.status()).isEqualTo(new HealthStatus(Health.UNKNOWN, 100, ""));
        assertThat(passes()).as("it counted as up before").isFalse();
        assertThat(state.status()).isEqualTo(new HealthStatus(Health.UP, 101, ""));
        passes();
        assertThat(state.status().sinceNanos()).isEqualTo(101);
    }

    @Test
    void onlySeveralFailuresInARowMakeItDown() {
        passes();
        fails("a");
        assertThat(fails("b")).isFalse();
        assertThat(passes()).isFalse();
        fails("c");
        assertThat(fails("d")).isFalse();
        assertThat(state.status()).isEqualTo(new HealthStatus(Health.UP, 101, "d"));
        assertThat(fails("e")).isTrue();
        assertThat(state.status()).isEqualTo(new HealthStatus(Health.DOWN, 107, "e"));
        assertThat(fails("f")).as("it is down already").isFalse();
        assertThat(state.status()).isEqualTo(new HealthStatus(Health.DOWN, 107, "f"));
    }

    @Test
    void oneThatWasNeverUpIsDownAfterAsMany() {
        fails("a");
        assertThat(fails("b")).isFalse();
        assertThat(state.status().health()).isEqualTo(Health.UNKNOWN);
        assertThat(fails("c")).isTrue();
        assertThat(state.status().health()).isEqualTo(Health.DOWN);
    }

    @Test
    void oneThatAnotherProcessHasFoundDownIsDownUntilAsManyPassHere() {
        state.assume(new HealthStatus(Health.DOWN, 50, "before"));
        assertThat(state.status()).isEqualTo(new HealthStatus(Health.DOWN, 50, "before"));
        assertThat(passes()).isFalse();
        assertThat(state.status()).isEqualTo(new HealthStatus(Health.DOWN, 50, "before"));
        assertThat(passes()).isTrue();
        assertThat(state.status()).isEqualTo(new HealthStatus(Health.UP, 102, "before"));
    }

    @Test
    void whatThisProcessKnowsCountsMore() {
        passes();
        state.assume(new HealthStatus(Health.DOWN, 50, "before"));
        assertThat(state.status().health()).isEqualTo(Health.UP);
        assertThat(fails("a")).isFalse();
        assertThat(state.status()).isEqualTo(new HealthStatus(Health.UP, 101, "a"));
        state.assume(new HealthStatus(Health.DOWN, 50, "before"));
        state.forget(200);
        assertThat(state.status().health()).isEqualTo(Health.UNKNOWN);
    }

    @Test
    void oneThatWasDownAndStillFailsStaysDown() {
        fails("a");
        state.assume(new HealthStatus(Health.DOWN, 50, "before"));
        assertThat(fails("b")).as("it is known").isFalse();
        assertThat(state.status()).isEqualTo(new HealthStatus(Health.DOWN, 50, "b"));
        passes();
        assertThat(passes()).isTrue();
    }

    @Test
    void onlySeveralThatPassInARowMakeItUpAgain() {
        fails("a");
        fails("b");
        fails("c");
        passes();
        fails("d");
        assertThat(passes()).isFalse();
        assertThat(passes()).isTrue();
        assertThat(state.status()).isEqualTo(new HealthStatus(Health.UP, 106 + 1, "d"));
        fails("e");
        fails("f");
        assertThat(state.status().health()).as("the count began anew").isEqualTo(Health.UP);
    }

    @Test
    void whatIsForgottenBeginsAnew() {
        fails("a");
        fails("b");
        fails("c");
        state.forget(500);
        assertThat(state.status()).isEqualTo(new HealthStatus(Health.UNKNOWN, 500, ""));
        fails("d");
        fails("e");
        assertThat(state.status().health()).isEqualTo(Health.UNKNOWN);
        state.forget(600);
        assertThat(state.status().sinceNanos()).isEqualTo(500);
        fails("f");
        fails("g");
        assertThat(fails("h")).isTrue();
    }
}
