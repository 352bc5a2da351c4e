package dev.baton.runtime.listener;

import dev.baton.runtime.channel.ChannelEnv;
import dev.baton.runtime.channel.Input;
import dev.baton.runtime.channel.MovableStreamChannel;
import dev.baton.runtime.listener.Serving.Member;
import dev.baton.runtime.listener.Serving.Told;
import dev.baton.runtime.loop.LoopRegistry;
import dev.baton.runtime.loop.Timer;
import dev.baton.runtime.pack.Carrier;
import dev.baton.runtime.pack.Companions;
import dev.baton.runtime.pack.Departure;
import dev.baton.runtime.pack.Parcel;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.fd.TakeoverResult;
import dev.baton.spi.loop.Loop;
import dev.baton.spi.metrics.Metrics.Counter;
import dev.baton.spi.service.Service;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The open connections of one listener, whichever loop has them now, and how they end.
 *
 * <p>A connection that is accepted while the others are told to drain is told as well: it is entered first and the
 * order is looked at then, the other side gives the order first and looks through the entries then. Whoever of the two
 * comes second sees it; the entry's value makes sure that it is told once.
 */
final class Connections implements IdleClients.Owner {
    private final ConcurrentHashMap<MovableStreamChannel, Member> open = new ConcurrentHashMap<>();
    private final Queue<Waiter> waiting = new ConcurrentLinkedQueue<>();
    private final ChannelEnv env;
    private final ListenerSpec spec;
    private final Counter idleClosed;
    private final ListenerGate gate;
    private final Timer timer;
    private final Companions companions;
    /** Takes a connection that comes back from another process. */
    private final Arrival arrival;
    /** Gives back the place of one that has gone to another process. */
    private final Runnable departed;
    /** Takes those that are told to drain to another process; null if there is none. */
    private volatile @Nullable Carrier carrier;
    /** How long the last of those that are told to drain may wait; null before that. */
    private volatile @Nullable Duration draining;

    private volatile boolean closing;

    private static final class Waiter {
        final CompletableFuture<Integer> stage = new CompletableFuture<>();
    }

    /**
     * None yet.
     *
     * @param env where their fds live
     * @param spec says what speaks on them
     * @param gate counts them, and those that are about to come in
     * @param timer ends the waiting
     * @param idleClosed counts those that are closed to make room
     * @param companions what may go with them to another process
     * @param arrival takes those that come back from there
     * @param departed gives back the place of one that has gone there
     */
    Connections(
            ChannelEnv env,
            ListenerSpec spec,
            ListenerGate gate,
            Timer timer,
            Counter idleClosed,
            Companions companions,
            Arrival arrival,
            Runnable departed) {
        this.env = env;
        this.spec = spec;
        this.idleClosed = idleClosed;
        this.gate = gate;
        this.timer = timer;
        this.companions = companions;
        this.arrival = arrival;
        this.departed = departed;
    }

    /** Takes a connection that another process has sent back. */
    @FunctionalInterface
    interface Arrival {
        /**
         * Sets it up again; it has its place at the gate.
         *
         * @param packer what has packed it
         * @param done runs when it is set up, or has ended
         */
        void unpack(Parcel parcel, Serving packer, Runnable done);
    }

    /**
     * Enters a connection, on its loop and under its claim.
     *
     * @param serving what has set it up; if that was replaced meanwhile, the next {@link ServingChange#advance} finds
     *     it
     */
    void opened(MovableStreamChannel connection, Serving serving) {
        opened(connection, serving, false);
    }

    /**
     * Enters a connection, on its loop and under its claim.
     *
     * @param serving what has set it up
     * @param cameBack another process has not taken it
     */
    void opened(MovableStreamChannel connection, Serving serving, boolean cameBack) {
        open.put(connection, serving.member(Told.NOTHING));
        if (closing) {
            close(connection);
        } else {
            Duration spread = draining;
            if (spread != null) {
                drain(connection, spread, cameBack);
            }
        }
    }

