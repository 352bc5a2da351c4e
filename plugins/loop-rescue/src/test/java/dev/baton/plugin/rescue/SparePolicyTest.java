package dev.baton.plugin.rescue;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.rescue.SparePolicy.Seen;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class SparePolicyTest {
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

    private final SparePolicy policy = new SparePolicy(2, 0);
    private long now;

    /** Of two configured loops. */
    private int seen(int blocked, int blockedLong, int spares, int coming) {
        return policy.round(now, new Seen(2, 2 + spares, blocked, blockedLong, spares, coming));
    }

    private int calmFor(long seconds, int spares) {
        int change = 0;
        for (long second = 0; second < seconds && change == 0; second++) {
            now += SECOND;
            change = seen(0, 0, spares, 0);
        }
        return change;
    }

    @Test
    void shouldCallAtOnceWhereNoLoopWorks() {
        assertThat(seen(2, 0, 0, 0)).isEqualTo(2);
    }

    @Test
    void shouldNotCallForAShortBlockWhereAnotherLoopWorks() {
        for (int i = 0; i < 1_000; i++) {
            now += SECOND;
            assertThat(seen(1, 0, 0, 0)).isZero();
        }
    }

    @Test
    void shouldReplaceALoopThatIsBlockedForLonger() {
        assertThat(seen(1, 1, 0, 0)).isEqualTo(1);
    }

    @Test
    void shouldCountThoseThatCome() {
        assertThat(seen(2, 2, 0, 1)).isEqualTo(1);
        assertThat(seen(2, 2, 0, 2)).isZero();
        assertThat(seen(2, 2, 1, 1)).isZero();
    }

    @Test
    void shouldCallNoMoreThanMayServeAndSayHowManyAreMissing() {
        assertThat(seen(3, 3, 1, 0)).isEqualTo(1);
        assertThat(policy.lacking()).isEqualTo(1);
        assertThat(seen(4, 4, 2, 0)).isZero();
        assertThat(policy.lacking()).isEqualTo(2);
        assertThat(seen(0, 0, 2, 0)).isZero();
        assertThat(policy.lacking()).isZero();
    }

    @Test
    void shouldDismissOneAfterTheOtherWhenNoLoopHasBeenBlockedForTheRest() {
        assertThat(seen(2, 2, 0, 0)).isEqualTo(2);
        assertThat(calmFor(9, 2)).isZero();
        assertThat(calmFor(1, 2)).isEqualTo(-1);
        assertThat(calmFor(9, 1)).isZero();
        assertThat(calmFor(1, 1)).isEqualTo(-1);
    }

    @Test
    void shouldDismissNoneWhileLoopsBlockNowAndThen() {
        assertThat(seen(2, 2, 0, 0)).isEqualTo(2);
        for (int i = 0; i < 100; i++) {
            assertThat(calmFor(9, 2)).isZero();
            assertThat(seen(1, 0, 2, 0)).isZero();
        }
    }

    /** Loops that block every 15 s for a moment: spare ones must not come and go with them. */
    @Test
    void shouldLetThemStayLongerEachTimeTheyAreCalledAgain() {
        int calls = 0;
        int spares = 0;
        for (int i = 0; i < 1_000; i++) {
            int change = seen(2 + spares, 0, spares, 0);
            calls += change > 0 ? 1 : 0;
            spares += Math.max(0, change);
            for (int second = 0; second < 15; second++) {
                now += SECOND;
                spares += Math.min(0, seen(0, 0, spares, 0));
            }
        }
        assertThat(calls).isLessThanOrEqualTo(3);
    }

    /** A loop after the other: all calls of one time belong together. */
    @Test
    void shouldKeepTheRestWhenMoreAreCalledMeanwhile() {
        assertThat(seen(2, 0, 0, 0)).isEqualTo(2);
        assertThat(calmFor(10, 1)).isEqualTo(-1);
        assertThat(seen(1, 1, 0, 0)).isEqualTo(1);
        assertThat(policy.restNanos()).isEqualTo(2 * SparePolicy.REST_MIN_NANOS);
        assertThat(seen(2, 2, 1, 0)).isEqualTo(1);
        assertThat(policy.restNanos()).isEqualTo(2 * SparePolicy.REST_MIN_NANOS);
    }

    @Test
    void shouldForgetThatTheyWereCalledOften() {
        long rest = policy.restNanos();
        assertThat(seen(2, 0, 0, 0)).isEqualTo(2);
        assertThat(calmFor(10, 1)).isEqualTo(-1);
        assertThat(seen(2, 0, 0, 0)).isEqualTo(2);
        assertThat(policy.restNanos()).isEqualTo(2 * rest);
        assertThat(calmFor(20, 1)).isEqualTo(-1);
        calmFor(1_000, 0);
        assertThat(seen(2, 0, 0, 0)).isEqualTo(2);
        assertThat(policy.restNanos()).isEqualTo(rest);
    }

    @Test
    void shouldNotLetThemStayForLongerThanTenMinutes() {
        for (int i = 0; i < 20; i++) {
            assertThat(seen(2, 0, 0, 0)).isEqualTo(2);
            assertThat(calmFor(TimeUnit.MINUTES.toSeconds(11), 1)).isEqualTo(-1);
        }
        assertThat(policy.restNanos()).isEqualTo(SparePolicy.REST_MAX_NANOS);
    }

    @Test
    void shouldCallNoneWhereNoneMayServe() {
        SparePolicy none = new SparePolicy(0, 0);
        assertThat(none.round(0, new Seen(1, 1, 1, 1, 0, 0))).isZero();
        assertThat(none.lacking()).isEqualTo(1);
    }
}
