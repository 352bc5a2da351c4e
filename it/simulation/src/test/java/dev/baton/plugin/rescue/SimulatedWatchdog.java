package dev.baton.plugin.rescue;

import dev.baton.spi.loop.LoopWatch;
import dev.baton.spi.metrics.Metrics;
import java.time.Duration;
import java.util.Optional;

/** The watchdog without its thread and its clock, for whoever has others. */
public final class SimulatedWatchdog {
    private final Watchdog watchdog;

    /** Its loops' threads wait for something whenever they do not go on: no processor would help them. */
    public SimulatedWatchdog(Duration detect, Duration settle, int spares, LoopWatch watch, Metrics metrics, long now) {
        watchdog = new Watchdog(
                new RescueConfig(detect, settle, true, Optional.of(spares)),
                watch,
                metrics,
                new ThreadStates() {
                    @Override
                    public long cpuNanos(long nativeId) {
                        return UNKNOWN;
                    }

                    @Override
                    public boolean isRunnable(long nativeId) {
                        return false;
                    }
                },
                now);
    }

    /** Between two rounds. */
    public Duration interval() {
        return Duration.ofNanos(watchdog.intervalNanos());
    }

    /** One look at every loop. */
    public void round(long now) {
        watchdog.round(now);
    }
}
