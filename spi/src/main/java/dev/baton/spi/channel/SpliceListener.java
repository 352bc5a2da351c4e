package dev.baton.spi.channel;

import dev.baton.spi.threading.OnLoop;

/**
 * Is told of bytes that go from one connection to another within the kernel, where no handler sees them:
 * {@link MovableChannel#spliceTo}. Sizes are in bytes and above 0.
 */
public interface SpliceListener {
    /** The source's socket has given so many. Under the claim on the source. */
    @OnLoop
    void taken(int bytes);

    /** The target's socket has taken so many, perhaps much later. Under the claim on the target. */
    @OnLoop
    void passed(int bytes);
}
