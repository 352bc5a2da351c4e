package dev.baton.plugin.http.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.http.exchange.Quarantine.Place;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
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

    /** Callbacks that are too slow, on loops. Where the next one is to run. */
    private Place strikes(int count, long cpuNanos) {
        for (int i = 0; i < count; i++) {
            now += 100 * MS;
            Place where = quarantine.place(now);
            assertThat(where).isEqualTo(Place.LOOP);
            long cpu = quarantine.isSuspicious(where, now) ? cpuNanos : Quarantine.UNKNOWN;
            Place next = quarantine.took(where, 30 * MS, cpu, now);
            if (i < count - 1) {
                assertThat(next).isNull();
            } else if (next != null) {
                return next;
            }
        }
        return Place.LOOP;
    }

    /** One callback on trial. Where others are to run, if that has changed. */
    private @Nullable Place trial(long nanos, long cpuNanos) {
        Place where = quarantine.place(now);
        assertThat(where).isEqualTo(Place.TRIAL);
        assertThat(quarantine.isSuspicious(where, now)).isTrue();
        return quarantine.took(where, nanos, cpuNanos, now);
    }

    private void trialsWithinBudget(int count) {
        for (int i = 0; i < count; i++) {
            assertThat(trial(MS, 0)).isNull();
        }
    }

    private void passTerm() {
        now += quarantine.termNanos();
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
        assertThat(quarantine.place(now)).isEqualTo(Place.TRIAL);
    }

    @Test
    void shouldSeeSoonerWhatBlocksForLong() {
        for (int i = 0; i < 3; i++) {
            assertThat(quarantine.took(Place.LOOP, SECOND, Quarantine.UNKNOWN, now))
                    .isNull();
        }
        assertThat(quarantine.took(Place.LOOP, SECOND, Quarantine.UNKNOWN, now)).isEqualTo(Place.WORKERS);
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

    /** Else one strike would cost two system calls for each callback from then on. */
    @Test
    void shouldAskForProcessorTimeOnlyWhileThereAreStrikes() {
        assertThat(quarantine.isSuspicious(Place.LOOP, now)).isFalse();
        strikes(1);
        assertThat(quarantine.isSuspicious(Place.LOOP, now + 10 * SECOND)).isTrue();
        assertThat(quarantine.isSuspicious(Place.LOOP, now + 11 * SECOND)).isFalse();
    }

    /** It computed long ago; now it waits. */
    @Test
    void shouldForgetOldStrikes() {
        assertThat(strikes(9, 30 * MS)).isEqualTo(Place.LOOP);
        now += 11 * SECOND;
        assertThat(strikes(10)).isEqualTo(Place.WORKERS);
    }

    /** Else slow calls would hold up all loops at once when a term ends. */
    @Test
    void shouldTryOneCallAtATime() {
        assertThat(strikes(10)).isEqualTo(Place.WORKERS);
        passTerm();
        assertThat(quarantine.place(now)).isEqualTo(Place.TRIAL);
        for (int i = 0; i < 5; i++) {
            now += SECOND;
            assertThat(quarantine.place(now)).as("while that runs").isEqualTo(Place.WORKERS);
        }
        assertThat(quarantine.took(Place.TRIAL, 5 * SECOND, 0, now)).isEqualTo(Place.WORKERS);
        assertThat(quarantine.place(now)).as("in the next term").isEqualTo(Place.WORKERS);
    }

    @Test
    void shouldRefuseOthersWhileWhatComputesIsTried() {
        assertThat(strikes(10, 30 * MS)).isEqualTo(Place.NOWHERE);
        passTerm();
        assertThat(quarantine.place(now)).isEqualTo(Place.TRIAL);
        assertThat(quarantine.place(now)).isEqualTo(Place.NOWHERE);
    }

    @Test
    void shouldDoubleTheTermsOfWhatIsTooSlowOnTrial() {
        assertThat(strikes(10)).isEqualTo(Place.WORKERS);
        long term = Quarantine.TERM_MIN_NANOS;
        for (int i = 0; i < 12; i++) {
            assertThat(quarantine.termNanos()).isEqualTo(term);
            passTerm();
            trialsWithinBudget(i % Quarantine.TRIALS);
            assertThat(trial(30 * MS, 0)).isEqualTo(Place.WORKERS);
            term = Math.min(2 * term, Quarantine.TERM_MAX_NANOS);
        }
        assertThat(term).isEqualTo(Quarantine.TERM_MAX_NANOS);
    }

    @Test
    void shouldTrustAgainWhatIsFastOnTrial() {
        assertThat(strikes(10)).isEqualTo(Place.WORKERS);
        passTerm();
        assertThat(trial(30 * MS, 0)).as("a pause of the JVM, perhaps").isEqualTo(Place.WORKERS);
        passTerm();
        trialsWithinBudget(Quarantine.TRIALS);
        assertThat(quarantine.isSuspicious(Place.LOOP, now)).isFalse();
        now += 10 * SECOND;
        assertThat(strikes(9)).isEqualTo(Place.LOOP);
        assertThat(strikes(1)).isEqualTo(Place.WORKERS);
        assertThat(quarantine.termNanos()).isEqualTo(Quarantine.TERM_MIN_NANOS);
    }

    /** Some of its calls are fast, and trials are few. */
    @Test
    void shouldDoubleTheTermsOfWhatBlocksAgainAtOnce() {
        assertThat(strikes(10)).isEqualTo(Place.WORKERS);
        passTerm();
        trialsWithinBudget(Quarantine.TRIALS);
        assertThat(strikes(10)).isEqualTo(Place.WORKERS);
        assertThat(quarantine.termNanos()).isEqualTo(2 * Quarantine.TERM_MIN_NANOS);
    }

    @Test
    void shouldJudgeEachTermByWhatHappenedSince() {
        assertThat(strikes(10, 25 * MS)).isEqualTo(Place.NOWHERE);
        passTerm();
        assertThat(trial(30 * MS, 0)).as("it waits by now").isEqualTo(Place.WORKERS);
    }

    @Test
    void shouldNotCountWhatHasBegunBeforeTheTerm() {
        assertThat(strikes(10)).isEqualTo(Place.WORKERS);
        for (int i = 0; i < 10; i++) {
            assertThat(quarantine.took(Place.LOOP, SECOND, Quarantine.UNKNOWN, now))
                    .isNull();
        }
        passTerm();
        trialsWithinBudget(Quarantine.TRIALS);
        assertThat(strikes(9)).isEqualTo(Place.LOOP);
    }

    /** Each of some loops asks all the time where to run what blocks. */
    @Test
    void shouldTryOneCallAtATimeHoweverManyLoopsAsk() throws Exception {
        assertThat(strikes(10)).isEqualTo(Place.WORKERS);
        AtomicInteger trying = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        AtomicInteger trials = new AtomicInteger();
        AtomicLong clock = new AtomicLong(now);
        List<Thread> loops = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            Thread loop = new Thread(() -> {
                while (trials.get() < 1000) {
                    long time = clock.addAndGet(Quarantine.TERM_MAX_NANOS);
                    if (quarantine.place(time) == Place.TRIAL) {
                        most.accumulateAndGet(trying.incrementAndGet(), Math::max);
                        trying.decrementAndGet();
                        trials.incrementAndGet();
                        quarantine.took(Place.TRIAL, 30 * MS, 0, time);
                    }
                }
            });
            loops.add(loop);
            loop.start();
        }
        for (Thread loop : loops) {
            loop.join();
        }
        assertThat(most).hasValue(1);
    }
}
