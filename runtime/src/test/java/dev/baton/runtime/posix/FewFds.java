package dev.baton.runtime.posix;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.posix.NativeMemory;

/**
 * Takes the fds of this process away for a moment, so that the kernel has no number for those that a message brings.
 */
public final class FewFds {
    private static final int RLIMIT_NOFILE = 7;

    private FewFds() {}

    /** Runs something while this process can have so many more fds, and not one more. */
    public static void withRoomFor(int count, Runnable task) {
        int[] free = new int[count];
        for (int i = 0; i < count; i++) {
            free[i] = LibC.eventfd(0, 0);
            assertThat(free[i]).isPositive();
        }
        try (NativeMemory before = NativeMemory.allocate(16);
                NativeMemory few = NativeMemory.allocate(16)) {
            assertThat(LibC.getrlimit(RLIMIT_NOFILE, before.address())).isZero();
            few.putLong(0, free[count - 1] + 1L);
            few.putLong(8, before.getLong(8));
            for (int number : free) { // the lowest that there are: what comes next gets them
                LibC.close(number);
            }
            assertThat(LibC.setrlimit(RLIMIT_NOFILE, few.address())).isZero();
            try {
                task.run();
            } finally {
                assertThat(LibC.setrlimit(RLIMIT_NOFILE, before.address())).isZero();
            }
        }
    }
}
