package dev.baton.examples.newestfirst;

import dev.baton.spi.Plugin;
import dev.baton.spi.PluginBinder;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.fd.TakeoverResult;
import dev.baton.spi.loop.Loop;
import dev.baton.spi.pool.IdlePool;
import dev.baton.spi.pool.PoolFigures;
import dev.baton.spi.pool.PoolSpec;
import dev.baton.spi.pool.Sharing;
import dev.baton.spi.pool.TakeoverPolicy;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Keeps idle connections in one list and hands out the newest: what is too much grows old and is closed. */
public final class NewestFirstPlugin implements Plugin {
    @Override
    public void configure(PluginBinder binder) {
        binder.takeoverPolicy("newest-first", NewestFirst.class);
    }

    static final class NewestFirst implements TakeoverPolicy {
        @Override
        public IdlePool open(PoolSpec spec) {
            return new Pool(spec);
        }
    }

    /** One stay of a connection in the pool. The thread that removes it from the list has the connection. */
    private record Entry(MovableChannel connection, int since) {}

    /** All loops use it at once, and none waits for another. A take or a close may look at every idle connection. */
    private static final class Pool implements IdlePool {
        private static final int REFUSALS_MAX = 3; // from then on, a new connection costs less
        private static final int TICKS = 4; // in a timeout: a connection is idle for a quarter longer at most

        private final PoolSpec spec;
        private final ConcurrentLinkedDeque<Entry> newestFirst = new ConcurrentLinkedDeque<>();
        private final AtomicInteger idle = new AtomicInteger();
        private final AtomicInteger ticks = new AtomicInteger();
        private final AtomicBoolean ticking = new AtomicBoolean();
        private final LongAdder local = new LongAdder();
        private final LongAdder takeovers = new LongAdder();
        private final LongAdder refused = new LongAdder();
        private volatile boolean closed;

        Pool(PoolSpec spec) {
            this.spec = spec;
        }

        @Override
        public @Nullable MovableChannel take(Loop loop) {
            MovableChannel own = find(loop, true);
            return own != null || spec.sharing() == Sharing.PER_LOOP ? own : find(loop, false);
        }

        @Override
        public @Nullable MovableChannel evict(Loop loop) {
            MovableChannel own = find(loop, true);
            return own != null ? own : find(loop, false);
        }

        /** The newest that this loop owns, or else that another one does, with a claim on it. */
        private @Nullable MovableChannel find(Loop loop, boolean own) {
            int refusals = 0;
            for (Entry entry : newestFirst) {
                MovableChannel connection = entry.connection();
                if (refusals == REFUSALS_MAX || (connection.loop() == loop) != own) {
                    continue;
                }
                if (!(own ? connection.tryEnter() : connection.takeover(loop) == TakeoverResult.TAKEN)) {
                    refusals++; // busy for a moment, or closed
                    refused.add(own ? 0 : 1);
                } else if (end(entry) && connection.isActive()) {
                    (own ? local : takeovers).increment();
                    return connection;
                } else {
                    connection.leave(); // closed, or another loop was faster
                }
            }
            return null;
        }

        private boolean end(Entry entry) {
            return newestFirst.remove(entry) && idle.decrementAndGet() >= 0;
        }

        @Override
        public boolean put(Loop loop, MovableChannel connection) {
            int max = spec.idleMax();
            if (closed || !connection.isActive() || idle.getAndUpdate(now -> Math.min(now + 1, max)) >= max) {
                return false;
            }
            Entry entry = new Entry(connection, ticks.get());
            newestFirst.addFirst(entry);
            tickOn(loop);
            // A close of either, after the look above, may have been too early to find the entry.
            return (!closed && connection.isActive()) || !end(entry);
        }

        /**
         * Sets a timer, if there is none and anything is idle. A loop that ends cancels it: another one sets the next.
         */
        private void tickOn(Loop loop) {
            if (idle.get() > 0 && !closed && ticking.compareAndSet(false, true)) {
                loop.eventLoop()
                        .schedule(ticks::incrementAndGet, spec.idleTimeout().toNanos() / TICKS, TimeUnit.NANOSECONDS)
                        .addListener(ticked -> {
                            ticking.set(false);
                            closeAll(entry -> entry.since() + TICKS < ticks.get());
                            spec.loops().all().stream()
                                    .filter(next -> !next.eventLoop().isShuttingDown())
                                    .findFirst()
                                    .ifPresent(this::tickOn);
                        });
            }
        }

        private void closeAll(Predicate<Entry> which) {
            newestFirst.stream()
                    .filter(which)
                    .filter(this::end)
                    .forEach(entry -> entry.connection().close());
        }

        @Override
        public void remove(MovableChannel connection) {
            closeAll(entry -> entry.connection() == connection);
        }

        @Override
        public void close() {
            closed = true;
            closeAll(entry -> true);
        }

        @Override
        public PoolFigures figures() {
            return new PoolFigures(idle.get(), local.sum(), takeovers.sum(), refused.sum());
        }
    }
}
