package dev.baton.lincheck;

import java.util.concurrent.atomic.AtomicBoolean;

/** What the kernel does with one number; the close frees it with its last step. */
final class Kernel {
    static final int NUMBER = 7;

    private final Oracle oracle;
    private final AtomicBoolean open = new AtomicBoolean();

    Kernel(Oracle oracle) {
        this.oracle = oracle;
    }

    /** Somebody opens a file and gets the number, if it is free. */
    boolean open() {
        return open.compareAndSet(false, true);
    }

    int close(int number) {
        oracle.closing();
        open.set(false);
        return 0;
    }
}
