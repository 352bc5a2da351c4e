package dev.baton.runtime.listener;

import dev.baton.runtime.channel.ChannelEnv;
import dev.baton.runtime.fd.FdHandler;
import dev.baton.runtime.fd.FdObservers;
import dev.baton.runtime.fd.FdPollers;
import dev.baton.runtime.fd.FdTable;
import dev.baton.runtime.loop.LoopRegistry;
import dev.baton.runtime.pack.Companions;
import dev.baton.runtime.posix.PeerAddress;
import dev.baton.runtime.posix.Posix;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.listener.BoundSocket;
import dev.baton.spi.listener.ListenerEndpoint;
import dev.baton.spi.listener.ListenerResult;
import dev.baton.spi.listener.ListenerState;
import dev.baton.spi.listener.SocketSettings;
import dev.baton.spi.metrics.Metrics;
import dev.baton.spi.poller.Interest;
import dev.baton.spi.poller.PollSink;
import dev.baton.spi.poller.Poller;
import dev.baton.spi.posix.Errno;
import dev.baton.spi.posix.SocketCalls;
import java.lang.reflect.Proxy;
import java.net.UnixDomainSocketAddress;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/**
 * A listener with loops, pollers, a kernel and a clock that one thread works by hand. Whatever the listener calls may
 * stand between two of its steps: {@link #between} runs there, and may do anything, as another thread could at that
 * moment.
 */
final class ListenerWorld {
    /** The number of the listening socket. */
    static final int LISTENING = 500;

    /** No schedule has that much to do. */
    private static final int SPIN = 10_000;

    private static final int FIRST_CONNECTION = 1_000;

    final SharedListener listener;
    final FdObservers observers = new FdObservers();
    final List<HandLoop> loops = new ArrayList<>();
    /** Connections that wait in the kernel. */
    int backlog;
    /** What the next accepts answer in place of a connection. */
    final Queue<Integer> errnos = new ArrayDeque<>();
    /** Numbers of the connections that are open. */
    final List<Integer> open = new ArrayList<>();
    /** What the worker owes, and the clock for pauses. */
    final Queue<Runnable> worker = new ArrayDeque<>();

    final Queue<Runnable> timers = new ArrayDeque<>();
    /** A limit that is never reached. */
    final List<Runnable> limits = new ArrayList<>();
    /** The states in which somebody was told of a change. */
    final List<ListenerState> changes = new ArrayList<>();
    /** The numbers that were closed; a number that is closed twice is an error at once. */
    final Set<Integer> closed = new HashSet<>();

    /** Nanoseconds, for the rate of accepting. */
    long clock;

    /** Runs wherever another thread could. */
    Runnable between = () -> {};

    /** What all listeners may have together. */
    final TotalLimit total;
    /** How many connections other listeners have. */
    int others;

    private final boolean edges;
    private final FdTable table;
    private int nextNumber = FIRST_CONNECTION;

    ListenerWorld(int loopCount, int maxConnections, boolean edges) {
        this(loopCount, maxConnections, edges, Integer.MAX_VALUE, Double.POSITIVE_INFINITY);
    }

    /**
     * With limits that others share, or that time has to do with.
     *
     * @param totalMax how many connections all listeners may have; what others have is {@link #others}
     */
    ListenerWorld(int loopCount, int maxConnections, boolean edges, int totalMax, double acceptsPerSecond) {
        this.edges = edges;
        this.total = new TotalLimit(totalMax);
        Posix posix = posix();
        this.table = new FdTable(posix, new HandPollers(), observers);
        ChannelEnv env = new ChannelEnv(table, posix, new LoopRegistry(), (plugin, cause) -> {});
        for (int id = 0; id < loopCount; id++) {
            loops.add(new HandLoop(id));
        }
        Metrics metrics = new NoMetrics();
        ListenerSpec spec = new ListenerSpec(
                "web",
                "here",
                new HandEndpoint(),
                SocketSettings.DEFAULT,
                new ListenerSpec.Limits(128, maxConnections, acceptsPerSecond, ListenerSpec.Limits.ACCEPTS_PER_TURN),
                false,
                "none",
                (connection, name) -> {},
                "test",
                unbinding -> unbinding
                        .deleteFd()
                        .thenApply(free -> new ListenerResult("web", ListenerResult.Outcome.UNBOUND, "free")));
        listener = SharedListener.ofSeats(
                spec,
                new ListenerEnv(
                        env,
                        metrics,
                        worker::add,
                        total,
                        new Balance(loop -> 0, metrics),
                        Duration.ZERO,
                        Companions.NONE,
                        new Changes()),
                List.copyOf(loops),
                (delay, task) -> (delay.compareTo(Accepting.PAUSE) > 0 ? limits : timers).add(task),
                () -> clock);
        try {
            listener.open();
        } catch (java.io.IOException impossible) {
            throw new AssertionError(impossible);
        }
        listener.start();
    }

