package dev.baton.runtime.listener;

import dev.baton.runtime.listener.ListenerGate.Change;
import dev.baton.runtime.loop.Timer;
import dev.baton.spi.listener.Listener;
import dev.baton.spi.listener.ListenerResult;
import dev.baton.spi.listener.ListenerResult.Outcome;
import dev.baton.spi.listener.ListenerState;
import dev.baton.spi.listener.SocketOrigin;
import dev.baton.spi.listener.UnbindStrategy;
import dev.baton.spi.listener.Unbinding;
import dev.baton.spi.threading.AnyThread;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How a listener ends: what an {@link UnbindStrategy} steers, and what it leaves to be told.
 *
 * <p>Threading: any thread. Several unbinds of one listener may run at once; its fds are deleted once, by the gate's
 * last transition.
 */
@AnyThread
final class ListenerEnding {
    private static final Logger LOG = LoggerFactory.getLogger(ListenerEnding.class);

    private final SharedListener listener;
    private final ListenerEnv env;
    private final ListenerGate gate;
    private final ListeningSockets sockets;
    private final Connections connections;
    private final PortRelease port;
    private final TotalLimit.Waiting waiting;
    private final Timer timer;
    private final LongSupplier clock;

    private final AtomicLong cut = new AtomicLong();
    private volatile Optional<Integer> abandoned = Optional.empty();
    private volatile @Nullable BacklogDrain drain;

    /**
     * The ending of one listener, whose parts these are.
     *
     * @param waiting what the listener has joined the total limit with; it quits when it is stopped
     * @param clock what the grace of an unbind is measured by, in nanoseconds
     */
    ListenerEnding(
            SharedListener listener,
            ListenerEnv env,
            ListenerGate gate,
            ListeningSockets sockets,
            Connections connections,
            PortRelease port,
            TotalLimit.Waiting waiting,
            Timer timer,
            LongSupplier clock) {
        this.listener = listener;
        this.env = env;
        this.gate = gate;
        this.sockets = sockets;
        this.connections = connections;
        this.port = port;
        this.waiting = waiting;
        this.timer = timer;
        this.clock = clock;
    }

    /** Connections closed so far because they had not ended by themselves. */
    long cut() {
        return cut.get();
    }

    /** Has a strategy unbind the listener; what the strategy throws is the result's, never the caller's. */
    CompletionStage<ListenerResult> unbind(Duration grace, UnbindStrategy strategy) {
        if (gate.isStopped() && gate.connections() == 0 && port.isFree()) {
            return CompletableFuture.completedStage(
                    new ListenerResult(listener.name(), Outcome.UNCHANGED, "it was unbound before"));
        }
        try {
            return strategy.unbind(new Steering(grace))
                    .exceptionally(failure -> failed(failure, "the unbind strategy failed: "));
        } catch (Throwable t) { // a plugin's
            return CompletableFuture.completedStage(failed(t, "the unbind strategy threw: "));
        }
    }

    private ListenerResult failed(Throwable failure, String what) {
        LOG.error("unbind of listener {}", listener.name(), failure);
        env.channels().failures().failed(listener.spec().plugin(), failure);
        return new ListenerResult(listener.name(), Outcome.FAILED, what + failure);
    }

    private CompletionStage<Void> emptyBacklog(Duration limit) {
        ListenerState now = gate.state();
        if (limit.isZero() || now == ListenerState.NEW || now == ListenerState.STOPPED) {
            return CompletableFuture.completedStage(null);
        }
        BacklogDrain begun = new BacklogDrain(sockets, timer, clock, limit);
        drain = begun;
        // Those that wait are to be served, even if it is suspended; and so are those of one that has not begun yet.
        gate.resume();
        gate.open();
        return begun.start();
    }

    private CompletionStage<Void> stop() {
        if (gate.stop() != Change.NONE) {
            env.total().quit(waiting);
            if (sockets.anyOpen()) {
                // Before the deletion, which no other thread can do by now: the numbers are still these sockets'.
                abandoned = leftInTheBacklog();
                port.deleting(listener.address());
                sockets.deleteAll();
            } else {
                port.nothingBound();
            }
            env.sockets().changed(); // a suspended or added one is no more: also where the process stops
        }
        return port.stage();
    }

    private Optional<Integer> leftInTheBacklog() {
        return switch (sockets.origin()) {
            case SHARED -> Optional.of(0); // it is the others'
            case INHERITED -> Optional.empty(); // nobody can know whether there are others
            case MADE -> {
                BacklogDrain drained = drain;
                int handshakes = drained == null ? 0 : drained.handshakes();
                yield sockets.queued().map(queued -> queued + handshakes);
            }
        };
    }

    /** One unbind, as its strategy sees it. */
    private final class Steering implements Unbinding {
        private final Duration grace;
        private final long begun = clock.getAsLong();

        Steering(Duration grace) {
            this.grace = grace;
        }

        @Override
        public Listener listener() {
            return listener;
        }

        @Override
        public Duration grace() {
            return grace;
        }

        @Override
        public Duration graceLeft() {
            Duration left = grace.minusNanos(clock.getAsLong() - begun);
            return left.isNegative() ? Duration.ZERO : left;
        }

        @Override
        public CompletionStage<Void> deleteFd() {
            return stop();
        }

        @Override
        public CompletionStage<Void> acceptBacklog(Duration limit) {
            return emptyBacklog(limit);
        }

        @Override
        public Outcome outcome() {
            return sockets.origin() == SocketOrigin.MADE ? Outcome.UNBOUND : Outcome.RELEASED;
        }

        @Override
        public Optional<Integer> abandoned() {
            return abandoned;
        }

        @Override
        public int drainConnections() {
            Duration half = grace.dividedBy(2);
            return connections.drain(half.compareTo(env.closeSpread()) < 0 ? half : env.closeSpread());
        }

        @Override
        public CompletionStage<Integer> connectionsEnded(Duration limit) {
            return connections.ended(limit);
        }

        @Override
        public int closeConnections() {
            int closed = connections.close();
            cut.addAndGet(closed);
            return closed;
        }
    }
}
