package dev.baton.plugin.httpfilters;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.config.Rate;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Exactly as many requests as are allowed, whichever threads they come on. */
@Timeout(60)
class RatesTest {
    private static final long SECOND = 1_000_000_000L;
    private static final long TENTH = SECOND / 10;

    @Test
    void shouldAllowABurstAndThenTheRate() {
        Rates rates = new Rates(new Rate(10), 3, 100);
        for (int i = 0; i < 3; i++) {
            assertThat(rates.take("a", 0)).isZero();
        }
        assertThat(rates.take("a", 0)).isEqualTo(TENTH);
        assertThat(rates.take("a", TENTH - 1)).isEqualTo(1);
        assertThat(rates.take("a", TENTH)).isZero();
        assertThat(rates.take("a", TENTH)).isEqualTo(TENTH);
        assertThat(rates.take("b", TENTH)).isZero();
    }

    /** What is refused costs nothing: a client that does not stop gets its rate all the same. */
    @Test
    void shouldNotCountWhatIsRefused() {
        Rates rates = new Rates(new Rate(10), 1, 100);
        int allowed = 0;
        for (long now = 0; now < 10 * SECOND; now += SECOND / 1_000) {
            allowed += rates.take("a", now) == 0 ? 1 : 0;
        }
        assertThat(allowed).isEqualTo(100);
    }

    @Test
    void shouldFillUpToTheBurstAndNoFurther() {
        Rates rates = new Rates(new Rate(10), 3, 100);
        assertThat(rates.take("a", 0)).isZero();
        int allowed = 0;
        while (rates.take("a", 100 * SECOND) == 0) {
            allowed++;
        }
        assertThat(allowed).isEqualTo(3);
    }

    @Test
    void shouldForgetKeysWhoseAllowanceIsFull() {
        Rates rates = new Rates(new Rate(10), 1, 1_000);
        for (int i = 0; i < 10_000; i++) {
            assertThat(rates.take("key " + i, i * TENTH)).isZero();
        }
        assertThat(rates.size()).isLessThan(10);
    }

    /** More keys than fit share what one may have. */
    @Test
    void shouldShareWhenTooManyKeysCome() {
        Rates rates = new Rates(new Rate(1), 1, 10);
        int allowed = 0;
        for (int i = 0; i < 100; i++) {
            allowed += rates.take("key " + i, 0) == 0 ? 1 : 0;
        }
        assertThat(allowed).isEqualTo(11);
        assertThat(rates.size()).isEqualTo(10);
    }

    /** Keys come and go, so that they are swept while others count; none gets more than it may, and none less. */
    @Test
    void shouldBeExactOnManyThreads() throws Exception {
        int threads = 4;
        int steps = 5_000;
        int keys = 7;
        int burst = 5;
        Rates rates = new Rates(new Rate(10), burst, 1_000);
        int[][] allowed = new int[threads][keys];
        CyclicBarrier step = new CyclicBarrier(threads);
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try {
            List<Future<?>> runs = new ArrayList<>();
            for (int thread = 0; thread < threads; thread++) {
                int number = thread;
                Random random = new Random(number);
                runs.add(pool.submit(() -> {
                    for (int i = 0; i < steps; i++) {
                        step.await(30, TimeUnit.SECONDS);
                        // Every key has its whole burst again at each step, and may have been swept.
                        long now = (long) i * burst * TENTH;
                        for (int each = 0; each < 2 * keys; each++) {
                            rates.take("other " + random.nextInt(1_000_000), now);
                            int key = each % keys;
                            allowed[number][key] += rates.take("key " + key, now) == 0 ? 1 : 0;
                        }
                    }
                    return null;
                }));
            }
            for (Future<?> run : runs) {
                run.get(50, TimeUnit.SECONDS);
            }
        } finally {
            pool.shutdownNow();
        }
        for (int key = 0; key < keys; key++) {
            int sum = 0;
            for (int[] each : allowed) {
                sum += each[key];
            }
            assertThat(sum).as("key %d", key).isEqualTo(steps * burst);
        }
    }
}
