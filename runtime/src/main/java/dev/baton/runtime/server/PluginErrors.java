package dev.baton.runtime.server;

import dev.baton.runtime.fd.PluginFailures;
import dev.baton.spi.metrics.Metrics;

/** Counts what plugins throw. The code that catches it has logged it. */
final class PluginErrors implements PluginFailures {
    private final Metrics metrics;

    PluginErrors(Metrics metrics) {
        this.metrics = metrics;
    }

    /** The plugin's counter is there from the start, so that a first error is a change and not a new line. */
    void announce(String plugin) {
        counter(plugin);
    }

    @Override
    public void failed(String plugin, Throwable cause) {
        counter(plugin).increment();
    }

    private Metrics.Counter counter(String plugin) {
        return metrics.counter("baton_plugin_errors_total", "Callbacks of a plugin that threw.", "plugin", plugin);
    }
}
