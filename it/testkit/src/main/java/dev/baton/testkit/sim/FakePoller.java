package dev.baton.testkit.sim;

import dev.baton.spi.fd.Fd;
import dev.baton.spi.poller.PollSink;
import dev.baton.spi.poller.Poller;
import dev.baton.spi.poller.PollerContext;
import dev.baton.spi.poller.PollerProvider;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;

/**
 * A poller that reports what a test says and nothing else: events in an unusual company, twice, too late, or of a
 * generation that is long gone. It keeps what was added, so that a test can look.
 */
public final class FakePoller implements Poller {
    private final Simulation simulation;
    private final boolean edges;
    private final Map<Fd, Integer> added = new LinkedHashMap<>();
    private final Queue<Event> events = new ArrayDeque<>();
    private boolean woken;
    private boolean closed;

    private record Event(int number, int generation, int ready) {}

    private FakePoller(Simulation simulation, boolean edges) {
        this.simulation = simulation;
        this.edges = edges;
    }

    /** Makes them, one a loop. */
    public static final class Provider implements PollerProvider {
        private final Simulation simulation;
        private final boolean edges;
        private final List<FakePoller> pollers = new ArrayList<>();

        /** Pollers that say of themselves that they report edges, or not. */
        public Provider(Simulation simulation, boolean edges) {
            this.simulation = simulation;
            this.edges = edges;
        }

        /** The poller of a loop. */
        public FakePoller of(int loop) {
            return pollers.get(loop);
        }

        @Override
        public int preference() {
            return 0;
        }

        @Override
        public Optional<String> unavailable() {
            return Optional.empty();
        }

        @Override
        public Poller open(PollerContext context) {
            FakePoller poller = new FakePoller(simulation, edges);
            pollers.add(poller);
            return poller;
        }
    }

    /** Reports an event at the next poll. */
    public void emit(Fd fd, int ready) {
        events.add(new Event(fd.number(), fd.generation(), ready));
    }

    /** What is polled for an fd now; 0 also if it is not. */
    public int interest(Fd fd) {
        return added.getOrDefault(fd, 0);
    }

    /** True if it was added and not removed. */
    public boolean has(Fd fd) {
        return added.containsKey(fd);
    }

    @Override
    public int add(Fd fd, int interest) {
        added.put(fd, interest);
        return 0;
    }

    @Override
    public int modify(Fd fd, int interest) {
        added.put(fd, interest);
        return 0;
    }

    @Override
    public void remove(Fd fd) {
        added.remove(fd);
    }

    @Override
    public int poll(long timeoutNanos, PollSink sink) {
        long deadline = timeoutNanos < 0 ? SimThread.NEVER : simulation.now() + timeoutNanos;
        simulation.await("wait", () -> woken || !events.isEmpty(), deadline);
        woken = false;
        int taken = 0;
        Event event = events.poll();
        while (event != null) {
            simulation.point("dispatch(" + event.number() + ")");
            taken += sink.ready(event.number(), event.generation(), event.ready()) ? 1 : 0;
            event = events.poll();
        }
        return taken;
    }

    @Override
    public void wakeup() {
        woken = true;
    }

    @Override
    public boolean edgeTriggered() {
        return edges;
    }

    @Override
    public void close() {
        if (closed) {
            throw new AssertionError("closed twice");
        }
        closed = true;
    }
}
