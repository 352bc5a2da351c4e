package __package__;

import dev.baton.testkit.world.ConnectionFilterContract;

/**
 * The filter in a whole server, under the schedules of the simulation and on real sockets: the contract has the rules
 * that every connection filter keeps.
 */
class __Name__WorldTest extends ConnectionFilterContract {
    __Name__WorldTest() {
        super(__Name__Plugin.class, "__id__");
    }

    @Override
    protected String admitting() {
        return "{ type: __id__, network: 127.0.0.0/8 }";
    }

    @Override
    protected String refusing() {
        return "{ type: __id__, network: 10.0.0.0/8 }";
    }
}
