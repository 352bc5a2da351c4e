package dev.baton.plugin.rebalance;

import dev.baton.spi.Component;
import dev.baton.spi.ComponentFactory;
import dev.baton.spi.Replacement;
import dev.baton.spi.loop.LoopLoads;
import dev.baton.spi.loop.Sampling;
import dev.baton.spi.metrics.Metrics;
import jakarta.inject.Inject;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** Makes the rebalancer. */
final class RebalanceFactory implements ComponentFactory<RebalanceConfig> {
    private final LoopLoads loads;
    private final Metrics metrics;

    @Inject
    RebalanceFactory(LoopLoads loads, Metrics metrics) {
        this.loads = loads;
        this.metrics = metrics;
    }

    @Override
    public Component create(RebalanceConfig config) {
        return new Running(config);
    }

    /** Looks at the loops from its start to its stop. */
    private final class Running implements Component {
        private final RebalanceConfig config;
        private final Rebalancer rebalancer;
        private volatile @Nullable Sampling sampling;

        Running(RebalanceConfig config) {
            this.config = config;
            this.rebalancer = new Rebalancer(config, loads, new Tally(metrics));
        }

        @Override
        public CompletionStage<String> start() {
            sampling = loads.sample(config.period(), rebalancer);
            return CompletableFuture.completedStage("");
        }

        /** {@inheritDoc} Two would be at the same things. */
        @Override
        public Replacement replacement() {
            return Replacement.OLD_FIRST;
        }

        @Override
        public CompletionStage<Void> stop() {
            Sampling running = sampling;
            if (running != null) {
                running.end();
            }
            rebalancer.stop();
            return CompletableFuture.completedStage(null);
        }
    }
}