    /**
     * Takes a connection out that has ended.
     *
     * @return false if it goes to another process, and keeps its place until it is there
     */
    boolean ended(MovableChannel connection) {
        Member member = open.remove(connection);
        return member == null || member.told() != Told.TO_GO;
    }

    // ---- to another process -----------------------------------------------------------------------------------------

    /** From now on those that are told to drain go to another process instead, as far as they can. */
    void carriedBy(Carrier next) {
        carrier = next;
    }

    /** It is packed, and about to close here. Under the claim. */
    void departing(MovableStreamChannel connection) {
        tell(connection, Told.TO_GO);
    }

    /** It could not be packed after all, and is about to end. Under the claim. */
    void staying(MovableStreamChannel connection) {
        tell(connection, Told.TO_DRAIN);
    }

    private void tell(MovableStreamChannel connection, Told what) {
        open.computeIfPresent(connection, (there, member) -> member.told(what));
    }

    /**
     * Packs each connection that is at a boundary, and sets it up again in this process.
     *
     * @return completes when each has been asked once, with how many were
     */
    CompletionStage<Integer> repack() {
        List<CompletableFuture<Boolean>> asked = new ArrayList<>();
        open.forEach((connection, member) -> {
            Repacking repacking = new Repacking(
                    new DepartingConnection(this, connection, env, spec, member.serving(), companions, Duration.ZERO));
            asked.add(repacking.done);
            repacking.departing.ask(repacking);
        });
        return CompletableFuture.allOf(asked.toArray(CompletableFuture[]::new)).thenApply(all ->
                (int) asked.stream().filter(CompletableFuture::join).count());
    }

    /** A connection that goes nowhere. */
    private static final class Repacking implements Departure.Answer {
        final DepartingConnection departing;
        final CompletableFuture<Boolean> done = new CompletableFuture<>();

        Repacking(DepartingConnection departing) {
            this.departing = departing;
        }

        @Override
        public boolean reserve() {
            return true;
        }

        @Override
        public void giveBack() {}

        @Override
        public void packed(Parcel parcel) {
            departing.back(parcel);
            done.complete(true);
        }

        @Override
        public void notNow() {
            done.complete(false);
        }

        @Override
        public void never() {
            done.complete(false);
        }

        @Override
        public void over() {
            done.complete(false);
        }

        @Override
        public void again() {}
    }

    /** It is in the other process. */
    void departed() {
        departed.run();
    }

    /** The other process has not taken it. */
    void back(Parcel parcel, Serving packer, Runnable done) {
        arrival.unpack(parcel, packer, done);
    }

    /** How many are open. */
    int count() {
        return open.size();
    }

    /**
     * Asks every connection, those that are about to come in too, to end at its next boundary.
     *
     * @param spread the idle ones end one by one within this time
     * @return how many are open
     */
    int drain(Duration spread) {
        draining = spread;
        long nanos = spread.toNanos();
        int now = count();
        long step = nanos / Math.max(1, now);
        long patience = 0;
        for (MovableStreamChannel connection : open.keySet()) {
            patience = Math.min(patience + step, nanos); // more may have come than were counted
            drain(connection, Duration.ofNanos(patience), false);
        }
        return now;
    }

    private void drain(MovableStreamChannel connection, Duration patience, boolean cameBack) {
        Member before = open.get(connection);
        while (before != null && before.told() == Told.NOTHING) {
            if (open.replace(connection, before, before.told(Told.TO_DRAIN))) {
                drained(connection, before.serving(), patience, cameBack);
                return;
            }
            before = open.get(connection); // it has gone over to another serving
        }
    }

    private void drained(MovableStreamChannel connection, Serving serving, Duration patience, boolean cameBack) {
        Carrier to = carrier;
        if (to != null
                && to.take(
                        new DepartingConnection(this, connection, env, spec, serving, companions, patience),
                        cameBack)) {
            return;
        }
        connection.post(() -> {
            Member member = open.get(connection);
            if (member != null && connection.isOpen()) {
                member.serving().service().drain(connection, patience);
            }
        });
    }

