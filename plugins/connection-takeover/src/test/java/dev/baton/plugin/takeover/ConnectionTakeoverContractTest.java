package dev.baton.plugin.takeover;

import dev.baton.spi.pool.TakeoverPolicy;
import dev.baton.testkit.TakeoverPolicyContract;

/** The policy keeps every promise of a takeover policy. */
class ConnectionTakeoverContractTest extends TakeoverPolicyContract {

    @Override
    protected TakeoverPolicy policy() {
        return new ConnectionTakeover();
    }
}
