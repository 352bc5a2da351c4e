package dev.baton.runtime.takeover;

import dev.baton.runtime.channel.MovableStreamChannel;
import dev.baton.runtime.fd.FdState;
import dev.baton.runtime.fd.FdTable;
import dev.baton.runtime.loop.BatonLoop;
import dev.baton.runtime.loop.LoopRegistry;
import dev.baton.runtime.loop.Timer;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.fd.FdKind;
import dev.baton.spi.loop.LoadSampler;
import dev.baton.spi.loop.LoadedConnection;
import dev.baton.spi.loop.Loop;
import dev.baton.spi.loop.LoopLoad;
import dev.baton.spi.loop.LoopLoads;
import dev.baton.spi.loop.Sampling;
import dev.baton.spi.loop.Takeovers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The loops of this process for code that shares work out among them. Any thread. */
public final class LiveLoads implements LoopLoads {
    private static final Logger LOG = LoggerFactory.getLogger(LiveLoads.class);

    /** What only the machine knows that the loops run on. */
    public interface Gauges {
        /** How many threads can run at the same time. */
        int processors();

        /** The processor time that a loop's thread has had, in nanoseconds; 0 if it is not known. */
        long cpuNanos(BatonLoop loop);

        /** The time, in nanoseconds since whenever. */
        long nanoTime();
    }

    private final LoopRegistry loops;
    private final FdTable table;
    private final Gauges gauges;
    private final Timer timer;

    /**
     * Looks at the loops of a registry.
     *
     * @param timer runs what may block, later, on no loop
     */
    public LiveLoads(LoopRegistry loops, FdTable table, Gauges gauges, Timer timer) {
        this.loops = loops;
        this.table = table;
        this.gauges = gauges;
        this.timer = timer;
    }

    @Override
    public int processors() {
        return gauges.processors();
    }

    // ---- looks ----------------------------------------------------------------------------------------------------

    @Override
    public Sampling sample(Duration period, LoadSampler sampler) {
        if (period.isNegative() || period.isZero()) {
            throw new IllegalArgumentException("period " + period + ": must be above 0");
        }
        Looks looks = new Looks(period, sampler);
        looks.again();
        return looks;
    }

    private final class Looks implements Sampling, Runnable {
        private final Duration period;
        private final LoadSampler sampler;
        private volatile boolean ended;

        Looks(Duration period, LoadSampler sampler) {
            this.period = period;
            this.sampler = sampler;
        }

        void again() {
            try {
                timer.after(period, this);
            } catch (RejectedExecutionException e) {
                LOG.debug("the process ends, and its loops are no longer measured", e);
            }
        }

        @Override
        public void run() {
            if (ended) {
                return;
            }
            try {
                sampler.sample(gauges.nanoTime(), loads());
            } catch (Throwable t) { // one failed look must not stop what shares work out
                LOG.error("a look at the loops failed in {}", sampler, t);
            }
            again();
        }

        @Override
        public void end() {
            ended = true;
        }
    }

    private List<LoopLoad> loads() {
        List<LoopLoad> loads = new ArrayList<>();
        for (BatonLoop loop : loops.batonLoops()) {
            loads.add(new LoopLoad(loop, loop.isAvoided(), gauges.cpuNanos(loop), loop.events()));
        }
        return loads;
    }

    // ---- connections ----------------------------------------------------------------------------------------------

    /** A channel without what could be done with it. */
    private record Loaded(Fd fd, FdKind kind, MovableStreamChannel channel) implements LoadedConnection {
        @Override
        public Loop loop() {
            return channel.loop();
        }

        @Override
        public long events() {
            return channel.events();
        }
    }

    @Override
    public List<LoadedConnection> connections(Loop loop) {
        List<LoadedConnection> found = new ArrayList<>();
        table.forEach(state -> {
            if (state.owner() == loop.id() && state.handler() instanceof MovableStreamChannel channel) {
                found.add(loaded(state, channel));
            }
        });
        return found;
    }

    private static LoadedConnection loaded(FdState state, MovableStreamChannel channel) {
        return new Loaded(state.fd(), state.kind(), channel);
    }

    @Override
    public Takeovers move(Loop from, Loop to, Collection<LoadedConnection> connections) {
        List<MovableStreamChannel> list = new ArrayList<>(connections.size());
        for (LoadedConnection each : connections) {
            list.add(((Loaded) each).channel());
        }
        BatonLoop thief = (BatonLoop) to;
        LoopEvacuation move =
                LoopEvacuation.ofSome((BatonLoop) from, thief, table, list).start(List.of(thief), List.of());
        if (move.helpers() == 0) {
            move.end();
        }
        return move;
    }
}
