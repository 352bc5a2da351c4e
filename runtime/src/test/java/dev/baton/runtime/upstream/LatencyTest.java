package dev.baton.runtime.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** An average that follows new values and fades. */
class LatencyTest {
    private static final long HALF_LIFE_NANOS = TimeUnit.MILLISECONDS.toNanos(Latency.HALF_LIFE_MILLIS);

    private static long millis(long millis) {
        return TimeUnit.MILLISECONDS.toNanos(millis);
    }

    @Test
    void nothingIsKnownAtFirst() {
        assertThat(new Latency().nanos(5)).isZero();
    }

    @Test
    void itFollowsNewValuesInQuarters() {
        Latency latency = new Latency();
        latency.add(millis(100), 0);
        assertThat(latency.nanos(0)).isEqualTo(millis(100));
        latency.add(millis(200), 0);
        assertThat(latency.nanos(0)).isBetween(millis(125), millis(126));
        for (int i = 0; i < 100; i++) {
            latency.add(millis(10), 0);
        }
        assertThat(latency.nanos(0)).isEqualTo(millis(10));
    }

    /** Else a server that was slow once would never be asked again. */
    @Test
    void itFades() {
        Latency latency = new Latency();
        latency.add(millis(800), 0);
        assertThat(latency.nanos(HALF_LIFE_NANOS)).isEqualTo(millis(400));
        assertThat(latency.nanos(3 * HALF_LIFE_NANOS)).isEqualTo(millis(100));
        assertThat(latency.nanos(200 * HALF_LIFE_NANOS)).isEqualTo(1_000);
    }

    /** The milliseconds of a clock that may begin anywhere pass 2^32 sooner or later. */
    @Test
    void itLivesThroughTheWrapOfItsClock() {
        long before = TimeUnit.MILLISECONDS.toNanos((1L << 32) - 1);
        Latency latency = new Latency();
        latency.add(millis(80), before);
        assertThat(latency.nanos(before + millis(2))).isEqualTo(millis(80));
        assertThat(latency.nanos(before + HALF_LIFE_NANOS)).isEqualTo(millis(40));
    }

    @Test
    void shortAndLongTimesAreKeptInBounds() {
        Latency latency = new Latency();
        latency.add(1, 0);
        assertThat(latency.nanos(0)).as("known, and very short").isEqualTo(1_000);
        latency = new Latency();
        latency.add(Long.MAX_VALUE, 0);
        assertThat(latency.nanos(0)).isEqualTo(TimeUnit.MICROSECONDS.toNanos(0xFFFF_FFFFL));
    }
}
