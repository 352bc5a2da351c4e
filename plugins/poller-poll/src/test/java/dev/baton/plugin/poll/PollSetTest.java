package dev.baton.plugin.poll;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.spi.poller.Interest;
import dev.baton.spi.posix.NativeMemory;
import dev.baton.spi.posix.PollFd;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class PollSetTest {
    private final List<NativeMemory> memories = new ArrayList<>();
    private boolean exhausted;
    private final PollSet set = new PollSet(size -> {
        if (exhausted) {
            throw new OutOfMemoryError("none left");
        }
        NativeMemory memory = NativeMemory.allocate(size);
        memories.add(memory);
        return memory;
    });

    @AfterEach
    void shouldGiveAllMemoryBack() {
        set.close();
        assertThat(memories).allMatch(memory -> memory.size() == 0);
    }

    private NativeMemory memory() {
        return memories.get(memories.size() - 1);
    }

    private int fd(int slot) {
        return memory().getInt(slot * PollFd.SIZE + PollFd.FD_OFFSET);
    }

    private int events(int slot) {
        return memory().getShort(slot * PollFd.SIZE + PollFd.EVENTS_OFFSET);
    }

    private void happen(int slot, short events) {
        memory().putShort(slot * PollFd.SIZE + PollFd.REVENTS_OFFSET, events);
    }

    @Test
    void shouldWriteWhatTheKernelReads() {
        set.put(5, 1, Interest.IN);
        set.put(6, 1, Interest.OUT);
        set.put(7, 1, Interest.IN | Interest.OUT | Interest.EXCLUSIVE);

        set.put(8, 1, Interest.RDHUP);
        set.put(9, 1, Interest.ERROR);

        assertThat(set.count()).isEqualTo(5);
        assertThat(List.of(fd(0), fd(1), fd(2), fd(3), fd(4))).containsExactly(5, 6, 7, 8, 9);
        assertThat(events(0)).isEqualTo(PollFd.POLLIN | PollFd.POLLRDHUP);
        assertThat(events(1)).isEqualTo(PollFd.POLLOUT);
        assertThat(events(2)).isEqualTo(PollFd.POLLIN | PollFd.POLLRDHUP | PollFd.POLLOUT);
        assertThat(events(3)).isEqualTo(PollFd.POLLRDHUP);
        assertThat(events(4)).isZero();
    }

    /** The kernel reports a hang-up of every fd that it sees, asked or not; a negative one it does not see. */
    @Test
    void shouldHideFromTheKernelWhatNothingIsAskedOf() {
        set.put(0, 1, 0);
        set.put(5, 1, Interest.IN);
        set.ask(1, 0);

        assertThat(fd(0)).isNegative();
        assertThat(fd(1)).isNegative();
        assertThat(set.find(0, 1)).isEqualTo(0);
        assertThat(set.find(5, 1)).isEqualTo(1);

        set.ask(0, Interest.IN);
        assertThat(fd(0)).isZero();
    }

    @Test
    void shouldFindOneGenerationOnly() {
        set.put(5, 1, Interest.IN);

        assertThat(set.find(5, 2)).isEqualTo(SlotIndex.NONE);
        assertThat(set.find(5, 1)).isZero();
    }

    /** R15: what happened to the old registration is not told as the new one's. */
    @Test
    void shouldReplaceInPlaceAndForgetWhatHappened() {
        set.put(5, 1, Interest.IN);
        happen(0, PollFd.POLLIN);

        set.put(5, 2, Interest.OUT);

        assertThat(set.count()).isEqualTo(1);
        assertThat(set.happened(0)).isZero();
        assertThat(set.find(5, 1)).isEqualTo(SlotIndex.NONE);
        assertThat(set.generation(0)).isEqualTo(2);
    }

    @Test
    void shouldKeepSlotsUntilItIsCompacted() {
        for (int number = 0; number < 6; number++) {
            set.put(number, number, Interest.IN);
        }
        happen(2, PollFd.POLLIN);
        set.remove(2);
        set.remove(4);

        assertThat(set.count()).isEqualTo(6);
        assertThat(set.happened(2)).isZero();
        assertThat(fd(2)).isEqualTo(-1);
        assertThat(set.find(5, 5)).isEqualTo(5);

        set.compact();

        assertThat(set.count()).isEqualTo(4);
        for (int number : new int[] {0, 1, 3, 5}) {
            int slot = set.find(number, number);
            assertThat(slot).isBetween(0, 3);
            assertThat(fd(slot)).isEqualTo(number);
            assertThat(set.number(slot)).isEqualTo(number);
        }
        assertThat(set.find(2, 2)).isEqualTo(SlotIndex.NONE);
    }

    @Test
    void shouldNeverMoveTheFirstSlot() {
        for (int number = 10; number < 20; number++) {
            set.put(number, 1, Interest.IN);
        }
        for (int slot = 1; slot < 10; slot += 2) {
            set.remove(slot);
        }
        set.compact();

        assertThat(set.find(10, 1)).isZero();
        assertThat(set.count()).isEqualTo(5);
    }

    @Test
    void shouldCompactWhatIsAllHoles() {
        set.put(5, 1, Interest.IN);
        set.put(6, 1, Interest.IN);
        set.remove(0);
        set.remove(1);

        set.compact();

        assertThat(set.count()).isZero();
        set.put(6, 2, Interest.IN);
        assertThat(set.find(6, 2)).isZero();
    }

    @Test
    void shouldAddAgainWhatWasRemovedAndNotYetCompacted() {
        set.put(5, 1, Interest.IN);
        set.remove(0);
        set.put(5, 1, Interest.OUT);
        set.compact();

        assertThat(set.count()).isEqualTo(1);
        assertThat(fd(0)).isEqualTo(5);
        assertThat(set.find(5, 1)).isZero();
    }

    @Test
    void shouldGrowWithEverythingInIt() {
        for (int number = 0; number < 1_000; number++) {
            set.put(number, -number, Interest.IN);
            happen(number, PollFd.POLLIN);
        }
        for (int number = 0; number < 1_000; number++) {
            assertThat(set.find(number, -number)).isEqualTo(number);
            assertThat(fd(number)).isEqualTo(number);
            assertThat(set.happened(number)).isEqualTo(PollFd.POLLIN);
        }
        assertThat(memories).as("doubled").hasSize(5);
    }

    /** R31: half an add would be an fd that is believed to be polled, and is not. */
    @Test
    void shouldChangeNothingWhenItCannotGrow() {
        int number = 0;
        while (memory().size() > set.count() * PollFd.SIZE) {
            set.put(number++, 1, Interest.IN);
        }
        int full = number;
        exhausted = true;
        assertThatThrownBy(() -> set.put(full, 1, Interest.IN)).isInstanceOf(OutOfMemoryError.class);

        assertThat(set.count()).isEqualTo(full);
        assertThat(set.find(full, 1)).isEqualTo(SlotIndex.NONE);
        set.put(0, 2, Interest.OUT);
        assertThat(set.find(0, 2)).isZero();

        exhausted = false;
        set.put(full, 1, Interest.IN);
        assertThat(set.find(full, 1)).isEqualTo(full);
    }
}
