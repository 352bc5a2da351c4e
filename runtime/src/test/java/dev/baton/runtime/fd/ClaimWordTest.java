package dev.baton.runtime.fd;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** The bits do not run into each other. */
class ClaimWordTest {

    @Test
    void keepsFieldsApartAtTheirExtremes() {
        long free = 0xFFFF_FFFFL << 32;
        for (int owner : new int[] {0, 1, ClaimWord.MAX_LOOP, ClaimWord.NONE, ClaimWord.SHARED}) {
            long word = ClaimWord.inserted(free, owner);
            assertThat(ClaimWord.generation(word)).isEqualTo(0xFFFF_FFFF);
            assertThat(ClaimWord.owner(word)).isEqualTo(owner);
            assertThat(ClaimWord.running(word)).isEqualTo(1);
            assertThat(ClaimWord.isLive(word, 0xFFFF_FFFF)).isTrue();
            assertThat(ClaimWord.isOrphaned(word)).isFalse();
            long many = word + 0xFFFE * ClaimWord.RUNNING_ONE;
            assertThat(ClaimWord.running(many)).isEqualTo(0xFFFF);
            assertThat(ClaimWord.owner(many)).isEqualTo(owner);
            long orphan = ClaimWord.orphaned(many);
            assertThat(ClaimWord.isLive(orphan)).isFalse();
            assertThat(ClaimWord.isOrphaned(orphan)).isTrue();
            assertThat(ClaimWord.running(orphan)).isEqualTo(0xFFFF);
            assertThat(ClaimWord.owner(orphan)).isEqualTo(owner);
        }
    }

    @Test
    void freedGoesToTheNextGenerationAndWrapsAround() {
        long last = ClaimWord.inserted(0xFFFF_FFFFL << 32, 5) - ClaimWord.RUNNING_ONE;
        long freed = ClaimWord.freed(ClaimWord.orphaned(last));
        assertThat(ClaimWord.isFree(freed)).isTrue();
        assertThat(ClaimWord.generation(freed)).isZero();
        assertThat(freed).isZero();
    }

    @Test
    void takenKeepsTheGenerationAndGivesTheThiefTheOnlyClaim() {
        long idle = ClaimWord.inserted(7L << 32, 3) - ClaimWord.RUNNING_ONE;
        long taken = ClaimWord.taken(idle, 12);
        assertThat(ClaimWord.owner(taken)).isEqualTo(12);
        assertThat(ClaimWord.running(taken)).isEqualTo(1);
        assertThat(ClaimWord.isLive(taken, 7)).isTrue();
        assertThat(ClaimWord.describe(taken)).isEqualTo("LIVE generation 7 owner 12 running 1");
    }
}
