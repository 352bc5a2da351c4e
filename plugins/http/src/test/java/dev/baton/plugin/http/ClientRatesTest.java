package dev.baton.plugin.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ClientRatesTest {
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);
    private static final byte[] A = ascii("192.0.2.1");
    private static final byte[] B = ascii("192.0.2.2");

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private static int allowed(ClientRates rates, byte[] client, long now, int asked) {
        int allowed = 0;
        for (int i = 0; i < asked; i++) {
            allowed += rates.take(client, now) == 0 ? 1 : 0;
        }
        return allowed;
    }

    /** Wherever the clock begins: it may be below 0, and what is kept of it wraps around. */
    @ParameterizedTest
    @ValueSource(longs = {0, 1, -1, Long.MIN_VALUE, (1L << 40) * 1_000 - 500_000, 123_456_789_012_345L})
    void allowsABurstAndThenTheRate(long start) {
        ClientRates rates = new ClientRates(10, 5);
        assertThat(allowed(rates, A, start, 100)).isEqualTo(5);
        assertThat(allowed(rates, B, start, 100)).isEqualTo(5);
        assertThat(rates.take(A, start)).isBetween(99 * SECOND / 1_000, SECOND / 10);
        assertThat(allowed(rates, A, start + SECOND / 10, 100)).isEqualTo(1);
        assertThat(allowed(rates, A, start + 4 * SECOND / 10, 100)).isEqualTo(3);
        assertThat(allowed(rates, A, start + 100 * SECOND, 100)).isEqualTo(5);
    }

    @Test
    void whatIsRefusedDoesNotCount() {
        ClientRates rates = new ClientRates(1, 1);
        assertThat(rates.take(A, 0)).isZero();
        for (long now = 0; now < SECOND; now += SECOND / 100) {
            assertThat(rates.take(A, now)).isEqualTo(SECOND - now);
        }
        assertThat(rates.take(A, SECOND)).isZero();
    }

    /**
     * What is kept of the time comes around every 12.7 days: the time of long ago is not taken for one that is to come.
     */
    @Test
    void aClientThatComesBackAfterManyDaysHasItsWholeBurst() {
        for (int days = 1; days < 100; days++) {
            ClientRates rates = new ClientRates(0.1, 3);
            assertThat(allowed(rates, A, 0, 100)).isEqualTo(3);
            assertThat(allowed(rates, A, days * 86_400L * SECOND, 100))
                    .as("after %d days", days)
                    .isEqualTo(3);
        }
    }

    @Test
    void addressesOfOneCustomerAreOneClient() {
        ClientRates rates = new ClientRates(1, 2);
        assertThat(rates.take(ascii("2001:db8:0:1:0:0:0:1"), 0)).isZero();
        assertThat(rates.take(ascii("2001:db8:0:1:2:3:4:5"), 0)).isZero();
        assertThat(rates.take(ascii("2001:db8:0:1:ffff:0:0:1"), 0)).isPositive();
        assertThat(rates.take(ascii("2001:db8:0:2:0:0:0:1"), 0)).isZero();
        assertThat(rates.take(ascii("2001:db8:0:10:0:0:0:1"), 0)).isZero();
    }

    /**
     * The table does not grow: who has very many addresses is limited less, and what others are allowed is not touched
     * by it.
     */
    @Test
    void manyClientsShareATableOfOneSize() {
        ClientRates rates = new ClientRates(1, 10);
        int allowed = 0;
        for (int i = 0; i < 200_000; i++) {
            byte[] client = ascii("10." + (i >> 16) + "." + (i >> 8 & 255) + "." + (i & 255));
            allowed += allowed(rates, client, 0, 1);
        }
        assertThat(allowed).isGreaterThan(199_900); // a few share a hash
        assertThat(allowed(rates, A, 0, 100)).isEqualTo(10);
    }

    @Test
    void aClientOnManyLoopsHasOneAllowance() throws InterruptedException {
        ClientRates rates = new ClientRates(1, 1_000);
        AtomicInteger allowed = new AtomicInteger();
        CountDownLatch start = new CountDownLatch(1);
        Thread[] loops = new Thread[2];
        for (int i = 0; i < loops.length; i++) {
            loops[i] = new Thread(() -> {
                try {
                    start.await();
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
                allowed.addAndGet(allowed(rates, A, 0, 2_000));
            });
            loops[i].start();
        }
        start.countDown();
        for (Thread loop : loops) {
            loop.join();
        }
        // One that loses against another again and again goes through uncounted.
        assertThat(allowed.get()).isBetween(1_000, 1_050);
    }
}
