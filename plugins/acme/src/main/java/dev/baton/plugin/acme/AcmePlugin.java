package dev.baton.plugin.acme;

import dev.baton.spi.Plugin;
import dev.baton.spi.PluginBinder;

/** The entry point. */
public final class AcmePlugin implements Plugin {
    @Override
    public void configure(PluginBinder binder) {
        binder.component("acme", AcmeConfig.class, AcmeFactory.class);
        binder.httpFilter("acme", ChallengeFilter.Nothing.class, ChallengeFilter.Factory.class);
        binder.adminView("acme", AcmeView.class);
        binder.adminAction("acme/renew", RenewAction.Name.class, RenewAction.class);
    }
}
