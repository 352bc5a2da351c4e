package dev.baton.runtime.listener;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class AcceptRateTest {
    private static final long SECOND = 1_000_000_000L;

    private long now = Long.MAX_VALUE - SECOND; // the clock overflows while it runs

    private int taken(AcceptRate rate) {
        int taken = 0;
        while (rate.take() == 0) {
            taken++;
        }
        return taken;
    }

    @Test
    void shouldGiveABurstOfATenthOfASecondAndThenTheRate() {
        AcceptRate rate = new AcceptRate(500, () -> now);
        assertThat(taken(rate)).isEqualTo(50);
        int total = 0;
        for (int i = 0; i < 100; i++) {
            now += SECOND / 50;
            total += taken(rate);
        }
        assertThat(total).as("in two seconds").isEqualTo(1_000);
        now += 10 * SECOND;
        assertThat(taken(rate)).as("it does not hold more").isEqualTo(50);
    }

    @Test
    void shouldSayWhenToComeBack() {
        AcceptRate slow = new AcceptRate(0.5, () -> now);
        assertThat(slow.take()).isZero();
        assertThat(slow.take()).isEqualTo(2 * SECOND);
        now += SECOND;
        assertThat(slow.take()).isEqualTo(SECOND);
        now += SECOND;
        assertThat(slow.take()).isZero();

        AcceptRate fast = new AcceptRate(100_000, () -> now);
        taken(fast);
        long wait = fast.take();
        assertThat(wait).as("not a timer for each").isEqualTo(SECOND / 100);
        now += wait;
        assertThat(taken(fast)).isEqualTo(1_000);
    }

    @Test
    void shouldTakeBackWhatWasNotUsed() {
        AcceptRate rate = new AcceptRate(10, () -> now);
        assertThat(rate.take()).isZero();
        assertThat(rate.take()).isPositive();
        rate.giveBack();
        assertThat(rate.take()).isZero();
    }

    @Test
    void shouldCostNothingWithoutALimit() {
        for (int i = 0; i < 1_000; i++) {
            assertThat(AcceptRate.UNLIMITED.take()).isZero();
        }
    }
}
