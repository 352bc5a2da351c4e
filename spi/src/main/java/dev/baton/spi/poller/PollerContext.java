package dev.baton.spi.poller;

import dev.baton.spi.fd.Fds;
import dev.baton.spi.posix.PollCalls;

/**
 * What a poller is given.
 *
 * @param calls the system calls of polling
 * @param fds where the poller's own fds go in and out
 * @param loop id of the loop it will serve
 */
public record PollerContext(PollCalls calls, Fds fds, int loop) {}
