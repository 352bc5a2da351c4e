package dev.baton.plugin.rescue;

import dev.baton.spi.Component;
import dev.baton.spi.ComponentFactory;
import dev.baton.spi.loop.LoopWatch;
import dev.baton.spi.metrics.Metrics;
import jakarta.inject.Inject;

/** Makes the watchdog. */
final class RescueFactory implements ComponentFactory<RescueConfig> {
    private final LoopWatch watch;
    private final Metrics metrics;

    @Inject
    RescueFactory(LoopWatch watch, Metrics metrics) {
        this.watch = watch;
        this.metrics = metrics;
    }

    @Override
    public Component create(RescueConfig config) {
        return new WatchdogThread(config, watch, metrics);
    }
}
