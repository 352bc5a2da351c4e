package dev.baton.plugin.poll;

import dev.baton.spi.poller.Interest;
import dev.baton.spi.posix.NativeMemory;
import dev.baton.spi.posix.PollFd;
import java.util.Arrays;
import java.util.function.IntFunction;

/**
 * The fds that one poller polls: the array of {@code struct pollfd} that poll(2) reads, and beside it what the kernel
 * does not keep, the generation and the interest of each.
 *
 * <p>A registration keeps its slot until {@link #compact}, which only happens between two polls: a thread that walks
 * the slots may add and remove while doing so. Slot 0 and whatever the caller put first never move.
 *
 * <pre>
 *         pollfd.fd     pollfd.events       number
 * polled  number        what is asked       number   0 if only errors are
 * idle    ~number       0                   number   interest 0: not even a hang-up may be reported, or the loop spins
 * hole    -1            0                   -1       removed since the last compact
 * </pre>
 */
final class PollSet implements AutoCloseable {
    private static final int CAPACITY_FIRST = 64;
    private static final int HOLE = -1;

    private final IntFunction<NativeMemory> allocator;
    private final SlotIndex index = new SlotIndex();
    private NativeMemory pollfds;
    private int[] numbers = new int[CAPACITY_FIRST];
    private int[] generations = new int[CAPACITY_FIRST];
    private int[] interests = new int[CAPACITY_FIRST];
    private int count;
    private int holes;

    PollSet(IntFunction<NativeMemory> allocator) {
        this.allocator = allocator;
        this.pollfds = allocator.apply(CAPACITY_FIRST * PollFd.SIZE);
    }

    /** Where the array for the kernel is, until the next {@link #put}. */
    long address() {
        return pollfds.address();
    }

    /** Slots in use, holes included. */
    int count() {
        return count;
    }

    int number(int slot) {
        return numbers[slot];
    }

    int generation(int slot) {
        return generations[slot];
    }

    int interest(int slot) {
        return interests[slot];
    }

    /** What the kernel reported for a slot in the last poll; 0 for a registration that is younger than that. */
    short happened(int slot) {
        return pollfds.getShort(slot * PollFd.SIZE + PollFd.REVENTS_OFFSET);
    }

    /** The slot of a registration, or {@link SlotIndex#NONE}. */
    int find(int number, int generation) {
        int slot = index.get(number);
        return slot != SlotIndex.NONE && generations[slot] == generation ? slot : SlotIndex.NONE;
    }

    /**
     * Registers an fd in place of an older registration of its number.
     *
     * @throws OutOfMemoryError and then nothing has changed
     */
    void put(int number, int generation, int interest) {
        int slot = index.get(number);
        if (slot == SlotIndex.NONE) {
            index.reserve(number);
            if (count == numbers.length) {
                grow();
            }
            slot = count++;
            index.put(number, slot);
        }
        numbers[slot] = number;
        generations[slot] = generation;
        ask(slot, interest);
        // An event that was fetched for an older registration must not be told as one of this.
        pollfds.putShort(slot * PollFd.SIZE + PollFd.REVENTS_OFFSET, (short) 0);
    }

    /** Changes what is asked for a slot. */
    void ask(int slot, int interest) {
        interests[slot] = interest;
        short events = 0;
        if ((interest & Interest.IN) != 0) {
            events |= PollFd.POLLIN | PollFd.POLLRDHUP;
        }
        if ((interest & Interest.OUT) != 0) {
            events |= PollFd.POLLOUT;
        }
        if ((interest & Interest.RDHUP) != 0) {
            events |= PollFd.POLLRDHUP;
        }
        int number = numbers[slot];
        boolean idle = events == 0 && (interest & Interest.ERROR) == 0;
        write(slot, idle ? ~number : number, events);
    }

    /** Forgets the registration in a slot. */
    void remove(int slot) {
        index.clear(numbers[slot]);
        numbers[slot] = HOLE;
        write(slot, -1, (short) 0);
        pollfds.putShort(slot * PollFd.SIZE + PollFd.REVENTS_OFFSET, (short) 0);
        holes++;
    }

    /** Fills the holes from the end, so that a poll costs what is registered now and not what once was. */
    void compact() {
        for (int slot = 0; holes > 0; slot++) {
            while (holes > 0 && numbers[count - 1] == HOLE) {
                count--;
                holes--;
            }
            if (slot < count && numbers[slot] == HOLE) {
                move(--count, slot);
                holes--;
            }
        }
    }

    private void move(int from, int to) {
        numbers[to] = numbers[from];
        generations[to] = generations[from];
        interests[to] = interests[from];
        pollfds.putLong(to * PollFd.SIZE, pollfds.getLong(from * PollFd.SIZE));
        index.put(numbers[to], to);
    }

    private void write(int slot, int fd, short events) {
        pollfds.putInt(slot * PollFd.SIZE + PollFd.FD_OFFSET, fd);
        pollfds.putShort(slot * PollFd.SIZE + PollFd.EVENTS_OFFSET, events);
    }

    /** Doubles the room; everything is allocated before anything is changed. */
    private void grow() {
        int capacity = count * 2;
        int[] moreNumbers = Arrays.copyOf(numbers, capacity);
        int[] moreGenerations = Arrays.copyOf(generations, capacity);
        int[] moreInterests = Arrays.copyOf(interests, capacity);
        NativeMemory more = allocator.apply(capacity * PollFd.SIZE);
        for (int at = 0; at < count * PollFd.SIZE; at += Long.BYTES) {
            more.putLong(at, pollfds.getLong(at));
        }
        pollfds.close();
        pollfds = more;
        numbers = moreNumbers;
        generations = moreGenerations;
        interests = moreInterests;
    }

    @Override
    public void close() {
        pollfds.close();
    }
}
