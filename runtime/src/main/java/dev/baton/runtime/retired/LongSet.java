package dev.baton.runtime.retired;

/** Numbers of objects in a dump of the heap, none of which is 0. One thread. */
final class LongSet {
    private static final int FIRST = 1 << 10;

    private long[] slots = new long[FIRST];
    private int size;

    int size() {
        return size;
    }

    boolean contains(long number) {
        for (int i = index(number); slots[i] != 0; i = (i + 1) & (slots.length - 1)) {
            if (slots[i] == number) {
                return true;
            }
        }
        return false;
    }

    /** False if it was there already. */
    boolean add(long number) {
        int i = index(number);
        for (; slots[i] != 0; i = (i + 1) & (slots.length - 1)) {
            if (slots[i] == number) {
                return false;
            }
        }
        slots[i] = number;
        if (++size * 2 > slots.length) {
            grow();
        }
        return true;
    }

    private void grow() {
        long[] before = slots;
        slots = new long[before.length * 2];
        size = 0;
        for (long each : before) {
            if (each != 0) {
                add(each);
            }
        }
    }

    private int index(long number) {
        long mixed = number * 0x9E3779B97F4A7C15L;
        return (int) (mixed >>> 32) & (slots.length - 1);
    }
}
