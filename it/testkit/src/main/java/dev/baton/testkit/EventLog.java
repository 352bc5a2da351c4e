package dev.baton.testkit;

import dev.baton.spi.fd.Fd;
import dev.baton.spi.poller.Interest;
import dev.baton.spi.poller.PollSink;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/** A sink that keeps what it is told; any thread may look. */
public final class EventLog implements PollSink {
    private final List<Event> events = new ArrayList<>();
    private volatile Predicate<Event> handler = event -> true;

    /** Makes an empty one that takes every event. */
    public EventLog() {}

    /**
     * One event as the poller told it.
     *
     * @param number the fd's number
     * @param generation the generation under which it was added
     * @param ready bits of {@link Interest}
     */
    public record Event(int number, int generation, int ready) {

        /** True if it was reported for this registration. */
        public boolean of(Fd fd) {
            return number == fd.number() && generation == fd.generation();
        }

        /** True if all these bits were reported. */
        public boolean has(int bits) {
            return (ready & bits) == bits;
        }
    }

    /** What to do with each event from now on, and what to answer. */
    public void onEvent(Predicate<Event> newHandler) {
        handler = newHandler;
    }

    @Override
    public boolean ready(int number, int generation, int ready) {
        Event event = new Event(number, generation, ready);
        synchronized (events) {
            events.add(event);
        }
        return handler.test(event);
    }

    /** What came since the last call, in order. */
    public List<Event> take() {
        synchronized (events) {
            List<Event> taken = List.copyOf(events);
            events.clear();
            return taken;
        }
    }
}
