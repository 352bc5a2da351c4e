package dev.baton.plugin.poll;

import dev.baton.spi.poller.Poller;
import dev.baton.spi.poller.PollerContext;
import dev.baton.spi.poller.PollerProvider;
import dev.baton.spi.posix.PosixException;
import java.util.Optional;

/** Polls with poll(2), which every kernel has and whose cost grows with the number of fds. */
public final class PollProvider implements PollerProvider {
    private static final int PREFERENCE = 10;

    /** Made by Guice. */
    public PollProvider() {}

    @Override
    public int preference() {
        return PREFERENCE;
    }

    @Override
    public Optional<String> unavailable() {
        return Optional.empty();
    }

    @Override
    public Poller open(PollerContext context) throws PosixException {
        return PollPoller.open(context);
    }
}
