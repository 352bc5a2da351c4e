package dev.baton.plugin.unbind;

import dev.baton.spi.Plugin;
import dev.baton.spi.PluginBinder;

/** Contributes the strategies {@code drain}, {@code drain-backlog} and {@code at-once}. */
public final class UnbindPlugin implements Plugin {

    /** The word for {@link DrainStrategy} in the configuration. */
    public static final String DRAIN = "drain";

    /** The word for {@link DrainBacklogStrategy} in the configuration. */
    public static final String DRAIN_BACKLOG = "drain-backlog";

    /** The word for {@link AtOnceStrategy} in the configuration. */
    public static final String AT_ONCE = "at-once";

    @Override
    public void configure(PluginBinder binder) {
        binder.unbindStrategy(DRAIN, DrainStrategy.class);
        binder.unbindStrategy(DRAIN_BACKLOG, DrainBacklogStrategy.class);
        binder.unbindStrategy(AT_ONCE, AtOnceStrategy.class);
    }
}
