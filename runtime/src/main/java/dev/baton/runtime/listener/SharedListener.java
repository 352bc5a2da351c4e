package dev.baton.runtime.listener;

import dev.baton.runtime.channel.ChannelEnv;
import dev.baton.runtime.fd.FdHandler;
import dev.baton.runtime.fd.FdTable;
import dev.baton.runtime.listener.ListenerGate.Change;
import dev.baton.runtime.loop.BatonLoop;
import dev.baton.runtime.posix.PeerAddress;
import dev.baton.spi.admin.ListenerSnapshot;
import dev.baton.spi.admin.Metrics;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.fd.FdKind;
import dev.baton.spi.listener.Listener;
import dev.baton.spi.listener.ListenerResult;
import dev.baton.spi.listener.ListenerResult.Outcome;
import dev.baton.spi.listener.ListenerState;
import dev.baton.spi.listener.Unbinding;
import dev.baton.spi.loop.Loop;
import dev.baton.spi.poller.Poller;
import dev.baton.spi.posix.Errno;
import dev.baton.spi.posix.PosixException;
import dev.baton.spi.threading.AnyThread;
import dev.baton.spi.threading.OffLoop;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A listener: one listening fd, SHARED in the fd table by a set of loops, all of which poll it and accept.
 *
 * <p>What it does at any moment is {@link ListenerGate}'s word, each loop's part is an {@link Acceptor}, its connections are
 * {@link Connections}', and when its port is free again {@link PortRelease} tells. This class opens the socket, puts the parts
 * together and gives accepted sockets to the service.
 *
 * <p>No callback runs under a lock: there is none. A service's {@code initialize} runs on the accepting loop under the claims on
 * the new connection and on the listening fd: one that blocks there delays the close of an unbound listener (it is an orphan
 * then) and nothing else.
 *
 * <p>Threading: everything but {@link #open} by any thread.
 */
@AnyThread
public final class SharedListener implements Listener {
    private static final Logger LOG = LoggerFactory.getLogger(SharedListener.class);

    /** How long to hold the listener when there are no fds left and none of its own connections ends meanwhile. */
    static final Duration PAUSE = Duration.ofMillis(100);

    private final ListenerSpec spec;
    private final ChannelEnv env;
    private final List<Acceptor.Seat> seats;
    private final ListenerGate gate;
    private final Connections connections;
    private final PortRelease port;
    private final Timer timer;
    private final Reports reports = new Reports();
    private final Arrivals arrivals;
    private final Metrics.Counter accepted;
    private final Metrics.Counter paused;
    private final AtomicLong cut = new AtomicLong();

    /** Takes an accepted socket, for which there is a reservation, on its loop. Throws nothing. */
    @FunctionalInterface
    interface Arrivals {
        void take(Acceptor.Seat seat, int number, PeerAddress peer);
    }

    /** What there is once the socket is bound. */
    private record Bound(Fd fd, String address, List<Acceptor> acceptors) {}

    private volatile @Nullable Bound bound;

    /**
     * A listener without a socket.
     *
     * @param loops the loops that share it, by ascending id; at least one
     * @param worker where binding may block, for the trial after an unbind
     */
    public SharedListener(ListenerSpec spec, ChannelEnv env, List<BatonLoop> loops, Metrics metrics, Executor worker) {
        this(
                spec,
                env,
                loops.stream().<Acceptor.Seat>map(LoopSeat::new).toList(),
                metrics,
                worker,
                Timer.on(worker),
                null);
    }

    /**
     * A listener whose loops, time and connections are a test's.
     *
     * @param arrivals takes accepted sockets in place of the service, and then owes a {@link #connectionEnded} for each
     */
    SharedListener(
            ListenerSpec spec,
            ChannelEnv env,
            List<Acceptor.Seat> seats,
            Metrics metrics,
            Executor worker,
            Timer timer,
            @Nullable Arrivals arrivals) {
        this.spec = spec;
        this.env = env;
        this.seats = seats;
        this.timer = timer;
        this.gate = new ListenerGate(spec.maxConnections());
        this.connections = new Connections(env.table(), gate, spec.service(), timer);
        this.port = new PortRelease(spec.kind(), env.posix(), env.table(), worker, timer);
        Welcome welcome = new Welcome(spec, env, connections, this::connectionEnded);
        this.arrivals = arrivals != null
                ? arrivals
                : (seat, number, peer) -> welcome.take(((LoopSeat) seat).loop(), number, peer);
        this.accepted = metrics.counter(
                "baton_accepted_total", "Connections that a listener accepted.", "listener", spec.name());
        this.paused = metrics.counter(
                "baton_listener_limited_total",
                "Pauses of a listener because there were no fds or buffers left.",
                "listener",
                spec.name());
        metrics.gauge(
                "baton_connections",
                "Open connections that a listener accepted.",
                gate::connections,
                "listener",
                spec.name());
    }

    // ---- birth ----------------------------------------------------------------------------------------------------

    /**
     * Binds the socket and lets it listen; the kernel queues, nobody accepts yet. Can be tried again after a failure.
     *
     * @throws IOException with a message for a person
     * @throws IllegalStateException if it is bound, or was unbound
     */
    @OffLoop
    public void open() throws IOException {
        if (gate.state() != ListenerState.NEW) {
            throw new IllegalStateException(
                    "listener " + spec.name() + " is " + gate.state().word());
        }
        FdTable table = env.table();
        int number = spec.kind().socket(spec.bind(), env.posix());
        int[] sharers = seats.stream().mapToInt(Acceptor.Seat::id).toArray();
        Handler handler = new Handler();
        Fd fd = table.fdInsertShared(number, FdKind.LISTENER, spec.plugin(), handler, sharers);
        boolean assigned = false;
        try {
            spec.kind().bind(number, spec.bind(), env.posix());
            int listening = env.posix().listen(number, spec.backlog());
            if (listening < 0) {
                throw PosixException.of("listen on " + spec.kind().name() + " " + spec.bind(), listening);
            }
            String address = spec.kind().address(number, env.posix());
            List<Acceptor> acceptors = seats.stream()
                    .map(seat -> new Acceptor(seat, fd, table, env.posix(), gate, reports))
                    .toList();
            // Before the gate lets anybody look for it.
            bound = new Bound(fd, address, acceptors);
            assigned = gate.assign() != Change.NONE;
            if (!assigned) {
                throw new IOException("listener " + spec.name() + " was unbound while it was opened");
            }
        } finally {
            if (!assigned) {
                table.fdDelete(fd);
            }
            table.leave(fd);
        }
    }

    /** Lets the loops accept; does nothing if it was unbound meanwhile. */
    public void start() {
        if (gate.open() != Change.NONE) {
            syncAll();
        }
    }

    // ---- what it is -----------------------------------------------------------------------------------------------

    @Override
    public String name() {
        return spec.name();
    }

    @Override
    public String address() {
        Bound now = bound;
        return now == null ? spec.bind() : now.address();
    }

    @Override
    public ListenerState state() {
        return gate.state();
    }

    @Override
    public int connections() {
        return gate.connections();
    }

    /** Connections accepted so far. */
    public long accepted() {
        return accepted.count();
    }

    /** Connections that an unbind has closed so far, because they had not ended by themselves. */
    public long cut() {
        return cut.get();
    }

    /** The element of {@code /v1/listeners}. */
    public ListenerSnapshot snapshot() {
        return new ListenerSnapshot(name(), address(), spec.serviceName(), state().word(), accepted(), connections());
    }

    /** Has a loop look for connections without an event: a rescue, when another's exclusive wakeup may be lost with it. */
    public void tryAccept(Loop loop) {
        Bound now = bound;
        if (now != null) {
            for (Acceptor acceptor : now.acceptors()) {
                if (acceptor.loop() == loop.id()) {
                    acceptor.request(Acceptor.SYNC | Acceptor.ACCEPT);
                }
            }
        }
    }

    // ---- suspend, resume, unbind ----------------------------------------------------------------------------------

    /**
     * {@inheritDoc}
     *
     * <p>Complete at once: no accept begins after it, though one that has begun may still bring a connection.
     */
    @Override
    public CompletionStage<ListenerResult> suspend() {
        Change change = gate.suspend();
        if (change != Change.NONE) {
            // Also if it was not READY before: a loop in accept may have made it FULL for a moment, of which nobody was
            // told,
            // and gives its reservation back to a listener that is suspended by then, which changes nothing either
            // (R38).
            syncAll();
        }
        return change == Change.NONE
                ? result(
                        unchangedOr(ListenerState.SUSPENDED),
                        "it is " + gate.state().word())
                : result(Outcome.PAUSED, address() + " stays bound, connections queue in the kernel");
    }

    @Override
    public CompletionStage<ListenerResult> resume() {
        Change change = gate.resume();
        if (change == Change.READINESS) {
            syncAll();
        }
        ListenerState now = gate.state();
        if (change != Change.NONE) {
            return result(
                    Outcome.RESUMED, now == ListenerState.READY ? "accepts again" : "resumed, but it is " + now.word());
        }
        boolean bornAndAlive = now != ListenerState.NEW && now != ListenerState.STOPPED;
        return result(bornAndAlive ? Outcome.UNCHANGED : Outcome.FAILED, "it is " + now.word());
    }

    private Outcome unchangedOr(ListenerState harmless) {
        return gate.state() == harmless ? Outcome.UNCHANGED : Outcome.FAILED;
    }

    private CompletionStage<ListenerResult> result(Outcome outcome, String detail) {
        return CompletableFuture.completedStage(new ListenerResult(name(), outcome, detail));
    }

    /**
     * {@inheritDoc}
     *
     * <p>May be called again while an unbind runs, for example with a shorter grace: the strategy then runs beside the first.
     */
    @Override
    public CompletionStage<ListenerResult> unbind(Duration grace) {
        if (gate.isStopped() && gate.connections() == 0 && portIsFree()) {
            return result(Outcome.UNCHANGED, "it was unbound before");
        }
        try {
            return spec.unbind()
                    .unbind(new Ending(grace))
                    .exceptionally(failure -> failed(failure, "the unbind strategy failed: "));
        } catch (Throwable t) { // an Error too: it is a plugin's
            return CompletableFuture.completedStage(failed(t, "the unbind strategy threw: "));
        }
    }

    private boolean portIsFree() {
        return port.stage().toCompletableFuture().isDone();
    }

    private ListenerResult failed(Throwable failure, String what) {
        LOG.error("unbind of listener {}", name(), failure);
        env.failures().failed(spec.plugin(), failure);
        return new ListenerResult(name(), Outcome.FAILED, what + failure);
    }

    /** The mechanism that a strategy steers. */
    private final class Ending implements Unbinding {
        private final Duration grace;

        Ending(Duration grace) {
            this.grace = grace;
        }

        @Override
        public Listener listener() {
            return SharedListener.this;
        }

        @Override
        public Duration grace() {
            return grace;
        }

        @Override
        public CompletionStage<Void> deleteFd() {
            return stop();
        }

        @Override
        public void drainConnections() {
            connections.drain();
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

    private CompletionStage<Void> stop() {
        if (gate.stop() != Change.NONE) {
            Bound now = bound;
            if (now == null) {
                port.nothingBound();
            } else {
                port.deleting(now.address());
                env.table().fdDelete(now.fd());
            }
        }
        return port.stage();
    }

    // ---- the loops' side ------------------------------------------------------------------------------------------

    private void syncAll() {
        Bound now = bound;
        if (now != null) {
            for (Acceptor acceptor : now.acceptors()) {
                acceptor.request(Acceptor.SYNC);
            }
        }
    }

    /** For tests: the loops' parts; empty before the socket is bound. */
    List<Acceptor> acceptors() {
        Bound now = bound;
        return now == null ? List.of() : now.acceptors();
    }

    /** A connection has ended, or never began. */
    void connectionEnded() {
        if (gate.release() == Change.READINESS) {
            syncAll();
        }
        reports.reservationEnded();
    }

    /** The fd as the table knows it. */
    private final class Handler implements FdHandler {
        @Override
        public void dispatch(int loop, int ready) {
            Bound now = bound;
            if (now == null) {
                throw new AssertionError("an event before a loop could poll");
            }
            try {
                for (Acceptor acceptor : now.acceptors()) {
                    if (acceptor.loop() == loop) {
                        acceptor.ready();
                    }
                }
            } finally {
                env.table().leave(now.fd());
            }
        }

        @Override
        public void finalizing(int lastOwner) {
            // Shared to the end: it had no owner.
        }

        @Override
        public void closed() {
            Bound now = bound;
            if (now != null && gate.isStopped()) {
                port.closed(now.address());
            }
        }
    }

    private final class Reports implements Acceptor.Reports {
        @Override
        public void readinessChanged() {
            syncAll();
        }

        @Override
        public void accepted(Acceptor.Seat seat, int number, PeerAddress peer) {
            accepted.increment();
            arrivals.take(seat, number, peer);
        }

        @Override
        public void reservationEnded() {
            if (gate.connections() == 0) {
                connections.noneLeft();
            }
        }

        @Override
        public void limited(long episode, int errno) {
            paused.increment();
            LOG.warn("listener {} pauses: {}", name(), Errno.explain(errno));
            timer.after(PAUSE, () -> {
                if (gate.lift(episode) == Change.READINESS) {
                    syncAll();
                }
            });
        }

        @Override
        public void backlogLeft(Acceptor acceptor) {
            Bound now = bound;
            if (now != null) {
                List<Acceptor> all = now.acceptors();
                int self = all.indexOf(acceptor);
                Acceptor neighbour = all.get((self + 1) % all.size());
                if (neighbour != acceptor) {
                    neighbour.request(Acceptor.ACCEPT);
                }
            }
        }

        @Override
        public void stumbled(Acceptor acceptor) {
            timer.after(PAUSE, () -> acceptor.request(Acceptor.SYNC | Acceptor.ACCEPT));
        }
    }

    @Override
    public String toString() {
        return "listener " + name() + " on " + address() + ", " + gate;
    }

    /** A loop of this process. */
    private record LoopSeat(BatonLoop loop) implements Acceptor.Seat {
        @Override
        public int id() {
            return loop.id();
        }

        @Override
        public Poller poller() {
            return loop.poller();
        }

        @Override
        public void execute(Runnable task) {
            loop.execute(task);
        }
    }
}
