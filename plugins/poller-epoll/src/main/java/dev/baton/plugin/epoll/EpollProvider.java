package dev.baton.plugin.epoll;

import dev.baton.spi.poller.Poller;
import dev.baton.spi.poller.PollerContext;
import dev.baton.spi.poller.PollerProvider;
import dev.baton.spi.posix.PosixException;
import java.util.Locale;
import java.util.Optional;

/** Opens an epoll instance for each loop; the best way of polling on Linux. */
public final class EpollProvider implements PollerProvider {
    private static final int PREFERENCE = 100;

    /** Made by Guice. */
    public EpollProvider() {}

    @Override
    public int preference() {
        return PREFERENCE;
    }

    @Override
    public Optional<String> unavailable() {
        return unavailableOn(System.getProperty("os.name", "unknown"));
    }

    static Optional<String> unavailableOn(String system) {
        return system.toLowerCase(Locale.ROOT).startsWith("linux")
                ? Optional.empty()
                : Optional.of("epoll is a system call of Linux, this is " + system);
    }

    @Override
    public Poller open(PollerContext context) throws PosixException {
        return EpollPoller.open(context);
    }
}
