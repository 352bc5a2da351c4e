package __package__;

import dev.baton.spi.Plugin;
import dev.baton.spi.PluginBinder;

/** The entry point. */
public final class __Name__Plugin implements Plugin {
    @Override
    public void configure(PluginBinder binder) {
        binder.service("__id__", __Name__Service.Keys.class, __Name__Service.Factory.class);
    }
}
