package dev.baton.runtime.launcher.rehearsal;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class LedgerTest {
    private final Ledger ledger = new Ledger();

    private long requests(Phase phase) {
        return ledger.seen(phase).requests();
    }

    @Test
    void shouldCountWhatBeginsOrEndsInTheFaultForIt() {
        ledger.enter(Phase.BEFOREHAND);
        Phase early = ledger.now();
        ledger.answered(early, 1);
        ledger.enter(Phase.DURING);
        ledger.answered(early, 2);
        Phase during = ledger.now();
        ledger.enter(Phase.AFTERWARDS);
        ledger.failed(during, Failure.LATE);
        ledger.answered(ledger.now(), 3);

        assertThat(requests(Phase.BEFOREHAND)).isEqualTo(1);
        assertThat(requests(Phase.DURING)).isEqualTo(2);
        assertThat(ledger.seen(Phase.DURING).failed(Failure.LATE)).isEqualTo(1);
        assertThat(requests(Phase.AFTERWARDS)).isEqualTo(1);
    }

    @Test
    void shouldNotCountTheWarmUp() {
        ledger.failed(ledger.now(), Failure.LATE);
        ledger.enter(Phase.BEFOREHAND);
        assertThat(requests(Phase.BEFOREHAND)).isZero();
    }

    @Test
    void shouldTellWaitsByTheirShare() {
        ledger.enter(Phase.BEFOREHAND);
        assertThat(ledger.seen(Phase.BEFOREHAND).waitMillis(1)).isZero();
        for (int i = 2_000; i >= 1; i--) {
            ledger.answered(Phase.BEFOREHAND, TimeUnit.MILLISECONDS.toNanos(i));
        }
        assertThat(ledger.seen(Phase.BEFOREHAND).waitMillis(0.5)).isEqualTo(1_000);
        assertThat(ledger.seen(Phase.BEFOREHAND).waitMillis(0.99)).isEqualTo(1_980);
        assertThat(ledger.seen(Phase.BEFOREHAND).waitMillis(1)).isEqualTo(2_000);
    }
}
