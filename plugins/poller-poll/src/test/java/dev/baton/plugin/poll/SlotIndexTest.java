package dev.baton.plugin.poll;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SlotIndexTest {
    /** The greatest number that the kernel gives out by default. */
    private static final int NUMBER_MAX = 1_048_575;

    private final SlotIndex index = new SlotIndex();

    @Test
    void shouldFindNothingInTheBeginning() {
        assertThat(index.get(0)).isEqualTo(SlotIndex.NONE);
        assertThat(index.get(NUMBER_MAX)).isEqualTo(SlotIndex.NONE);
    }

    @Test
    void shouldFindNumbersFarApart() {
        int[] numbers = {0, 1023, 1024, 5_000, NUMBER_MAX};
        for (int slot = 0; slot < numbers.length; slot++) {
            index.reserve(numbers[slot]);
            index.put(numbers[slot], slot);
        }
        for (int slot = 0; slot < numbers.length; slot++) {
            assertThat(index.get(numbers[slot])).isEqualTo(slot);
            assertThat(index.get(numbers[slot] + 1)).isEqualTo(numbers[slot] == 1023 ? 2 : SlotIndex.NONE);
        }
    }

    /** The list of pages grows ahead of what is needed: what lies between has to say none, too. */
    @Test
    void shouldFindNothingWhereItHasGrownAhead() {
        for (int page = 0; page < 9; page++) {
            index.reserve(page * 1024);
            for (int beyond = page + 1; beyond < 32; beyond++) {
                assertThat(index.get(beyond * 1024)).isEqualTo(SlotIndex.NONE);
            }
        }
    }

    @Test
    void shouldForgetWhatIsCleared() {
        index.reserve(77);
        index.put(77, 3);
        index.clear(77);

        assertThat(index.get(77)).isEqualTo(SlotIndex.NONE);
    }

    /** The page that stands for all that are absent is shared by every index. */
    @Test
    void shouldNotShareSlotsBetweenPages() {
        index.reserve(1);
        index.put(1, 5);

        assertThat(index.get(1024 + 1)).isEqualTo(SlotIndex.NONE);
        assertThat(new SlotIndex().get(1)).isEqualTo(SlotIndex.NONE);
    }
}
