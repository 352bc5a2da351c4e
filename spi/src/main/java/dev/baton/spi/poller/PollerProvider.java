package dev.baton.spi.poller;

import dev.baton.spi.threading.OffLoop;
import java.util.Optional;

/** One way of polling that this process could use; a plugin contributes it. */
public interface PollerProvider {

    /** Among the available ones the highest is the default. epoll has 100, poll 10. */
    int preference();

    /** Empty if it works on this machine, else why not, as one sentence without a full stop. */
    @OffLoop
    Optional<String> unavailable();

    /**
     * Opens a poller for one loop, before the loop's thread starts.
     *
     * @throws java.io.IOException if the kernel refuses, with the errno's name in the message
     */
    @OffLoop
    Poller open(PollerContext context) throws java.io.IOException;
}
