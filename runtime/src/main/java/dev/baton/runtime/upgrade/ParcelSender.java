package dev.baton.runtime.upgrade;

import dev.baton.runtime.pack.Carrier;
import dev.baton.runtime.pack.Departure;
import dev.baton.runtime.pack.Parcel;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes live connections to the process that follows this one, as long as this one drains.
 *
 * <p>A connection stands still from the moment it is packed until the other process has it. So only a few are on their
 * way at a time, and the others go on here until it is their turn; a process that has just started needs some time for
 * its first ones.
 *
 * <p>Each asks when it is time: a connection that is told to drain comes here ({@link #take}) and waits in
 * {@code ready}. The thread asks as many as there is room for. One that answers that it cannot go now waits in
 * {@code later}, and is asked again when it says so or some time has passed.
 *
 * <p>Threading: any thread; {@link #taken}, {@link #back} and {@link #close} by the one that hears the other process.
 */
final class ParcelSender implements Carrier, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ParcelSender.class);

    /** Parcels on their way: enough to keep the other process busy, and not more than it unpacks in a moment. */
    static final int ROOM = 64;

    /** A busy connection may be between two messages then, and nothing told so. */
    private static final long AGAIN_NANOS = Duration.ofMillis(50).toNanos();

    /** One that the other process has not taken: what it misses may come, such as the addresses of a server. */
    private static final long CAME_BACK_NANOS = Duration.ofSeconds(1).toNanos();

    private static final long TICK_MILLIS = 20;

    private final Giver giver;
    private final Queue<Asked> ready = new ConcurrentLinkedQueue<>();
    private final Set<Asked> later = ConcurrentHashMap.newKeySet();
    /** Packed and to be sent; or {@link #LOOK}. */
    private final BlockingQueue<Sealed> outgoing = new LinkedBlockingQueue<>();

    private final AtomicInteger room = new AtomicInteger(ROOM);
    private final Thread thread;

    /** Guards what is below, and that nothing comes in after the close. */
    private final Object lock = new Object();

    private final Map<Long, Sealed> onTheirWay = new HashMap<>();
    private boolean closed;
    private long nextId;
    private int sent;
    private int cameBack;

    private volatile boolean failed;

    private record Sealed(
            @Nullable Departure departure, @Nullable Parcel parcel) {}

    /** There may be something to do. */
    private static final Sealed LOOK = new Sealed(null, null);

    ParcelSender(Giver giver) {
        this.giver = giver;
        this.thread = new Thread(this::run, "baton-parcels");
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public boolean take(Departure departure, boolean again) {
        synchronized (lock) {
            if (closed) {
                return false;
            }
            Asked asked = new Asked(departure);
            if (again) {
                asked.restUntil(CAME_BACK_NANOS);
            } else {
                ready.add(asked);
            }
        }
        look();
        return true;
    }

    private void look() {
        outgoing.add(LOOK);
    }

    /** The other process takes no more: {@link #close} is to follow, when everything that it has said was heard. */
    boolean hasFailed() {
        return failed;
    }

    // ---- the thread -------------------------------------------------------------------------------------------------

    private void run() {
        try {
            long tick = System.nanoTime();
            while (!failed && !isClosed()) {
                Sealed next = outgoing.poll(TICK_MILLIS, TimeUnit.MILLISECONDS);
                if (next != null && next.parcel != null && next.departure != null) {
                    send(next, next.departure, next.parcel);
                }
                long now = System.nanoTime();
                if (now - tick >= TimeUnit.MILLISECONDS.toNanos(TICK_MILLIS)) {
                    tick = now;
                    wakeThoseThatWaited(now);
                }
                askSome();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    boolean isClosed() {
        synchronized (lock) {
            return closed;
        }
    }

    private void wakeThoseThatWaited(long now) {
        later.removeIf(each -> {
            boolean due = now - each.notBeforeNanos >= 0;
            if (due) {
                ready.add(each);
            }
            return due;
        });
    }

    private void wakeAll() {
        later.removeIf(ready::add);
    }

    private void askSome() {
        for (int free = room.get(); free > 0; free--) {
            Asked next = ready.poll();
            if (next == null) {
                return;
            }
            next.ask();
        }
    }

    private void send(Sealed sealed, Departure departure, Parcel parcel) {
        long id;
        synchronized (lock) {
            if (closed) {
                departure.back(parcel);
                return;
            }
            id = nextId++;
            onTheirWay.put(id, sealed);
        }
        try {
            giver.sendParcel(id, parcel);
        } catch (IOException e) {
            LOG.info("live connections stay here: {}", e.getMessage());
            failed = true;
        }
    }

    // ---- from the other process -------------------------------------------------------------------------------------

    /** The other process has one. */
    void taken(long id) {
        Sealed sealed = arrived(id, false);
        if (sealed != null && sealed.departure != null && sealed.parcel != null) {
            sealed.departure.gone(sealed.parcel);
        }
    }

    /** The other process does not take one. */
    void back(long id, String why) {
        Sealed sealed = arrived(id, true);
        if (sealed != null && sealed.departure != null && sealed.parcel != null) {
            LOG.debug("a connection of listener {} stays here: {}", sealed.parcel.listener(), why);
            sealed.departure.back(sealed.parcel);
        }
    }

    private @Nullable Sealed arrived(long id, boolean comesBack) {
        synchronized (lock) {
            Sealed sealed = onTheirWay.remove(id);
            if (sealed == null) {
                LOG.warn("the other process tells of connection {}, which was not sent", id);
                return null;
            }
            sent += comesBack ? 0 : 1;
            cameBack += comesBack ? 1 : 0;
            room.getAndIncrement();
            look();
            return sealed;
        }
    }

    /**
     * Nothing goes any more, and all that the other process has said is heard: what it has not taken goes on here, and
     * what has not gone is told to drain.
     */
    @Override
    public void close() {
        List<Sealed> rest;
        synchronized (lock) {
            if (closed) {
                return;
            }
            closed = true;
            rest = new ArrayList<>(onTheirWay.values());
            onTheirWay.clear();
        }
        thread.interrupt();
        outgoing.drainTo(rest);
        for (Sealed each : rest) {
            if (each.departure != null && each.parcel != null) {
                each.departure.back(each.parcel);
                cameBack++;
            }
        }
        wakeAll();
        for (Asked each = ready.poll(); each != null; each = ready.poll()) {
            each.departure.stay();
        }
        LOG.info(
                "{} live connections handed over{}",
                sent,
                cameBack == 0 ? "" : "; " + cameBack + " times one was not taken, and went on here");
    }

    // ---- one connection ---------------------------------------------------------------------------------------------

    /** A connection that is asked for its parcel until it has given one. */
    private final class Asked implements Departure.Answer {
        private final Departure departure;
        private final AtomicBoolean boundary = new AtomicBoolean();
        private volatile long notBeforeNanos;
        private volatile boolean full;

        Asked(Departure departure) {
            this.departure = departure;
        }

        void ask() {
            full = false;
            boundary.set(false);
            departure.ask(this);
        }

        void restUntil(long nanos) {
            notBeforeNanos = System.nanoTime() + nanos;
            later.add(this);
        }

        @Override
        public boolean reserve() {
            int seen = room.get();
            while (seen > 0) {
                int found = room.compareAndExchange(seen, seen - 1);
                if (found == seen) {
                    return true;
                }
                seen = found;
            }
            full = true;
            return false;
        }

        @Override
        public void giveBack() {
            room.getAndIncrement();
            look();
        }

        @Override
        public void packed(Parcel parcel) {
            synchronized (lock) {
                if (!closed) {
                    outgoing.add(new Sealed(departure, parcel));
                    return;
                }
            }
            departure.back(parcel);
        }

        @Override
        public void notNow() {
            synchronized (lock) {
                if (!closed) {
                    if (full) {
                        ready.add(this);
                    } else {
                        restUntil(AGAIN_NANOS);
                        if (boundary.get()) { // it came meanwhile
                            again();
                        }
                    }
                    look();
                    return;
                }
            }
            departure.stay();
        }

        @Override
        public void over() {
            look();
        }

        @Override
        public void again() {
            boundary.set(true);
            if (later.remove(this)) {
                ready.add(this);
                look();
            }
        }
    }
}
