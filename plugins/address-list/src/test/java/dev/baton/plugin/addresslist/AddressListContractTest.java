package dev.baton.plugin.addresslist;

import dev.baton.testkit.world.ConnectionFilterContract;

/** An address list keeps every promise of a filter that decides at once. */
class AddressListContractTest extends ConnectionFilterContract {
    AddressListContractTest() {
        super(AddressListPlugin.class, "address-list");
    }

    @Override
    protected String admitting() {
        return "{ type: address-list, allow: [ 127.0.0.1 ] }";
    }

    @Override
    protected String refusing() {
        return "{ type: address-list, deny: [ 127.0.0.1 ] }";
    }
}
