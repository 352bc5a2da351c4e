package dev.baton.runtime.listener;

import dev.baton.runtime.channel.MovableStreamChannel;
import dev.baton.runtime.loop.BatonLoop;
import dev.baton.spi.fd.TakeoverResult;
import dev.baton.spi.metrics.Metrics;
import java.util.Locale;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives accepted connections to the loops that have the fewest, {@code balance: least-loaded}.
 *
 * <p>The loop that accepted a connection sets it up and serves it; the chosen one then takes it over like any other. So
 * nothing waits for the chosen loop: if that is blocked, ends or refuses, the connection stays where it is served
 * already (R44), and a rescue finds it in the fd table at any time. What is under way is counted as if it had arrived,
 * for otherwise a burst would choose one loop for all.
 *
 * <p>Threading: any thread; {@link #choose} is a loop's.
 */
public final class Balance {
    private static final Logger LOG = LoggerFactory.getLogger(Balance.class);

    /** So often the chosen loop tries: something runs in the connection whenever its client is in a hurry. */
    private static final int TRIES_MAX = 8;
    /** Ids of loops are 14 bits. */
    private static final int LOOPS_MAX = 1 << 14;

    private final IntUnaryOperator owned;
    /** Connections on their way to a loop, less those on their way from it. */
    private final AtomicIntegerArray underWay = new AtomicIntegerArray(LOOPS_MAX);

    private final Metrics.Counter taken;
    private final Metrics.Counter busy;
    private final Metrics.Counter gone;

    /**
     * Nothing is under way.
     *
     * @param owned how many downstream connections the loop with an id owns
     */
    public Balance(IntUnaryOperator owned, Metrics metrics) {
        this.owned = owned;
        this.taken = counter(metrics, TakeoverResult.TAKEN);
        this.busy = counter(metrics, TakeoverResult.BUSY);
        this.gone = counter(metrics, TakeoverResult.GONE);
    }

    private static Metrics.Counter counter(Metrics metrics, TakeoverResult result) {
        return metrics.counter(
                "baton_handovers_total",
                "Connections that were to go to a loop with fewer at accept.",
                "result",
                result.name().toLowerCase(Locale.ROOT));
    }

    /** The loop with the fewest connections; the accepting one if none has fewer. */
    BatonLoop choose(BatonLoop accepting, BatonLoop[] loops) {
        BatonLoop fewest = accepting;
        int least = load(accepting.id());
        for (BatonLoop loop : loops) {
            int load = load(loop.id());
            if (load < least && !loop.isAvoided()) {
                fewest = loop;
                least = load;
            }
        }
        return fewest;
    }

    private int load(int loop) {
        return owned.applyAsInt(loop) + underWay.get(loop);
    }

    /**
     * Has a loop take a connection over that another has set up. On the accepting loop, after it has left the
     * connection.
     *
     * @param connection null if it never began
     */
    void handOver(@Nullable MovableStreamChannel connection, BatonLoop from, BatonLoop to) {
        if (connection == null) {
            return;
        }
        underWay.getAndIncrement(to.id());
        underWay.getAndDecrement(from.id());
        Handover handover = new Handover(connection, from, to);
        try {
            to.execute(handover);
        } catch (RejectedExecutionException ended) {
            LOG.debug("loop {} has ended; {} stays on loop {}", to.id(), connection, from.id(), ended);
            handover.end(busy);
        }
    }

    /** One connection on its way; runs on the loop that is to have it. */
    private final class Handover implements Runnable {
        private final MovableStreamChannel connection;
        private final BatonLoop from;
        private final BatonLoop to;
        private int tries;

        Handover(MovableStreamChannel connection, BatonLoop from, BatonLoop to) {
            this.connection = connection;
            this.from = from;
            this.to = to;
        }

        @Override
        public void run() {
            // Not from a third loop, which has taken it meanwhile: its reasons were better.
            TakeoverResult result =
                    to.isLeaving() || to.isShuttingDown() ? TakeoverResult.GONE : connection.takeover(to, from.id());
            if (result == TakeoverResult.TAKEN) {
                connection.leave();
                end(taken);
            } else if (result == TakeoverResult.GONE || connection.loop() != from) {
                end(gone);
            } else if (++tries == TRIES_MAX) {
                end(busy);
            } else {
                again();
            }
        }

        private void again() {
            try {
                to.schedule(this, 1L << tries, TimeUnit.MILLISECONDS).addListener(timer -> {
                    if (timer.isCancelled()) {
                        end(busy); // the loop ends, and its timers with it
                    }
                });
            } catch (RejectedExecutionException ended) {
                LOG.debug("loop {} has ended; {} stays on loop {}", to.id(), connection, from.id(), ended);
                end(busy);
            }
        }

        void end(Metrics.Counter result) {
            underWay.getAndDecrement(to.id());
            underWay.getAndIncrement(from.id());
            result.increment();
        }
    }
}
