package dev.baton.jcstress.fd;

import dev.baton.spi.posix.Errno;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;

/**
 * The part of a kernel that races for an fd are about: which numbers are open, and how often each was closed. The close
 * frees a number with its last step; whoever opens it then must find it FREE in the table.
 */
final class Numbers {
    /** More than jcstress has samples at a time. */
    private static final int COUNT = 1 << 16;

    private final AtomicInteger next = new AtomicInteger();
    private final AtomicIntegerArray open = new AtomicIntegerArray(COUNT);
    private final AtomicIntegerArray closes = new AtomicIntegerArray(COUNT);

    /** Opens a number that was not open, as the first of a sample. */
    int openAny() {
        for (int tries = 0; tries < COUNT; tries++) {
            int number = next.getAndIncrement() & (COUNT - 1);
            if (open(number)) {
                closes.set(number, 0);
                return number;
            }
        }
        throw new IllegalStateException("all " + COUNT + " numbers are open: the tests do not close them");
    }

    /** Opens this number, if it is not open. */
    boolean open(int number) {
        return open.compareAndSet(number, 0, 1);
    }

    /** What close(2) does. */
    int close(int number) {
        closes.incrementAndGet(number);
        return open.compareAndSet(number, 1, 0) ? 0 : -Errno.EBADF;
    }

    boolean isOpen(int number) {
        return open.get(number) == 1;
    }

    /** How often a number was closed in this sample. */
    int closes(int number) {
        return closes.get(number);
    }
}
