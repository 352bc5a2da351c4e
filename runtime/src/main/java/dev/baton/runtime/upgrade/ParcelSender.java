package dev.baton.runtime.upgrade;

import dev.baton.runtime.fd.FdTable;
import dev.baton.runtime.pack.Carrier;
import dev.baton.runtime.pack.Departure;
import dev.baton.runtime.pack.Parcel;
import dev.baton.spi.fd.FdKind;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
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
 * Takes live connections to the process that follows this one, as long as this one drains. If that process dies and
 * this one serves again, it takes them to the listeners that have replaced theirs.
 *
 * <p>A connection stands still from the moment it is packed until the other process has it. So only a few are on their
 * way at a time, and the others go on here until it is their turn. A process that has just started is slow with its
 * first ones: there is room for {@value #ROOM_AT_FIRST} then, and for one more with each that has arrived, up to
 * {@value #ROOM}.
 *
 * <p>Each asks when it is time: a connection that is told to drain comes here ({@link #take}) and waits in
 * {@code ready}. The thread asks as many as there is room for. One that answers that it cannot go now waits in
 * {@code later}, and is asked again when it says so or some time has passed.
 *
 * <p>Sending may wait until the other process takes something, for some seconds. Until it is over, the sockets of the
 * one that is being sent must stay open: the kernel would send a foreign file under a number that is used again. So
 * what becomes of that one meanwhile is left to the sending thread ({@link #whenSent}), and nobody waits for it.
 *
 * <p>Threading: any thread; {@link #taken}, {@link #back} and {@link #close} by the one that hears the other process.
 * The lock is held for moments, and not while something is sent.
 */
final class ParcelSender implements Carrier, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ParcelSender.class);

    /** Parcels on their way: enough to keep the other process busy, and not more than it unpacks in a moment. */
    static final int ROOM = 16;

    static final int ROOM_AT_FIRST = 4;

    /** A busy connection may be between two messages then, and nothing told so. */
    private static final long AGAIN_NANOS = Duration.ofMillis(50).toNanos();

    /** One that the other process has not taken: what it misses may come, such as the addresses of a server. */
    private static final long CAME_BACK_NANOS = Duration.ofSeconds(1).toNanos();

    /** So long: then it is told to drain, as what cannot go. */
    private static final long COME_BACKS_NANOS = Duration.ofSeconds(10).toNanos();

    /** A new process answers in some milliseconds; when it does not, it hangs. */
    private static final long ANSWER_NANOS = Duration.ofSeconds(5).toNanos();

    private static final long TICK_MILLIS = 20;

    /** Without a connection, when they go on in this process: two seconds. */
    private static final int TICKS_MAX = 100;

    private final Giver giver;
    private final FdTable table;
    private final Queue<Asked> ready = new ConcurrentLinkedQueue<>();
    private final Set<Asked> later = ConcurrentHashMap.newKeySet();
    /** Packed and to be sent; or {@link #LOOK}. */
    private final BlockingQueue<Sealed> outgoing = new LinkedBlockingQueue<>();

    private final long begunNanos = System.nanoTime();
    private final AtomicInteger room = new AtomicInteger(ROOM_AT_FIRST);
    private final Thread thread;

    /** Guards what is below, and that nothing comes in after the close. */
    private final Object lock = new Object();

    private final Map<Long, Sent> onTheirWay = new LinkedHashMap<>();
    /** Packed when the other process could not be heard any more. */
    private final List<Sealed> held = new ArrayList<>();

    private boolean paused;
    private boolean closed;
    private @Nullable Destination here;
    /** It is being sent right now. */
    private @Nullable Departure inHand;
    /** What becomes of that one. */
    private @Nullable Runnable afterwards;

    private int roomNow = ROOM_AT_FIRST;
    private long nextId;
    private int sent;
    private int cameBack;

    private volatile boolean failed;

    private record Sent(Sealed sealed, long nanos) {}

    private record Sealed(
            @Nullable Departure departure, @Nullable Parcel parcel) {}

    /** There may be something to do. */
    private static final Sealed LOOK = new Sealed(null, null);

    /** Where connections of this process can go on in this process. */
    @FunctionalInterface
    interface Destination {
        /** Takes one, with its sockets, if it can. */
        boolean take(Parcel parcel);
    }

    ParcelSender(Giver giver, FdTable table) {
        this.giver = giver;
        this.table = table;
        this.thread = new Thread(this::run, "baton-parcels");
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public boolean take(Departure departure, boolean again) {
        synchronized (lock) {
            if (closed || (again && System.nanoTime() - begunNanos >= COME_BACKS_NANOS)) {
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
            int ticks = 0;
            long tick = System.nanoTime();
            while (!isClosed()) {
                Sealed next = outgoing.poll(TICK_MILLIS, TimeUnit.MILLISECONDS);
                if (next != null && next.parcel != null && next.departure != null) {
                    send(next, next.departure, next.parcel);
                }
                ticks = next == null && later.isEmpty() ? ticks + 1 : 0;
                if (ticks == TICKS_MAX && isHere()) {
                    close(); // all that were told to drain before have gone
                }
                long now = System.nanoTime();
                if (now - tick >= TimeUnit.MILLISECONDS.toNanos(TICK_MILLIS)) {
                    tick = now;
                    wakeThoseThatWaited(now);
                    lookForAnAnswer(now);
                }
                askSome();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (Throwable t) { // what it has in hand is held, and goes on here
            LOG.error("live connections stay here", t);
            failed = true;
            if (isHere()) {
                close();
            }
        }
    }

    boolean isClosed() {
        synchronized (lock) {
            return closed;
        }
    }

    private boolean isHere() {
        synchronized (lock) {
            return here != null;
        }
    }

    private void wakeThoseThatWaited(long now) {
        synchronized (lock) {
            later.removeIf(each -> now - each.notBeforeNanos >= 0 && ready.add(each));
        }
    }

    /** A connection stands still for as long as it waits for its answer. */
    private void lookForAnAnswer(long now) {
        synchronized (lock) {
            if (!onTheirWay.isEmpty() && now - onTheirWay.values().iterator().next().nanos >= ANSWER_NANOS && !failed) {
                LOG.warn("process {} does not say whether it takes live connections: they stay here", giver.pid());
                failed = true;
            }
        }
    }

    private void wakeAll() {
        later.removeIf(ready::add);
    }

    private void askSome() {
        for (int free = isPaused() || failed ? 0 : room.get(); free > 0; free--) {
            Asked next = ready.poll();
            if (next == null) {
                return;
            }
            next.ask();
        }
    }

    private void send(Sealed sealed, Departure departure, Parcel parcel) {
        long id;
        Destination to;
        boolean late;
        synchronized (lock) {
            late = closed;
            if (!late && (paused || failed)) {
                held.add(sealed);
                return;
            }
            to = here;
            id = nextId++;
            if (!late && to == null) {
                giver.givesAway(parcel); // before it is known as on its way: who takes those back marks them
                onTheirWay.put(id, new Sent(sealed, System.nanoTime()));
                inHand = departure;
            }
        }
        if (late) {
            departure.back(parcel);
        } else if (to == null) {
            sendNow(id, parcel);
        } else {
            room.getAndIncrement();
            if (to.take(parcel)) {
                departure.gone();
            } else {
                departure.back(parcel);
            }
        }
    }

    private void sendNow(long id, Parcel parcel) {
        try {
            giver.sendParcel(id, parcel);
        } catch (IOException e) {
            LOG.info("live connections stay here: {}", e.getMessage());
            failed = true;
        } finally {
            Runnable then;
            synchronized (lock) {
                then = afterwards;
                afterwards = null;
                inHand = null;
            }
            if (then != null) {
                then.run();
            }
        }
    }

    /** Does what may end with its sockets being closed: now, or in the sending thread if that has it in hand. */
    private void whenSent(Departure departure, Runnable then) {
        synchronized (lock) {
            if (departure == inHand) {
                afterwards = then;
                return;
            }
        }
        then.run();
    }

    // ---- from the other process -------------------------------------------------------------------------------------

    /** The other process has one. */
    void taken(long id) {
        Sealed sealed = arrived(id, false);
        if (sealed != null && sealed.departure != null && sealed.parcel != null) {
            Departure departure = sealed.departure;
            Parcel parcel = sealed.parcel;
            whenSent(departure, () -> {
                parcel.numbers().forEach(number -> table.discard(number, FdKind.HANDOFF));
                departure.gone();
            });
        }
    }

    /** The other process does not take one. */
    void back(long id, String why) {
        Sealed sealed = arrived(id, true);
        if (sealed != null && sealed.departure != null && sealed.parcel != null) {
            LOG.debug("a connection of listener {} stays here: {}", sealed.parcel.listener(), why);
            goesOn(sealed.departure, sealed.parcel);
        }
    }

    private void goesOn(Departure departure, Parcel parcel) {
        whenSent(departure, () -> departure.back(parcel));
    }

    private @Nullable Sealed arrived(long id, boolean comesBack) {
        synchronized (lock) {
            Sent known = onTheirWay.remove(id);
            if (known == null) {
                LOG.warn("the other process tells of connection {}, which was not sent", id);
                return null;
            }
            sent += comesBack ? 0 : 1;
            cameBack += comesBack ? 1 : 0;
            room.getAndAdd(roomNow < ROOM ? 2 : 1);
            roomNow = Math.min(ROOM, roomNow + 1);
            look();
            return known.sealed;
        }
    }

    // ---- the end of the other process -------------------------------------------------------------------------------

    /** All that the other process has said is heard: what it has not taken stays as it is until more is known. */
    void pause() {
        synchronized (lock) {
            if (!closed && !paused) {
                paused = true;
                takeBack(held);
            }
        }
    }

    /** Nothing that the other process says of them is heard any more. */
    private void takeBack(List<Sealed> to) {
        for (Sent each : onTheirWay.values()) {
            if (each.sealed.parcel != null) {
                giver.takesBack(each.sealed.parcel);
            }
            to.add(each.sealed);
        }
        onTheirWay.clear();
    }

    boolean isPaused() {
        synchronized (lock) {
            return paused;
        }
    }

    /** After {@link #pause}: the other process is dead, and this one serves again. */
    void goOnAt(Destination destination) {
        synchronized (lock) {
            here = destination;
            paused = false;
            failed = false;
            room.set(ROOM - held.size());
            outgoing.addAll(held);
            held.clear();
        }
        look();
    }

    /**
     * Nothing goes any more, and all that the other process has said is heard: what it has not taken goes on here, and
     * what has not gone is told to drain. One that is being sent goes on when that is over. Waits for nothing.
     */
    @Override
    public void close() {
        List<Sealed> rest = new ArrayList<>();
        synchronized (lock) {
            if (closed) {
                return;
            }
            closed = true;
            rest.addAll(held);
            takeBack(rest);
            held.clear();
        }
        thread.interrupt();
        outgoing.drainTo(rest);
        for (Sealed each : rest) {
            if (each.departure != null && each.parcel != null) {
                goesOn(each.departure, each.parcel);
            }
        }
        synchronized (lock) { // those that are woken now are in one of the two
            wakeAll();
        }
        for (Asked each = ready.poll(); each != null; each = ready.poll()) {
            each.departure.stay();
        }
    }

    /** For the log, once: how many have gone. */
    String summary() {
        synchronized (lock) {
            return sent + " live connections handed over"
                    + (cameBack == 0 ? "" : "; " + cameBack + " times one was not taken, and went on here");
        }
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
            if (isPaused() || failed) {
                full = true;
                return false;
            }
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
        public void never() {
            departure.stay();
            look();
        }

        @Override
        public void over() {
            look();
        }

        @Override
        public void again() {
            boundary.set(true);
            synchronized (lock) {
                if (closed || !later.remove(this)) {
                    return; // who closes tells those that are in the set
                }
                ready.add(this);
            }
            look();
        }
    }
}
