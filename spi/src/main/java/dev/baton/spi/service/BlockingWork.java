package dev.baton.spi.service;

import dev.baton.spi.ByBaton;
import dev.baton.spi.threading.OnLoop;

/** Work that may block, asked for beside what else a connection does: see {@link ServiceContext#blocking}. */
@ByBaton
public interface BlockingWork {
    /**
     * Nothing waits for the result any longer: neither callback runs, and a result that is
     * {@link io.netty.util.ReferenceCounted} is released. If the work has not begun it never will, and gives its place
     * in the queue back. Does nothing if the result was told. Cost: looks through the queue.
     */
    @OnLoop
    void leaveOut();
}
