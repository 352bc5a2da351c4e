package dev.baton.runtime.channel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

/** The size of a channel's next read. */
class AdaptiveReadsTest {
    private static final int FIRST = AdaptiveReads.INITIAL_BYTES;

    @Test
    void growsToTheLargestInFewReadsThatFillIt() {
        int size = AdaptiveReads.next(FIRST, FIRST);
        assertThat(size).isEqualTo(32 * 1024);
        size = AdaptiveReads.next(size, size);
        assertThat(size).isEqualTo(64 * 1024);
        assertThat(AdaptiveReads.next(size, 10 * size)).isEqualTo(64 * 1024);
    }

    @Test
    void shrinksWithTheSecondSmallReadAndNoFurtherThanTheSmallest() {
        int size = AdaptiveReads.next(FIRST, 100);
        assertThat(Math.abs(size)).isEqualTo(FIRST);
        size = AdaptiveReads.next(size, 100);
        assertThat(size).isEqualTo(FIRST / 2);
        for (int i = 0; i < 20; i++) {
            size = AdaptiveReads.next(size, 1);
        }
        assertThat(Math.abs(size)).isEqualTo(512);
    }

    @Test
    void keepsASizeThatIsMoreThanHalfUsed() {
        assertThat(AdaptiveReads.next(FIRST, FIRST / 2 + 1)).isEqualTo(FIRST);
        int warned = AdaptiveReads.next(FIRST, 1);
        assertThat(AdaptiveReads.next(warned, FIRST)).isEqualTo(32 * 1024);
    }

    @Test
    void isNotChangedForAllChannelsByOne() {
        assertThatThrownBy(() -> AdaptiveReads.SHARED.maxMessagesPerRead(1))
                .isInstanceOf(UnsupportedOperationException.class);
        assertThat(AdaptiveReads.SHARED.maxMessagesPerRead()).isEqualTo(16);
    }
}
