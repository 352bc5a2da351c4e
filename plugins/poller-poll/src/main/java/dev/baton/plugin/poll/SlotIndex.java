package dev.baton.plugin.poll;

import java.util.Arrays;

/**
 * Finds the slot of an fd's number: two array reads.
 *
 * <p>Numbers are dense, because the kernel gives out the lowest, but one loop sees only some of them. So the map is cut
 * into pages that exist only where a number was seen: 4 KiB for each 1,024 numbers in use, at most 4 MiB in all.
 */
final class SlotIndex {
    /** What {@link #get} returns for a number that has no slot. */
    static final int NONE = -1;

    private static final int PAGE_BITS = 10;
    private static final int PAGE_SIZE = 1 << PAGE_BITS;
    private static final int PAGE_MASK = PAGE_SIZE - 1;

    /** Stands for every page that was not needed yet; never written. */
    private static final int[] ABSENT = new int[PAGE_SIZE];

    /** Slots plus one, so that what was never written says none. */
    private int[][] pages = {ABSENT};

    int get(int number) {
        int page = number >>> PAGE_BITS;
        return page < pages.length ? pages[page][number & PAGE_MASK] - 1 : NONE;
    }

    /** Makes room for a number, so that {@link #put} cannot run out of memory. */
    void reserve(int number) {
        int page = number >>> PAGE_BITS;
        int known = pages.length;
        if (page >= known) {
            int[][] more = Arrays.copyOf(pages, Math.max(known * 2, page + 1));
            Arrays.fill(more, known, more.length, ABSENT);
            pages = more;
        }
        if (pages[page] == ABSENT) {
            pages[page] = new int[PAGE_SIZE];
        }
    }

    /** Gives a number, for which there is room, a slot. */
    void put(int number, int slot) {
        pages[number >>> PAGE_BITS][number & PAGE_MASK] = slot + 1;
    }

    /** Takes its slot from a number that has one. */
    void clear(int number) {
        put(number, NONE);
    }
}
