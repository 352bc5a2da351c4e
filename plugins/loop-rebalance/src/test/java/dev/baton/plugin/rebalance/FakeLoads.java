package dev.baton.plugin.rebalance;

import dev.baton.spi.fd.Fd;
import dev.baton.spi.fd.FdKind;
import dev.baton.spi.loop.LoadSampler;
import dev.baton.spi.loop.LoadedConnection;
import dev.baton.spi.loop.Loop;
import dev.baton.spi.loop.LoopLoad;
import dev.baton.spi.loop.LoopLoads;
import dev.baton.spi.loop.Sampling;
import dev.baton.spi.loop.Takeovers;
import dev.baton.testkit.ManualLoop;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * Loops and connections that make the load that the test says: a connection wants a share of a processor, an event
 * costs what the test says, and a loop on which more is wanted than a processor has gives each its part of one.
 */
final class FakeLoads implements LoopLoads {
    private static final double NANOS_PER_EVENT = 20_000;

    int processors = 64;
    /** How many of a hundred moves find their connection busy. */
    int busyPercent;
    /** Loops that do nothing that they are asked to, as if they were blocked. */
    final Set<Integer> deaf = new HashSet<>();

    final List<FakeLoop> loops = new ArrayList<>();
    final List<Connection> connections = new ArrayList<>();
    /** Connections that were asked for since the last {@link #pass}. */
    int asked;

    private final SplittableRandom random = new SplittableRandom(7);
    private long now = 13;

    static final class FakeLoop {
        final ManualLoop loop;
        boolean avoided;
        /** What it does besides its connections. */
        double own;

        double cpuNanos;
        double events;

        FakeLoop(int id) {
            this.loop = new ManualLoop(id);
        }
    }

    static final class Connection implements LoadedConnection {
        private final Fd fd;
        private final FdKind kind;
        FakeLoop owner;
        double wants;
        double events;
        int moves;

        Connection(int number, FdKind kind, FakeLoop owner, double wants) {
            this.fd = new Fd(number, 1);
            this.kind = kind;
            this.owner = owner;
            this.wants = wants;
        }

        @Override
        public Fd fd() {
            return fd;
        }

        @Override
        public FdKind kind() {
            return kind;
        }

        @Override
        public Loop loop() {
            return owner.loop;
        }

        @Override
        public long events() {
            return (long) events;
        }
    }

    private record Done(int listed, int taken, int refused) implements Takeovers {
        @Override
        public void end() {}

        @Override
        public boolean isOver() {
            return taken + refused == listed;
        }
    }

    FakeLoads(int count) {
        for (int i = 0; i < count; i++) {
            loops.add(new FakeLoop(i));
        }
    }

    /** More connections on a loop, which want so much each. */
    List<Connection> add(int loop, int count, double wants) {
        return add(loop, count, wants, FdKind.DOWNSTREAM);
    }

    List<Connection> add(int loop, int count, double wants, FdKind kind) {
        List<Connection> added = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            added.add(new Connection(connections.size() + i, kind, loops.get(loop), wants));
        }
        connections.addAll(added);
        return added;
    }

    /** Time passes, and then somebody looks. */
    void pass(long nanos, LoadSampler looks) {
        asked = 0;
        now += nanos;
        for (FakeLoop loop : loops) {
            double wanted = wanted(loop);
            double given = wanted > 1 ? 1 / wanted : 1;
            loop.cpuNanos += wanted * given * nanos;
            loop.events += wanted * given * nanos / NANOS_PER_EVENT;
            for (Connection each : connections) {
                if (each.owner == loop) {
                    each.events += each.wants * given * nanos / NANOS_PER_EVENT;
                }
            }
        }
        List<LoopLoad> seen = new ArrayList<>();
        for (FakeLoop loop : loops) {
            seen.add(new LoopLoad(loop.loop, loop.avoided, (long) loop.cpuNanos, (long) loop.events));
        }
        looks.sample(now, seen);
    }

    /** What is wanted of a loop, of which it can give 1 at most. */
    double wanted(FakeLoop loop) {
        double wanted = loop.own;
        for (Connection each : connections) {
            wanted += each.owner == loop ? each.wants : 0;
        }
        return wanted;
    }

    /** By how much the most wanted loop is above the least wanted one. */
    double spread() {
        double[] all = loops.stream().mapToDouble(this::wanted).sorted().toArray();
        return all[all.length - 1] - all[0];
    }

    int moves() {
        return connections.stream().mapToInt(each -> each.moves).sum();
    }

    long on(int loop) {
        return connections.stream()
                .filter(each -> each.owner == loops.get(loop))
                .count();
    }

    @Override
    public int processors() {
        return processors;
    }

    @Override
    public Sampling sample(Duration period, LoadSampler sampler) {
        throw new UnsupportedOperationException("the test looks by itself");
    }

    @Override
    public List<LoadedConnection> connections(Loop loop) {
        List<LoadedConnection> found = new ArrayList<>();
        for (Connection each : connections) {
            if (each.owner.loop == loop) {
                found.add(each);
            }
        }
        return found;
    }

    @Override
    public Takeovers move(Loop from, Loop to, Collection<LoadedConnection> some) {
        asked += some.size();
        FakeLoop thief =
                loops.stream().filter(each -> each.loop == to).findFirst().orElseThrow();
        if (deaf.contains(to.id())) {
            return new Done(some.size(), 0, 0);
        }
        int taken = 0;
        for (LoadedConnection each : some) {
            Connection connection = (Connection) each;
            if (connection.owner.loop == from && random.nextInt(100) >= busyPercent) {
                connection.owner = thief;
                connection.moves++;
                taken++;
            }
        }
        return new Done(some.size(), taken, some.size() - taken);
    }
}
