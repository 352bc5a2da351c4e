package dev.baton.plugin.addresslist;

import dev.baton.spi.Plugin;
import dev.baton.spi.PluginBinder;

/** The entry point. */
public final class AddressListPlugin implements Plugin {
    @Override
    public void configure(PluginBinder binder) {
        binder.connectionFilter("address-list", AddressListConfig.class, AddressListFactory.class);
    }
}
