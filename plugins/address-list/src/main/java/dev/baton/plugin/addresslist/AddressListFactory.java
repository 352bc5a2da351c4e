package dev.baton.plugin.addresslist;

import dev.baton.spi.Configured;
import dev.baton.spi.config.AddressSet;
import dev.baton.spi.filter.ConnectionFilter;

/** Makes one filter for each use. */
public final class AddressListFactory implements Configured<AddressListConfig, ConnectionFilter> {
    @Override
    public ConnectionFilter create(AddressListConfig config) {
        return new AddressList(AddressSet.of(config.allow()), AddressSet.of(config.deny()));
    }
}
