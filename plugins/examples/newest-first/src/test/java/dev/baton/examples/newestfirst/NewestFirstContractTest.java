package dev.baton.examples.newestfirst;

import dev.baton.examples.newestfirst.NewestFirstPlugin.NewestFirst;
import dev.baton.spi.pool.TakeoverPolicy;
import dev.baton.testkit.TakeoverPolicyContract;

/** The policy keeps every promise of a takeover policy. */
class NewestFirstContractTest extends TakeoverPolicyContract {
    @Override
    protected TakeoverPolicy policy() {
        return new NewestFirst();
    }
}