    private final class Changes implements SocketWatch {
        @Override
        public void opened(String name, Fd fd) {
            // Of sockets nothing is noted.
        }

        @Override
        public void closing(Fd fd) {
            // Of sockets nothing is noted.
        }

        @Override
        public void changed() {
            changes.add(listener.state());
        }
    }

    /** A connection reaches the backlog: one of the loops that poll hears of it, as with exclusive wakeups. */
    void arrive(int choice) {
        backlog++;
        List<HandLoop> polling = loops.stream().filter(each -> each.polled).toList();
        if (!polling.isEmpty()) {
            polling.get(choice % polling.size()).edge = true;
        }
    }

    /** Another listener gets a connection, if there is room. */
    void otherBegins() {
        if (total.reserve(1)) {
            others++;
        }
    }

    /** A connection of another listener ends. */
    void otherEnds() {
        if (others > 0) {
            others--;
            total.release(1);
        }
    }

    /** A loop is to serve, or to serve no more. */
    void serves(int id, boolean wanted) {
        HandLoop loop = loops.get(id);
        loop.wanted = wanted; // first: the listener notes it first, and then lets others in
        if (wanted) {
            listener.sockets().loops().addLoop(loop);
        } else {
            listener.sockets().loops().removeLoop(id);
        }
    }

    /** Whether the table lets a loop in. */
    boolean shares(int id) {
        boolean[] found = new boolean[1];
        table.forEach(state -> {
            if (state.fd().number() == LISTENING) {
                for (int loop : state.loops()) {
                    found[0] |= loop == id;
                }
            }
        });
        return found[0];
    }

    /** An open connection ends. */
    void end(int choice) {
        if (!open.isEmpty()) {
            open.remove(choice % open.size());
            listener.connectionEnded();
        }
    }

    /** Lets everything happen that is due, time included, until there is nothing more. */
    void settle() {
        boolean busy = true;
        while (busy) {
            turnAll();
            busy = runOne(worker) || timePasses();
        }
    }

    /** Lets the loops do everything that they have to do, while the clock stands. */
    void turnAll() {
        boolean busy = true;
        int rounds = 0;
        while (busy) {
            if (++rounds > SPIN) {
                throw new AssertionError("it spins: " + listener + ", " + listener.acceptors() + ", pollers "
                        + loops.stream().map(loop -> loop.polled).toList());
            }
            busy = false;
            for (HandLoop loop : loops) {
                busy |= loop.turn();
            }
        }
    }

    /** Somebody's timer is due. */
    boolean timePasses() {
        clock += Accepting.PAUSE.toNanos();
        return runOne(timers);
    }

    /** Runs the oldest task, if there is one. */
    static boolean runOne(Queue<Runnable> tasks) {
        Runnable task = tasks.poll();
        if (task != null) {
            task.run();
        }
        return task != null;
    }

    /** One loop with its poller. */
    final class HandLoop implements Acceptor.Seat, Poller {
        private final int id;
        private final Queue<Runnable> tasks = new ArrayDeque<>();
        /** Its poller has the listening fd. */
        boolean polled;
        /** Its poller has an event for it, if it reports edges. */
        private boolean edge;
        /** It is to serve. */
        boolean wanted = true;
        /** How many it has accepted. */
        int acceptedHere;
        /** In a turn: a thread cannot begin another before this ends. */
        private boolean running;

        private HandLoop(int id) {
            this.id = id;
        }

        /** Runs a task or dispatches an event; false if there is neither, or it is in a turn. */
        boolean turn() {
            if (running) {
                return false;
            }
            running = true;
            try {
                return runOne(tasks) || dispatch();
            } finally {
                running = false;
            }
        }

