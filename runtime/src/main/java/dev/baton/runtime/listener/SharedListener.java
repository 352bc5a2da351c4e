package dev.baton.runtime.listener;

import dev.baton.runtime.channel.ChannelEnv;
import dev.baton.runtime.channel.ListenerChannel;
import dev.baton.runtime.channel.MovableStreamChannel;
import dev.baton.runtime.fd.FdTable;
import dev.baton.runtime.listener.ListenerGate.Change;
import dev.baton.runtime.loop.BatonLoop;
import dev.baton.runtime.loop.Timer;
import dev.baton.runtime.pack.Carrier;
import dev.baton.runtime.pack.PackedCompanion;
import dev.baton.runtime.pack.Parcel;
import dev.baton.runtime.posix.PeerAddress;
import dev.baton.runtime.posix.Posix;
import dev.baton.spi.admin.ListenerSnapshot;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.fd.FdKind;
import dev.baton.spi.listener.Listener;
import dev.baton.spi.listener.ListenerResult;
import dev.baton.spi.listener.ListenerResult.Outcome;
import dev.baton.spi.listener.ListenerState;
import dev.baton.spi.listener.SocketOrigin;
import dev.baton.spi.listener.UnbindStrategy;
import dev.baton.spi.loop.Loop;
import dev.baton.spi.metrics.Metrics;
import dev.baton.spi.threading.AnyThread;
import dev.baton.spi.threading.OffLoop;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A listener: its listening sockets, shared by a set of loops which poll them and accept.
 *
 * <pre>
 * ListenerGate       its state, and how many connections it has
 * Admission          whether a loop may accept one more
 * ListeningSockets   its sockets; ServingLoops says which loops serve which
 * Acceptor           one loop's part in one socket
 * Accepting          what becomes of each attempt to accept
 * Connections        its open connections
 * ListenerEnding     how it is unbound; PortRelease tells when its address is free again
 * </pre>
 *
 * <p>This class puts the parts together, and gives accepted sockets to the service.
 *
 * <p>No callback runs under a lock: there is none. A service's {@code initialize} runs on the accepting loop under the
 * claims on the new connection and on the listening fd: one that blocks there delays the close of an unbound listener
 * (it is an orphan then) and nothing else.
 *
 * <p>Threading: everything but {@link #open} and {@link #adopt} by any thread.
 */
@AnyThread
public final class SharedListener implements Listener {
    /** How long a connection of another process waits for a loop, before another one is asked. */
    private static final Duration UNPACK_MAX = Duration.ofMillis(100);

    private static final Logger LOG = LoggerFactory.getLogger(SharedListener.class);

    private final ListenerSpec spec;
    private final ListenerEnv env;
    private final ListenerGate gate;
    private final Admission admission;
    private final ListeningSockets sockets;
    /** What was replaced, and may still be in use. */
    private final List<ServingChange> changes = new CopyOnWriteArrayList<>();

    private final Connections connections;
    private final PortRelease port;
    /** Loops whose own sockets others serve, because they are blocked. */
    private final Set<LoopSeat> lent = ConcurrentHashMap.newKeySet();

    private final AcceptedConnections accepted;
    private final Metrics.Counter received;
    private final Timer timer;
    private final AtomicInteger nextLoop = new AtomicInteger();
    private final Accepting accepting;
    /** One object, so that seats of one loop are equal. */
    private final LoopSeat.Taker taker = this::take;

    private final ListenerEnding ending;
    private volatile boolean certainLoops;
    private volatile Runnable unbinding = () -> {};
    /** Of its connections; set before the first is accepted. */
    private volatile @Nullable ListenerChannel parent;

    /**
     * A listener without a socket.
     *
     * @param loops the loops that share it, by ascending id; at least one
     */
    public SharedListener(ListenerSpec spec, ListenerEnv env, List<BatonLoop> loops) {
        this(spec, env, loops, Timer.on(env.worker()), System::nanoTime);
    }

    /**
     * A listener without a socket whose time is the caller's.
     *
     * @param loops the loops that share it, by ascending id; at least one
     * @param timer measures its pauses and limits
     * @param clockNanos what its accept rate and its unbinds are measured by
     */
    public SharedListener(
            ListenerSpec spec, ListenerEnv env, List<BatonLoop> loops, Timer timer, LongSupplier clockNanos) {
        this(
                spec,
                env,
                listener -> loops.stream().<Acceptor.Seat>map(listener::seat).toList(),
                timer,
                clockNanos);
    }

    /**
     * A listener without a socket that shares no limit with others, and whose connections stay with the loop that
     * accepted them, and end at once when it is drained and they are idle.
     *
     * @param worker where binding may block, for the trial after an unbind
     */
    public SharedListener(
            ListenerSpec spec, ChannelEnv channels, List<BatonLoop> loops, Metrics metrics, Executor worker) {
        this(
                spec,
                new ListenerEnv(
                        channels,
                        metrics,
                        worker,
                        new TotalLimit(Integer.MAX_VALUE),
                        new Balance(loop -> 0, metrics),
                        Duration.ZERO),
                loops);
    }

    /**
     * A listener whose time and loops are a test's. These owe a {@link #connectionEnded} for each socket that they have
     * accepted.
     */
    static SharedListener ofSeats(
            ListenerSpec spec, ListenerEnv env, List<Acceptor.Seat> seats, Timer timer, LongSupplier clock) {
        return new SharedListener(spec, env, listener -> seats, timer, clock);
    }

    private SharedListener(
            ListenerSpec spec,
            ListenerEnv env,
            Function<SharedListener, List<Acceptor.Seat>> seats,
            Timer timer,
            LongSupplier clock) {
        this.spec = spec;
        this.env = env;
        FdTable table = env.channels().table();
        Metrics metrics = env.metrics();
        Posix posix = env.channels().posix();
        ListenerSpec.Limits limits = spec.limits();
        this.gate = new ListenerGate(limits.maxConnections());
        this.admission = new Admission(
                gate,
                env.total(),
                Double.isInfinite(limits.acceptsPerSecond())
                        ? AcceptRate.UNLIMITED
                        : new AcceptRate(limits.acceptsPerSecond(), clock),
                limits.fds(),
                clock);
        this.sockets = new ListeningSockets(
                spec,
                table,
                posix,
                env.worker(),
                env.sockets(),
                seats.apply(this),
                gate::isStopped,
                this::acceptor,
                this::allClosed);
        this.connections = new Connections(
                env.channels(),
                spec,
                gate,
                timer,
                metrics.counter(
                        "baton_listener_idle_closed_total",
                        "Idle connections of a listener that were closed to make room for new clients.",
                        "listener",
                        spec.name()),
                env.companions(),
                this::back,
                this::connectionEnded);
        this.timer = timer;
        this.received = metrics.counter(
                "baton_listener_received_total",
                "Live connections of a listener that came from the process before, in an upgrade.",
                "listener",
                spec.name());
        this.port = new PortRelease(posix, table, env.worker(), timer);
        this.accepted = new AcceptedConnections(
                spec, env.channels(), connections, this::connectionEnded, ClientLimits.of(spec, metrics, clock));
        this.accepting = new Accepting(spec, env, gate, admission, sockets, connections, timer, clock);
        this.ending = new ListenerEnding(this, env, gate, sockets, connections, port, accepting, timer, clock);
        metrics.gauge(
                "baton_connections",
                "Open connections that a listener accepted.",
                gate::connections,
                "listener",
                spec.name());
    }

    private Acceptor acceptor(Acceptor.Seat seat, ListeningSocket socket) {
        return new Acceptor(
                seat,
                socket,
                env.channels().table(),
                env.channels().posix(),
                admission,
                spec.limits().acceptsPerTurn(),
                accepting);
    }

    private void allClosed() {
        port.closed(address(), sockets.mineAlone(), sockets.origin() == SocketOrigin.MADE);
    }

    private LoopSeat seat(BatonLoop loop) {
        return new LoopSeat(loop, taker);
    }

    private void take(BatonLoop here, int number, PeerAddress peer) {
        if (!spec.leastLoaded()) {
            accepted.take(parent, here, number, peer);
            return;
        }
        BatonLoop there = env.balance().choose(here, loops());
        MovableStreamChannel connection = accepted.take(parent, here, number, peer);
        if (there != here) {
            env.balance().handOver(connection, here, there);
        }
    }

    // ---- connections of another process -----------------------------------------------------------------------------

    /**
     * Has connections that are told to drain from now on go to another process instead, as far as they can. Any thread.
     */
    public void carriedBy(Carrier carrier) {
        connections.carriedBy(carrier);
    }

    /**
     * Has each connection that is at a boundary packed and set up again, as an upgrade does, but in this process. Its
     * peer notices nothing. Any thread.
     *
     * @return completes when each has been asked once, with how many were
     */
    public CompletionStage<Integer> repack() {
        return connections.repack();
    }

    /**
     * Whether a connection of another process can go on here. Counts it then; {@link #unpack} must follow, or
     * {@link #notReceived}. Any thread.
     *
     * @return null if it can; else why not, for a person
     */
    public @Nullable String admits(Parcel parcel) {
        Serving serving = spec.live().now();
        for (PackedCompanion each : parcel.companions()) {
            if (!env.companions().has(each.of(), serving.reload())) {
                return "there is no upstream connection here like that of its server, "
                        + each.of().server();
            }
        }
        if (!serving.unpacks(parcel, spec, env.channels())) {
            return "its service, " + spec.serviceName() + ", is another one here";
        }
        return admission.admitMoved(accepting) ? null : "the listener has ended";
    }

    /** One that was admitted does not come. */
    public void notReceived() {
        connectionEnded();
    }

    /**
     * Sets up a connection that {@link #admits} has let in; its sockets are this listener's from here on. Any thread.
     *
     * @param done runs when that is so, or it has failed
     */
    public void unpack(Parcel parcel, Runnable done) {
        received.increment();
        unpack(null, parcel, spec.live()::now, false, done);
    }

    /** The service may have been replaced while it was away: the one that has packed it knows it in any case. */
    private void back(Parcel parcel, Serving packer, Runnable done) {
        Serving now = spec.live().now();
        boolean known = packer == now || (now.unpacks(parcel, spec, env.channels()) && hasPlaces(parcel, now));
        Serving to = known ? now : packer;
        unpack(null, parcel, () -> to, true, done);
    }

    private boolean hasPlaces(Parcel parcel, Serving serving) {
        return parcel.companions().stream().allMatch(each -> env.companions().has(each.of(), serving.reload()));
    }

    /** Another service of this process is to have it, on the loop that it was on. */
    private void move(Parcel parcel, Serving to, Runnable done) {
        Loop here = env.channels().loops().current();
        unpack(here instanceof BatonLoop loop ? loop : null, parcel, () -> to, false, done);
    }

    private void unpack(
            @Nullable BatonLoop first, Parcel parcel, Supplier<Serving> serving, boolean cameBack, Runnable done) {
        List<BatonLoop> all = new ArrayList<>(servingLoops());
        if (all.isEmpty()) { // it accepts no more
            all.addAll(env.channels().loops().batonLoops());
        }
        if (first != null) {
            all.remove(first);
            all.add(0, first);
        }
        int turn = first == null ? nextLoop.getAndIncrement() : 0;
        for (int i = 0; i < 2 * all.size(); i++) {
            BatonLoop loop = all.get(Math.floorMod(turn + i, all.size()));
            if (i < all.size() && loop.isAvoided()) {
                continue;
            }
            AtomicBoolean begun = new AtomicBoolean();
            try {
                loop.execute(() -> {
                    if (begun.compareAndSet(false, true)) {
                        accepted.unpack(parent, loop, parcel, env.companions(), serving.get(), cameBack);
                        done.run();
                    }
                });
                // It may be blocked since then: a rescue does not know of what has no channel yet.
                timer.after(UNPACK_MAX, () -> {
                    if (begun.compareAndSet(false, true)) {
                        unpack(null, parcel, serving, cameBack, done);
                    }
                });
                return;
            } catch (RejectedExecutionException ended) {
                LOG.debug("loop {} has ended", loop.id(), ended);
            }
        }
        parcel.numbers().forEach(number -> env.channels().table().discard(number, FdKind.HANDOFF));
        connectionEnded();
        done.run();
    }

    private BatonLoop[] loops() {
        return sockets.loops().seats().stream()
                .map(seat -> ((LoopSeat) seat).loop())
                .toArray(BatonLoop[]::new);
    }

    // ---- birth ----------------------------------------------------------------------------------------------------

    /**
     * Binds the sockets and lets them listen; the kernel queues, but no loop accepts yet. Can be tried again after a
     * failure.
     *
     * @throws IOException with a message for a person
     * @throws IllegalStateException if it is bound, or was unbound
     */
    @OffLoop
    public void open() throws IOException {
        mustBeNew();
        sockets.open();
        assign();
    }

    /**
     * Opens with sockets that are bound and listen already, for example those of the process before. They are this
     * listener's from here on, also if it fails.
     *
     * @param numbers the kernel's numbers; as many as the other process had, at least one
     * @throws IOException if one of them is none of this listener's
     * @throws IllegalStateException if it is bound, or was unbound
     */
    @OffLoop
    public void adopt(int... numbers) throws IOException {
        mustBeNew();
        sockets.adopt(numbers);
        assign();
    }

    /**
     * Opens as {@link #adopt} does, with sockets that another process still serves and may go on with: until
     * {@link #mine}, an unbind leaves the address, the socket's file and what waits in the backlog to that process.
     *
     * @param numbers as there
     * @throws IOException as there
     */
    @OffLoop
    public void adoptShared(int... numbers) throws IOException {
        mustBeNew();
        sockets.adoptShared(numbers);
        assign();
    }

    private void mustBeNew() {
        if (gate.state() != ListenerState.NEW) {
            throw new IllegalStateException(
                    "listener " + spec.name() + " is " + gate.state().word());
        }
    }

    private void assign() throws IOException {
        parent = ListenerChannel.of(sockets.socketAddress(), () -> !gate.isStopped());
        env.total().join(accepting);
        if (gate.assign() == Change.NONE) {
            env.total().quit(accepting);
            sockets.deleteAll();
            throw new IOException("listener " + spec.name() + " was unbound while it was opened");
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
        return sockets.address();
    }

    @Override
    public ListenerState state() {
        return gate.state();
    }

    /** True if somebody has suspended it, also before it was started. */
    public boolean isSuspended() {
        return gate.isSuspended();
    }

    @Override
    public int connections() {
        return gate.connections();
    }

    /**
     * How many connections are open; not among them, other than with {@link #connections}, what a loop only tries to
     * accept.
     */
    public int openConnections() {
        return connections.count();
    }

    /** What it is made of. */
    public ListenerSpec spec() {
        return spec;
    }

    /** Connections accepted so far. */
    public long accepted() {
        return accepting.accepted();
    }

    /** Connections that an unbind has closed so far, because they had not ended by themselves. */
    public long cut() {
        return ending.cut();
    }

    /** The element of {@code /v1/listeners}. */
    public ListenerSnapshot snapshot() {
        Serving now = spec.live().now();
        return new ListenerSnapshot(
                name(),
                address(),
                spec.serviceName(),
                state().word(),
                accepted(),
                connections(),
                now.service().protocols(),
                now.filters());
    }

    /**
     * Has a loop look for connections without an event: a rescue, when another's exclusive wakeup may be lost with it.
     */
    public void tryAccept(Loop loop) {
        for (ListeningSocket socket : sockets.all()) {
            for (Acceptor acceptor : socket.acceptors()) {
                if (acceptor.loop() == loop.id()) {
                    acceptor.request(Acceptor.SYNC | Acceptor.ACCEPT);
                }
            }
        }
    }

    // ---- loops and processes --------------------------------------------------------------------------------------

    /** It was bound to certain loops: others do not join it by themselves. */
    public void onlyCertainLoops() {
        certainLoops = true;
    }

    /** True if others than those that it was bound to do not join it. */
    public boolean hasCertainLoops() {
        return certainLoops;
    }

    /** The loops that are to serve it. */
    public List<BatonLoop> servingLoops() {
        return List.of(loops());
    }

    /**
     * The loops that there are have changed: those that it has lost serve it no more, and new ones do, unless it was
     * bound to certain loops, of which at least one is left. Any thread.
     *
     * @param serving the loops that there are
     * @return completes when those that are gone have let go of it
     */
    public CompletionStage<Void> loopsChanged(List<BatonLoop> serving) {
        List<BatonLoop> mine = List.of(loops());
        boolean anyLeft = mine.stream().anyMatch(serving::contains);
        boolean anyWorks = mine.stream().anyMatch(loop -> serving.contains(loop) && !loop.isBlocked());
        serving.stream()
                // Of certain loops the others keep away, but for spare ones where all are blocked.
                .filter(loop -> !certainLoops || !anyLeft || (!anyWorks && loop.isSpare()))
                .filter(loop -> !mine.contains(loop) && !lent.contains(seat(loop)))
                .forEach(this::addLoop);
        // Nobody else could serve their sockets before.
        mine.stream().filter(loop -> serving.contains(loop) && loop.isBlocked()).forEach(loop -> blocked(loop, true));
        CompletableFuture<?>[] leaving = mine.stream()
                .filter(loop -> !serving.contains(loop))
                .map(loop -> removeLoop(loop).toCompletableFuture())
                .toArray(CompletableFuture<?>[]::new);
        return CompletableFuture.allOf(leaving);
    }

    /**
     * A loop is to accept too. Also before the listener is opened.
     *
     * @return completes when it does, or will as soon as the listener is ready
     */
    public CompletionStage<Void> addLoop(BatonLoop loop) {
        return sockets.loops().addLoop(seat(loop));
    }

    /**
     * A loop is to accept no more; its connections stay. Works with one that has ended as well. What its own socket has
     * in the backlog others accept.
     *
     * @return completes when it has let go, which takes as long as what it does now
     */
    public CompletionStage<Void> removeLoop(BatonLoop loop) {
        lent.remove(seat(loop));
        return sockets.loops().removeLoop(loop.id());
    }

    /**
     * A loop is blocked, or continues again. The kernel gives a socket of its own its share of the connections whatever
     * it does: meanwhile another loop serves that one too. What all loops share they serve anyway.
     */
    public void blocked(BatonLoop loop, boolean blocked) {
        if (!spec.socket().perLoop()) {
            return;
        }
        LoopSeat seat = seat(loop);
        if (blocked
                && sockets.loops().seats().contains(seat)
                && sockets.loops().seats().size() > 1) {
            lent.add(seat);
            sockets.loops().removeLoop(loop.id());
        } else if (!blocked && lent.remove(seat)) {
            sockets.loops().addLoop(seat);
        }
    }

    /** The listening fds; empty before it is opened. Live as long as the listener is not stopped. */
    public List<Fd> fds() {
        return sockets.fds();
    }

    /**
     * Another process holds the sockets, too, and continues with them: from now on an unbind leaves the address, the
     * socket's file and what waits in the backlog to that process.
     */
    public void handedOver() {
        sockets.heldElsewhere();
    }

    /** The process that had the sockets before has let go of them, or is about to: they are this one's alone. */
    public void mine() {
        sockets.mine();
    }

    // ---- another version of a plugin --------------------------------------------------------------------------------

    /**
     * Has another service, or other filters or strategies, serve the connections that are accepted from now on.
     *
     * @param replaced the class loader of what was replaced
     * @return takes those over that are open
     */
    public ServingChange serve(Serving next, ClassLoader replaced) {
        Serving before = spec.live().now();
        spec.live().set(next);
        accepted.refresh();
        return change(before, next, replaced);
    }

    /**
     * The listener that has got the sockets of this one {@link #serve}s otherwise: takes those over that are open here.
     *
     * @param before what has served
     * @param replaced the class loader of what was replaced
     */
    public ServingChange follow(Serving before, ClassLoader replaced) {
        return change(before, spec.live().now(), replaced);
    }

    private ServingChange change(Serving before, Serving next, ClassLoader replaced) {
        return new ServingChange(spec, env, connections, timer, this::move, changes, before, next, replaced);
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
        if (change == Change.NONE) {
            return result(
                    gate.state() == ListenerState.SUSPENDED ? Outcome.UNCHANGED : Outcome.FAILED,
                    "it is " + gate.state().word());
        }
        // Also if it was not READY before: a loop in accept may have made it FULL for a moment, of which no one was
        // told, and
        // gives its reservation back to a listener that is suspended by then, which changes nothing either (R38).
        syncAll();
        env.sockets().changed();
        return result(
                Outcome.PAUSED,
                address()
                        + (sockets.origin() == SocketOrigin.SHARED
                                ? " stays bound, other processes continue to accept"
                                : " stays bound, connections queue in the kernel"));
    }

    @Override
    public CompletionStage<ListenerResult> resume() {
        Change change = gate.resume();
        if (change == Change.READINESS) {
            syncAll();
        }
        ListenerState now = gate.state();
        if (change != Change.NONE) {
            env.sockets().changed();
            return result(
                    Outcome.RESUMED, now == ListenerState.READY ? "accepts again" : "resumed, but it is " + now.word());
        }
        boolean bornAndAlive = now != ListenerState.NEW && now != ListenerState.STOPPED;
        return result(bornAndAlive ? Outcome.UNCHANGED : Outcome.FAILED, "it is " + now.word());
    }

    private CompletionStage<ListenerResult> result(Outcome outcome, String detail) {
        return CompletableFuture.completedStage(new ListenerResult(name(), outcome, detail));
    }

    /**
     * {@inheritDoc}
     *
     * <p>May be called again while an unbind runs, for example with a shorter grace: the strategy then runs beside the
     * first.
     */
    @Override
    public CompletionStage<ListenerResult> unbind(Duration grace) {
        return unbind(grace, spec.unbind());
    }

    /** Has somebody told of each unbind that begins from now on, before anything of it is done. */
    public void whenUnbinding(Runnable told) {
        unbinding = told;
    }

    /** Unbinds by another strategy than the configured one. */
    public CompletionStage<ListenerResult> unbind(Duration grace, UnbindStrategy strategy) {
        unbinding.run();
        return ending.unbind(grace, strategy);
    }

    // ---- the loops' side ------------------------------------------------------------------------------------------

    private void syncAll() {
        sockets.requestAll(Acceptor.SYNC);
    }

    /** For tests: the loops' parts; empty before the socket is bound. */
    List<Acceptor> acceptors() {
        return sockets.all().stream()
                .flatMap(socket -> socket.acceptors().stream())
                .toList();
    }

    /** For tests: the sockets, and which loops serve them. */
    ListeningSockets sockets() {
        return sockets;
    }

    /** A connection has ended, or never began. */
    void connectionEnded() {
        admission.ended(accepting);
    }

    @Override
    public String toString() {
        return "listener " + name() + " on " + address() + ", " + gate;
    }
}
