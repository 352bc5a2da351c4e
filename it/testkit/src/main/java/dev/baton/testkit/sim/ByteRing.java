package dev.baton.testkit.sim;

/** Bytes on their way, as many as fit. */
final class ByteRing {
    private final byte[] bytes;
    private int first;
    private int size;

    ByteRing(int capacity) {
        bytes = new byte[capacity];
    }

    boolean isEmpty() {
        return size == 0;
    }

    int size() {
        return size;
    }

    int room() {
        return bytes.length - size;
    }

    /** Appends what fits; says how much that was. */
    int write(byte[] source) {
        int count = Math.min(source.length, room());
        for (int i = 0; i < count; i++) {
            bytes[(first + size + i) % bytes.length] = source[i];
        }
        size += count;
        return count;
    }

    /** Takes at most so many, or only looks; says how many. */
    int read(byte[] target, int length, boolean peek) {
        int count = Math.min(Math.min(length, target.length), size);
        for (int i = 0; i < count; i++) {
            target[i] = bytes[(first + i) % bytes.length];
        }
        if (!peek) {
            first = (first + count) % bytes.length;
            size -= count;
        }
        return count;
    }
}
