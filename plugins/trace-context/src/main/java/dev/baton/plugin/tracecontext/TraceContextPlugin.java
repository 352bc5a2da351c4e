package dev.baton.plugin.tracecontext;

import dev.baton.spi.Plugin;
import dev.baton.spi.PluginBinder;

/** The entry point. */
public final class TraceContextPlugin implements Plugin {
    /** For the loader. */
    public TraceContextPlugin() {}

    @Override
    public void configure(PluginBinder binder) {
        binder.httpFilter("trace-context", TraceContext.Settings.class, TraceContext.Factory.class);
    }
}
