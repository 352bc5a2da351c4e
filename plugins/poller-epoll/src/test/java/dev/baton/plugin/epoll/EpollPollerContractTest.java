package dev.baton.plugin.epoll;

import dev.baton.spi.poller.PollerProvider;
import dev.baton.testkit.PollerContract;

/** epoll keeps every promise of a poller. */
class EpollPollerContractTest extends PollerContract {

    @Override
    protected PollerProvider provider() {
        return new EpollProvider();
    }

    @Override
    public int eventsMax() {
        return EpollPoller.EVENTS_MAX;
    }
}
