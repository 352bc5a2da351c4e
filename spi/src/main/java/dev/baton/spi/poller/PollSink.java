package dev.baton.spi.poller;

import dev.baton.spi.ByBaton;
import dev.baton.spi.threading.OnLoop;

/** Takes the events of one poll. */
@ByBaton
@FunctionalInterface
public interface PollSink {

    /**
     * Handles one event. Whatever the handler throws is dealt with inside.
     *
     * @param number the fd's number
     * @param generation the generation under which it was added
     * @param ready bits of {@link Interest}
     * @return false if this registration has ended: a poller that keeps registrations itself forgets this one; it must
     *     not call the kernel, which could hit a newer fd of the same number
     */
    @OnLoop
    boolean ready(int number, int generation, int ready);
}
