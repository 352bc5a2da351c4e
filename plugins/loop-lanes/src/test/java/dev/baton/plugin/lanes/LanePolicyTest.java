package dev.baton.plugin.lanes;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.lanes.LanePolicy.Decision;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class LanePolicyTest {
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);
    private static final long REST = 30 * SECOND;

    private final LanePolicy policy = new LanePolicy(0.5, REST);
    private boolean open;
    private long now;

    /** Looks once a second; true if something was decided. */
    private boolean lookFor(int seconds, double used, double busy) {
        for (int i = 0; i < seconds; i++) {
            now += SECOND;
            Decision decision = policy.look(now, open, used, busy);
            if (decision != Decision.STAY) {
                assertThat(decision).isEqualTo(open ? Decision.CLOSE : Decision.OPEN);
                open = !open;
                return true;
            }
        }
        return false;
    }

    @Test
    void shouldOpenWhenAWindowIsAboveTheShare() {
        assertThat(lookFor(2, 0.6, 0)).as("less than a window").isFalse();
        assertThat(lookFor(1, 0.6, 0)).isTrue();
    }

    @Test
    void shouldStayClosedAtTheShare() {
        assertThat(lookFor(100, 0.5, 0)).isFalse();
    }

    /** A second of work in three is a third on the average, however hard it is. */
    @Test
    void shouldStayClosedForAShortBurst() {
        for (int i = 0; i < 100; i++) {
            assertThat(lookFor(1, 0.9, 0)).isFalse();
            assertThat(lookFor(2, 0.1, 0)).isFalse();
        }
    }

    @Test
    void shouldCloseAfterTheRest() {
        lookFor(3, 0.6, 0);
        assertThat(open).isTrue();
        assertThat(lookFor(29, 0.2, 0.3)).isFalse();
        assertThat(lookFor(2, 0.2, 0.3)).isTrue();
        assertThat(open).isFalse();
    }

    /** Between the two marks nothing changes, whichever side it comes from. */
    @Test
    void shouldStayOpenBetweenHalfTheShareAndTheShare() {
        lookFor(3, 0.6, 0);
        assertThat(lookFor(1_000, 0.3, 0.3)).isFalse();
    }

    /** Its loops get next to nothing of the processors, because others take them: that is not modesty. */
    @Test
    void shouldStayOpenWhileItsLoopsWantMoreThanTheyGet() {
        lookFor(3, 0.6, 0);
        assertThat(lookFor(1_000, 0.05, 1)).isFalse();
        assertThat(lookFor(100, 0.05, 0.1)).isTrue();
    }

    @Test
    void shouldBeginTheRestAnewWhenItIsGreedyAgain() {
        lookFor(3, 0.6, 0);
        for (int i = 0; i < 10; i++) {
            assertThat(lookFor(25, 0.1, 0.1)).isFalse();
            assertThat(lookFor(3, 0.6, 0.9)).isFalse();
        }
    }

    /** A load that comes and goes must not make the connections go to and fro with it. */
    @Test
    void shouldStayOpenLongerEachTimeItIsGreedyAgainSoon() {
        int changes = 0;
        for (int i = 0; i < 100; i++) {
            changes += lookFor(40, 0.05, 0.05) ? 1 : 0;
            changes += lookFor(10, 0.9, 0.9) ? 1 : 0;
        }
        assertThat(changes).isLessThanOrEqualTo(4);
        assertThat(policy.restNanos()).isEqualTo(2 * REST);
    }

    @Test
    void shouldForgetThatItWasGreedyOften() {
        lookFor(3, 0.9, 0);
        lookFor(40, 0, 0);
        lookFor(3, 0.9, 0);
        assertThat(policy.restNanos()).isEqualTo(2 * REST);
        lookFor(100, 0, 0);
        assertThat(open).isFalse();
        lookFor(1_000, 0, 0);
        lookFor(3, 0.9, 0);
        assertThat(open).isTrue();
        assertThat(policy.restNanos()).isEqualTo(REST);
    }

    @Test
    void shouldTryAgainAWindowLaterIfItCannotBeOpened() {
        assertThat(lookFor(3, 0.6, 0)).isTrue();
        open = false; // it could not
        assertThat(lookFor(2, 0.6, 0)).isFalse();
        assertThat(lookFor(1, 0.6, 0)).isTrue();
    }
}
