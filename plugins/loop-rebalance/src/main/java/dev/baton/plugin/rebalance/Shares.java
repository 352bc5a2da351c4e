package dev.baton.plugin.rebalance;

import dev.baton.spi.fd.FdKind;
import dev.baton.spi.loop.LoadedConnection;
import dev.baton.spi.loop.Loop;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Predicate;

/** The connections of one loop, and what each has done since a moment. One thread. */
final class Shares {
    private final Loop loop;
    private final List<LoadedConnection> connections;
    private final long[] before;

    /**
     * A connection and what it costs.
     *
     * @param busy the share of one processor
     */
    record Share(LoadedConnection connection, double busy) {}

    /** From now on. */
    Shares(Loop loop, List<LoadedConnection> connections) {
        this.loop = loop;
        this.connections = connections;
        this.before = new long[connections.size()];
        for (int i = 0; i < before.length; i++) {
            before[i] = connections.get(i).events();
        }
    }

    Loop loop() {
        return loop;
    }

    /**
     * Those that may go, the costliest first. Clients' connections alone if any of them has done anything: what they
     * need upstream goes with them by itself where it is pooled.
     *
     * @param load of the loop, over the same time
     * @param mayGo which of them may go at all
     */
    List<Share> candidates(Load load, Predicate<LoadedConnection> mayGo) {
        long[] events = new long[before.length];
        long sum = 0;
        for (int i = 0; i < before.length; i++) {
            events[i] = connections.get(i).events() - before[i];
            sum += events[i];
        }
        // What the loop does for others, which cannot go, is no part of theirs.
        double each = load.busy() / Math.max(1, Math.max(sum, load.events()));
        List<Share> downstream = new ArrayList<>();
        List<Share> others = new ArrayList<>();
        for (int i = 0; i < before.length; i++) {
            LoadedConnection connection = connections.get(i);
            if (events[i] > 0 && mayGo.test(connection)) {
                (connection.kind() == FdKind.DOWNSTREAM ? downstream : others)
                        .add(new Share(connection, events[i] * each));
            }
        }
        List<Share> chosen = downstream.isEmpty() ? others : downstream;
        chosen.sort(Comparator.comparingDouble(Share::busy).reversed());
        return chosen;
    }
}
