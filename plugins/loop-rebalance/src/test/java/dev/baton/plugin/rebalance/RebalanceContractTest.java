package dev.baton.plugin.rebalance;

import dev.baton.testkit.world.ComponentContract;

class RebalanceContractTest extends ComponentContract {
    RebalanceContractTest() {
        super(LoopRebalancePlugin.class);
    }

    @Override
    protected String section() {
        return "loop-rebalance: {}\n";
    }
}