    /** Deletes every connection, and those that are about to come in. Returns how many were open. */
    int close() {
        closing = true;
        int closed = 0;
        for (MovableStreamChannel connection : open.keySet()) {
            closed += close(connection) ? 1 : 0;
        }
        return closed;
    }

    /** From outside, whatever its loop is doing: the loop is told by the finalizer. */
    private boolean close(MovableStreamChannel connection) {
        Fd fd = connection.fd();
        return fd != null && env.table().fdDelete(fd);
    }

    // ---- another serving --------------------------------------------------------------------------------------------

    /**
     * Does something with each connection of a serving that is here; returns how many there are, with those that are on
     * their way. Any thread.
     */
    int each(Serving serving, Consumer<MovableStreamChannel> action) {
        return serving.count(() -> {
            int count = 0;
            for (Map.Entry<MovableStreamChannel, Member> each : open.entrySet()) {
                if (each.getValue().serving() == serving) {
                    count++;
                    action.accept(each.getKey());
                }
            }
            return count;
        });
    }

    /** Whether an open connection is of a serving. */
    boolean belongs(MovableStreamChannel connection, Serving serving) {
        Member member = open.get(connection);
        return member != null && member.serving() == serving;
    }

    /** A connection is of another serving from now on; null if it is not open, or was not of that one. */
    @Nullable
    Member goesOver(MovableStreamChannel connection, Serving from, Serving to) {
        Member after = open.computeIfPresent(
                connection, (there, member) -> member.serving() == from ? to.member(member.told()) : member);
        return after == null || after.serving() != to ? null : after;
    }

    // ---- making room ----------------------------------------------------------------------------------------------

    /** Offers those that are idle. Any thread. */
    void idle(IdleClients.Search search) {
        for (MovableStreamChannel connection : open.keySet()) {
            search.offer(this, connection, idleNanos(connection));
        }
    }

    private long idleNanos(MovableChannel connection) {
        Member member = open.get(connection);
        if (member == null) {
            return Service.NOT_IDLE;
        }
        try {
            return member.serving().service().idleNanos(connection);
        } catch (Throwable t) { // a plugin's
            env.failures().failed(spec.plugin(), t);
            return Service.NOT_IDLE;
        }
    }

    /** {@inheritDoc} Takes it over where it is another loop's, which may be blocked. */
    @Override
    public boolean closeIdle(MovableChannel connection, long nanos) {
        Loop here = env.loops().current();
        if (here == null || here.id() == LoopRegistry.APART) {
            return false;
        }
        if (!connection.tryEnter() && connection.takeover(here) != TakeoverResult.TAKEN) {
            return false;
        }
        try {
            Member member = open.get(connection);
            if (member == null
                    || idleNanos(connection) < nanos
                    || ((MovableStreamChannel) connection).unreadInput() == Input.BYTES) {
                return false;
            }
            member.serving().service().drain(connection, Duration.ZERO);
            if (connection.isOpen()) {
                return false;
            }
            idleClosed.increment();
            return true;
        } catch (Throwable t) { // the listener for which it happens must survive it
            env.failures().failed(spec.plugin(), t);
            connection.close();
            return true;
        } finally {
            connection.leave();
        }
    }

    // ---- waiting --------------------------------------------------------------------------------------------------

    /** Completes with 0 as soon as there is no connection, or after the time with how many there are. */
    CompletionStage<Integer> ended(Duration limit) {
        if (limit.isZero()) {
            return CompletableFuture.completedStage(gate.connections());
        }
        Waiter waiter = new Waiter();
        waiting.add(waiter);
        // After the add: a last connection that ended before it has not seen this one.
        if (gate.connections() == 0) {
            noneLeft();
        }
        if (!waiter.stage.isDone()) {
            timer.after(limit, () -> {
                waiting.remove(waiter);
                waiter.stage.complete(gate.connections());
            });
        }
        return waiter.stage;
    }

    /** Tells everybody who waits that a moment without connections has come. */
    void noneLeft() {
        Waiter waiter = waiting.poll();
        while (waiter != null) {
            waiter.stage.complete(0);
            waiter = waiting.poll();
        }
    }
}
