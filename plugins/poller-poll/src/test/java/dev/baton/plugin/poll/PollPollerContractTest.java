package dev.baton.plugin.poll;

import dev.baton.spi.poller.PollerProvider;
import dev.baton.testkit.PollerContract;

/** poll(2) keeps every promise of a poller. */
class PollPollerContractTest extends PollerContract {

    @Override
    protected PollerProvider provider() {
        return new PollProvider();
    }

    @Override
    public int eventsMax() {
        return PollPoller.EVENTS_MAX;
    }
}
