package dev.baton.plugin.http.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.http.exchange.Quarantine.Place;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class QuarantineTest {
    private static final long MS = TimeUnit.MILLISECONDS.toNanos(1);
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);
    private static final long BUDGET = 20 * MS;

    private final Quarantine quarantine = new Quarantine(BUDGET);
    private long now = 5 * SECOND;

    /** Callbacks that wait. */
    private Place strikes(int count) {
        return strikes(count, 0);
    }

    private Place strikes(int count, long cpuNanos) {
        for (int i = 0; i < count; i++) {
            now += 100 * MS;
            assertThat(quarantine.place(now)).isEqualTo(Place.LOOP);
            long cpu = quarantine.isSuspicious() ? cpuNanos : Quarantine.UNKNOWN;
            Place next = quarantine.took(30 * MS, cpu, now);
            if (i < count - 1) {
                assertThat(next).isNull();
            } else if (next != null) {
                return next;
            }
        }
        return Place.LOOP;
    }

    @Test
    void shouldRunOnLoopsWhatIsSlowNowAndThen() {
        for (int i = 0; i < 100; i++) {
            assertThat(strikes(9)).isEqualTo(Place.LOOP);
            now += 11 * SECOND;
        }
    }

    @Test
    void shouldRunOnWorkersWhatBlocksTooOften() {
        assertThat(strikes(10)).isEqualTo(Place.WORKERS);
        now += 30 * SECOND - 1;
        assertThat(quarantine.place(now)).isEqualTo(Place.WORKERS);
        now += 1;
        assertThat(quarantine.place(now)).isEqualTo(Place.LOOP);
    }

    @Test
    void shouldSeeSoonerWhatBlocksForLong() {
        for (int i = 0; i < 3; i++) {
            assertThat(quarantine.took(SECOND, Quarantine.UNKNOWN, now)).isNull();
        }
        assertThat(quarantine.took(SECOND, Quarantine.UNKNOWN, now)).isEqualTo(Place.WORKERS);
    }

    @Test
    void shouldRunNowhereWhatComputesTooOften() {
        assertThat(strikes(10, 25 * MS)).isEqualTo(Place.NOWHERE);
        assertThat(quarantine.place(now)).isEqualTo(Place.NOWHERE);
    }

    @Test
    void shouldTakeForBlockingWhatSometimesComputes() {
        assertThat(strikes(10, 10 * MS)).isEqualTo(Place.WORKERS);
    }

    @Test
    void shouldDoubleTheTermsOfWhatIsTooSlowOnTrial() {
        assertThat(strikes(10)).isEqualTo(Place.WORKERS);
        long term = Quarantine.TERM_MIN_NANOS;
        for (int i = 0; i < 12; i++) {
            now += quarantine.termNanos();
            assertThat(strikes(1)).isEqualTo(Place.WORKERS);
            term = Math.min(2 * term, Quarantine.TERM_MAX_NANOS);
            assertThat(quarantine.termNanos()).isEqualTo(term);
        }
        assertThat(term).isEqualTo(Quarantine.TERM_MAX_NANOS);
    }

    @Test
    void shouldTrustAgainWhatIsFastForTenSeconds() {
        assertThat(strikes(10)).isEqualTo(Place.WORKERS);
        now += quarantine.termNanos();
        assertThat(strikes(1)).isEqualTo(Place.WORKERS);
        now += quarantine.termNanos();
        for (int i = 0; i < 12; i++) {
            assertThat(quarantine.place(now)).isEqualTo(Place.LOOP);
            assertThat(quarantine.took(MS, Quarantine.UNKNOWN, now)).isNull();
            now += SECOND;
        }
        assertThat(quarantine.isSuspicious()).isFalse();
        assertThat(strikes(9)).isEqualTo(Place.LOOP);
        assertThat(strikes(1)).isEqualTo(Place.WORKERS);
        assertThat(quarantine.termNanos()).isEqualTo(Quarantine.TERM_MIN_NANOS);
    }

    @Test
    void shouldJudgeEachTermByWhatHappenedSince() {
        assertThat(strikes(10, 25 * MS)).isEqualTo(Place.NOWHERE);
        now += quarantine.termNanos();
        assertThat(strikes(1, 0)).as("it waits by now").isEqualTo(Place.WORKERS);
    }
}