        private boolean dispatch() {
            if (!polled || (edges ? !edge : backlog == 0)) {
                return false;
            }
            edge = false;
            if (table.enter(LISTENING, 0, id) == FdTable.Entry.ENTERED) {
                FdHandler handler = table.handler(LISTENING);
                if (handler == null) {
                    throw new AssertionError("a listener without a handler");
                }
                handler.dispatch(id, Interest.IN);
            }
            return true;
        }

        @Override
        public int id() {
            return id;
        }

        @Override
        public Poller poller() {
            return this;
        }

        @Override
        public void execute(Runnable task) {
            between.run();
            tasks.add(task);
        }

        @Override
        public void accepted(int number, PeerAddress peer) {
            acceptedHere++;
            open.add(number);
        }

        @Override
        public int add(Fd fd, int interest) {
            between.run();
            polled = true;
            edge = backlog > 0;
            between.run();
            return 0;
        }

        @Override
        public int modify(Fd fd, int interest) {
            throw new AssertionError("an acceptor does not modify");
        }

        @Override
        public void remove(Fd fd) {
            between.run();
            polled = false;
            edge = false;
            between.run();
        }

        @Override
        public int poll(long timeoutNanos, PollSink sink) {
            throw new AssertionError("turns are made by hand");
        }

        @Override
        public void wakeup() {}

        @Override
        public boolean edgeTriggered() {
            return edges;
        }

        @Override
        public void close() {}
    }

    private final class HandPollers implements FdPollers {
        @Override
        public boolean closeRemoves() {
            return edges;
        }

        @Override
        public void remove(int loop, Fd fd) {
            loops.get(loop).polled = false;
        }
    }

    private record HandEndpoint() implements ListenerEndpoint {
        @Override
        public int socket(SocketCalls calls) {
            return calls.socket(0, 0, 0);
        }

        @Override
        public BoundSocket bind(int number, SocketSettings settings, SocketCalls calls) {
            return new BoundSocket() {
                @Override
                public String address() {
                    return "here";
                }

                @Override
                public Optional<ListenerEndpoint> again() {
                    return Optional.of(HandEndpoint.this);
                }
            };
        }

        @Override
        public BoundSocket adopt(int number, SocketSettings settings, SocketCalls calls) {
            throw new AssertionError("not handed over");
        }
    }

    /** The few system calls that a listener makes. */
    private Posix posix() {
        return (Posix) Proxy.newProxyInstance(
                ListenerWorld.class.getClassLoader(),
                new Class<?>[] {Posix.class},
                (proxy, method, arguments) -> switch (method.getName()) {
                    case "socket" -> closed.contains(LISTENING) ? nextNumber++ : LISTENING;
                    case "listen" -> 0;
                    case "localAddress" -> UnixDomainSocketAddress.of("here");
                    case "accept" -> accept();
                    case "close" -> close((Integer) arguments[0]);
                    default -> throw new AssertionError("not called by a listener: " + method);
                });
    }

    private int accept() {
        between.run();
        Integer errno = errnos.poll();
        int answer = errno != null ? -errno : -Errno.EAGAIN;
        if (errno == null && backlog > 0) {
            backlog--;
            answer = nextNumber++;
        }
        between.run();
        return answer;
    }

    private int close(int number) {
        if (!closed.add(number)) {
            throw new AssertionError("fd " + number + " is closed twice");
        }
        if (edges && number == LISTENING) {
            loops.forEach(loop -> loop.polled = false);
        }
        return 0;
    }

    /** Counts, and shows nothing. */
    private static final class NoMetrics implements Metrics {
        @Override
        public Counter counter(String name, String help, String... labels) {
            AtomicLong count = new AtomicLong();
            return new Counter() {
                @Override
                public void increment() {
                    count.incrementAndGet();
                }

                @Override
                public long count() {
                    return count.get();
                }
            };
        }

        @Override
        public void gauge(String name, String help, LongSupplier value, String... labels) {}

        @Override
        public String scrape() {
            return "";
        }
    }

    /** What an unbind answered, if it has. */
    static Optional<ListenerResult> now(java.util.concurrent.CompletionStage<ListenerResult> stage) {
        CompletableFuture<ListenerResult> future = stage.toCompletableFuture();
        return future.isDone() ? Optional.of(future.join()) : Optional.empty();
    }
}
