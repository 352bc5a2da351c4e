package dev.baton.testkit.world;

import dev.baton.spi.poller.PollerProvider;
import dev.baton.testkit.PollerContract;

/** The poller that stands in keeps every promise of one. */
class PlainPollerContractTest extends PollerContract {

    @Override
    protected PollerProvider provider() {
        return new StandIns.PlainPollers();
    }

    @Override
    public int eventsMax() {
        return PlainPoller.EVENTS_MAX;
    }
}
