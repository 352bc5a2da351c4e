package dev.baton.suites;

import dev.baton.spi.Component;
import dev.baton.spi.ComponentFactory;
import dev.baton.spi.Plugin;
import dev.baton.spi.PluginBinder;
import dev.baton.spi.loop.LoadSampler;
import dev.baton.spi.loop.LoadedConnection;
import dev.baton.spi.loop.Loop;
import dev.baton.spi.loop.LoopLoad;
import dev.baton.spi.loop.LoopLoads;
import dev.baton.spi.loop.Sampling;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** Has each loop take everything over from the one before it, again and again. */
final class CarouselPlugin implements Plugin {
    /** Short: most tests are through within milliseconds. */
    private static final Duration PERIOD = Duration.ofNanos(200_000);

    /** Nothing to be said. */
    record Config() {}

    @Override
    public void configure(PluginBinder binder) {
        binder.component("carousel", Config.class, Factory.class);
    }

    static final class Factory implements ComponentFactory<Config> {
        private final LoopLoads loads;

        @Inject
        Factory(LoopLoads loads) {
            this.loads = loads;
        }

        @Override
        public Component create(Config config) {
            return new Turning(loads);
        }
    }

    private static final class Turning implements Component, LoadSampler {
        private final LoopLoads loads;
        private volatile @Nullable Sampling sampling;

        Turning(LoopLoads loads) {
            this.loads = loads;
        }

        @Override
        public CompletionStage<String> start() {
            sampling = loads.sample(PERIOD, this);
            return CompletableFuture.completedStage("");
        }

        @Override
        public void sample(long nanos, List<LoopLoad> loops) {
            for (int i = 0; i < loops.size(); i++) {
                Loop from = loops.get(i).loop();
                Loop to = loops.get((i + 1) % loops.size()).loop();
                List<LoadedConnection> all = loads.connections(from);
                if (from != to && !all.isEmpty()) {
                    loads.move(from, to, all);
                }
            }
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
