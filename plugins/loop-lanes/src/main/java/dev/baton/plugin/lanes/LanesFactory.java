package dev.baton.plugin.lanes;

import dev.baton.spi.Component;
import dev.baton.spi.ComponentFactory;
import dev.baton.spi.loop.Lanes;
import dev.baton.spi.loop.Sampling;
import dev.baton.spi.metrics.Metrics;
import jakarta.inject.Inject;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** Makes what looks after the lanes. */
final class LanesFactory implements ComponentFactory<LanesConfig> {
    private final Lanes lanes;
    private final LaneKeepers keepers;
    private final Metrics metrics;

    @Inject
    LanesFactory(Lanes lanes, LaneKeepers keepers, Metrics metrics) {
        this.lanes = lanes;
        this.keepers = keepers;
        this.metrics = metrics;
    }

    @Override
    public Component create(LanesConfig config) {
        return new Running(config);
    }

    /** Looks at the services from its start to its stop. */
    private final class Running implements Component {
        private final LanesConfig config;
        private volatile @Nullable Sampling sampling;

        Running(LanesConfig config) {
            this.config = config;
        }

        @Override
        public CompletionStage<String> start() {
            keepers.begin(lanes.all().stream()
                    .map(lane -> new LaneKeeper(lane, config, metrics))
                    .toList());
            sampling = lanes.sample(config.period(), keepers);
            return CompletableFuture.completedStage("");
        }

        @Override
        public CompletionStage<Void> stop() {
            Sampling running = sampling;
            if (running != null) {
                running.end();
            }
            return CompletableFuture.completedStage(null);
        }
    }
}
