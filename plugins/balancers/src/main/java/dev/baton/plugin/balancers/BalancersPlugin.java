package dev.baton.plugin.balancers;

import dev.baton.spi.Plugin;
import dev.baton.spi.PluginBinder;

/** The entry point. */
public final class BalancersPlugin implements Plugin {
    @Override
    public void configure(PluginBinder binder) {
        binder.balancer("round-robin", NoKeys.class, RoundRobin.Factory.class);
        binder.balancer("least-requests", NoKeys.class, LeastRequests.Factory.class);
        binder.balancer("two-choices", NoKeys.class, TwoChoices.Factory.class);
        binder.balancer("hash-client", NoKeys.class, ConsistentHash.ByClient.class);
        binder.balancer("hash-field", FieldKeys.class, ConsistentHash.ByField.class);
        binder.balancer("hash-cookie", CookieKeys.class, ConsistentHash.ByCookie.class);
    }
}
