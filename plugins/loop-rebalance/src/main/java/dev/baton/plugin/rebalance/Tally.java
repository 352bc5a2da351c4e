package dev.baton.plugin.rebalance;

import dev.baton.spi.loop.Loop;
import dev.baton.spi.metrics.Metrics;

/** Where moves are counted. */
final class Tally {
    private final Metrics metrics;
    private final Metrics.Counter episodes;

    Tally(Metrics metrics) {
        this.metrics = metrics;
        this.episodes = metrics.counter(
                "baton_rebalance_episodes_total", "Times that connections were moved until the loops were even.");
    }

    void episode() {
        episodes.increment();
    }

    void moved(Loop from, int count) {
        add("baton_rebalance_moves_total", "Connections that were moved from a hot loop.", from, count);
    }

    void refused(Loop from, int count) {
        add(
                "baton_rebalance_refused_total",
                "Connections that were to be moved from a hot loop, and were busy, or gone already.",
                from,
                count);
    }

    private void add(String name, String help, Loop from, int count) {
        if (count > 0) {
            Metrics.Counter counter = metrics.counter(name, help, "loop", Integer.toString(from.id()));
            for (int i = 0; i < count; i++) {
                counter.increment();
            }
        }
    }
}
