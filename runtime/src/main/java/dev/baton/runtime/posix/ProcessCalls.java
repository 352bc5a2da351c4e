package dev.baton.runtime.posix;

import dev.baton.spi.posix.NativeMemory;
import dev.baton.spi.threading.OffLoop;
import java.util.OptionalInt;

/** System calls about other processes, for the one that has the pid 1. All are rare. */
public final class ProcessCalls {
    private static final int WNOHANG = 1;
    private static final int SIGNAL_MASK = 0x7f;
    /** What a shell adds to the number of the signal that has ended a process. */
    private static final int BY_SIGNAL = 128;

    /** Binds nothing yet. */
    public ProcessCalls() {}

    /**
     * Sends a signal.
     *
     * @param signal its number
     * @return 0, or minus the error number
     */
    @OffLoop
    public int kill(long pid, int signal) {
        int result = LibC.Processes.kill((int) pid, signal);
        return result < 0 ? -LibC.lastError() : result;
    }

    /**
     * Takes the end of a child, so that its pid is free again. Waits for nothing.
     *
     * @return its exit code, 128 and the number of the signal if one has ended it; empty if it lives or is no child
     */
    @OffLoop
    public OptionalInt reap(long pid) {
        try (NativeMemory status = NativeMemory.allocate(Integer.BYTES)) {
            if (LibC.Processes.waitpid((int) pid, status.address(), WNOHANG) <= 0) {
                return OptionalInt.empty();
            }
            int how = status.getInt(0);
            int signal = how & SIGNAL_MASK;
            return OptionalInt.of(signal == 0 ? how >> 8 & 0xff : BY_SIGNAL + signal);
        }
    }

    /** Gives the kernel back what the C library keeps of freed memory, where it can. */
    @OffLoop
    public void releaseMemory() {
        LibC.Processes.mallocTrim();
    }
}
