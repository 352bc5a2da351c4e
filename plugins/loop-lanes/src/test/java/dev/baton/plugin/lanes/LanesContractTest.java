package dev.baton.plugin.lanes;

import dev.baton.testkit.world.ComponentContract;

class LanesContractTest extends ComponentContract {
    LanesContractTest() {
        super(LoopLanesPlugin.class);
    }

    @Override
    protected String section() {
        return "lanes: { window: 1s, rest: 1s }\n";
    }
}
