package __package__;

import dev.baton.spi.Component;
import dev.baton.spi.ComponentFactory;
import dev.baton.spi.config.Default;
import dev.baton.spi.config.Range;
import dev.baton.spi.metrics.Metrics;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** Counts at regular times, on a thread of its own, from the start of the process to its end. */
final class __Name__Component implements Component {
    private final Keys keys;
    private final Runnable count;
    private final ScheduledExecutorService thread =
            Executors.newSingleThreadScheduledExecutor(task -> new Thread(task, "__id__"));

    /**
     * The keys of its section in the configuration.
     *
     * @param every how often it counts
     */
    record Keys(@Default("10s") @Range(min = "1ms", max = "1h") Duration every) {}

    /** Makes the component; opens nothing, because {@code baton check} calls it too. */
    static final class Factory implements ComponentFactory<Keys> {
        private final Metrics metrics;

        @Inject
        Factory(Metrics metrics) {
            this.metrics = metrics;
        }

        @Override
        public Component create(Keys keys) {
            return new __Name__Component(
                    keys, metrics.counter("baton___metric___total", "How often __id__ has counted.")::increment);
        }
    }

    __Name__Component(Keys keys, Runnable count) {
        this.keys = keys;
        this.count = count;
    }

    @Override
    public CompletionStage<String> start() {
        long nanos = keys.every().toNanos();
        thread.scheduleAtFixedRate(count, nanos, nanos, TimeUnit.NANOSECONDS);
        return CompletableFuture.completedFuture("__id__ counts every " + keys.every().toMillis() + " ms");
    }

    @Override
    public CompletionStage<Void> stop() {
        thread.shutdownNow();
        return CompletableFuture.completedFuture(null);
    }
}
