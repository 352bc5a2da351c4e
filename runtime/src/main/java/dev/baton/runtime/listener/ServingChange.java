package dev.baton.runtime.listener;

import dev.baton.runtime.channel.ChannelEnv;
import dev.baton.runtime.channel.MovableStreamChannel;
import dev.baton.runtime.listener.Serving.Member;
import dev.baton.runtime.listener.Serving.Told;
import dev.baton.runtime.loop.BatonLoop;
import dev.baton.runtime.loop.Timer;
import dev.baton.runtime.pack.Companions;
import dev.baton.runtime.pack.Departure;
import dev.baton.runtime.pack.PackedCompanion;
import dev.baton.runtime.pack.PackedCompanion.Place;
import dev.baton.runtime.pack.Parcel;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.filter.ConnectionFilter;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerAdapter;
import io.netty.channel.ChannelHandlerContext;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A listener has got another {@link Serving}: takes the connections of the one before over to it, each under its claim.
 *
 * <pre>
 * a connection                                   goes over
 * a filter of before decides about it            when that has decided
 * the service is the same as before              at once: only what is before it has changed
 *   but a filter has left a handler in it        never
 * the service packs it                           at once or at its next boundary, as in an upgrade, but in this process:
 *                                                it gets another channel for its socket, with the new service's
 *                                                handlers, and so do the connections that go with it
 *   and the new service does not know the state  never: it is unpacked by the service that has packed it
 * the service never packs it, but gives it up    at its next boundary: the channel stays, and gets other handlers
 * the service does neither                       never: it is told to drain, and ends with what it began with
 * </pre>
 *
 * <p>Connections of a serving from before that one may not have gone over yet. Where it has the same service, or the
 * same filter, they use what this change replaces, and count as well.
 *
 * <p>From its packing until a service has it again a connection is not in the listener's list. Its {@link Serving}
 * counts it meanwhile, so that nothing that it uses is closed.
 *
 * <p>Threading: {@link #advance} by any thread. Connections are asked some at a time, so that new requests do not wait
 * for thousands of them.
 */
public final class ServingChange {
    private static final Logger LOG = LoggerFactory.getLogger(ServingChange.class);

    /** What is to drain gets at least this: a request that is on its way is answered, and the client told in time. */
    static final Duration PATIENCE = Duration.ofSeconds(1);

    /** Connections that are asked at a time, some ten microseconds each. */
    static final int BATCH = 128;

    /** Between two batches. */
    static final Duration PAUSE = Duration.ofMillis(5);

    private final ListenerSpec spec;
    private final ChannelEnv env;
    private final Connections connections;
    private final Companions companions;
    private final Timer timer;
    private final Mover mover;
    /** Those that are to drain are each given another time, within this. */
    private final Duration spread;

    /** Those of the listener that are not over, in their order; this one is among them. */
    private final List<ServingChange> changes;

    private final Serving before;
    private final boolean hasOtherService;
    /** The filters of before that are replaced. */
    private final List<ConnectionFilter> otherFilters;
    /** That of what was replaced: filters may have left handlers of it. */
    private final ClassLoader code;
    /** Those that are not packed, and whose service knows that it is to give them up or drain them. */
    private final Set<MovableStreamChannel> told = ConcurrentHashMap.newKeySet();

    private final AtomicBoolean asking = new AtomicBoolean();
    /** The next service does not know what this one packs. */
    private volatile boolean foreign;

    /** Sets packed connections up. */
    @FunctionalInterface
    interface Mover {
        /**
         * Sets one up again in this process.
         *
         * @param to its service unpacks it
         * @param done runs when it has, or the connection has ended
         */
        void unpack(Parcel parcel, Serving to, Runnable done);
    }

    /**
     * Nothing has gone over yet.
     *
     * @param changes those of the listener that are not over; this one joins them
     * @param before what was replaced
     * @param next what has replaced it
     * @param code the class loader of what was replaced
     */
    ServingChange(
            ListenerSpec spec,
            ListenerEnv env,
            Connections connections,
            Timer timer,
            Mover mover,
            List<ServingChange> changes,
            Serving before,
            Serving next,
            ClassLoader code) {
        this.spec = spec;
        this.env = env.channels();
        this.companions = new Here(env.companions(), spec.live());
        this.spread = env.closeSpread();
        this.connections = connections;
        this.timer = timer;
        this.mover = mover;
        this.changes = changes;
        this.before = before;
        this.hasOtherService = next.bare() != before.bare();
        List<ConnectionFilter> stay = next.connectionFilters();
        this.otherFilters = before.connectionFilters().stream()
                .filter(each -> stay.stream().noneMatch(other -> other == each))
                .toList();
        this.code = code;
        changes.add(this);
    }

    /** The listener's name. */
    public String listener() {
        return spec.name();
    }

    /**
     * Has those go over that can, and asks for those that were not asked for yet.
     *
     * @return how many still use what was replaced
     */
    public int advance() {
        int left = 0;
        for (ServingChange each : changes) {
            if (each == this) {
                break; // those after it have what has replaced it
            }
            if (uses(each.before)) {
                left += each.advanceOwn();
            }
        }
        return left + advanceOwn();
    }

    /** Whether a serving from before has what was replaced. */
    private boolean uses(Serving earlier) {
        return (hasOtherService && earlier.bare() == before.bare())
                || otherFilters.stream()
                        .anyMatch(each -> earlier.connectionFilters().stream().anyMatch(other -> other == each));
    }

    /** Nothing uses what was replaced any longer: forgets it. */
    public void over() {
        changes.remove(this);
    }

    private int advanceOwn() {
        told.removeIf(connection -> !connections.belongs(connection, before));
        List<MovableStreamChannel> due = new ArrayList<>();
        int left = connections.each(before, connection -> {
            if (!told.contains(connection)) {
                due.add(connection);
            }
        });
        if (!due.isEmpty() && asking.compareAndSet(false, true)) {
            askSome(due.iterator());
        }
        return left;
    }

    private void askSome(Iterator<MovableStreamChannel> due) {
        for (int i = 0; i < BATCH && due.hasNext(); i++) {
            MovableStreamChannel next = due.next();
            if (next.isOpen()) {
                ask(next);
            }
        }
        if (due.hasNext()) {
            timer.after(PAUSE, () -> askSome(due));
        } else {
            asking.set(false);
        }
    }

    private void ask(MovableStreamChannel connection) {
        if (spec.live().now().bare() != before.bare()) {
            new Moving(connection).ask();
            return;
        }
        post(connection, () -> goOver(connection));
    }

    private static void post(MovableStreamChannel connection, Runnable task) {
        try {
            connection.post(task);
        } catch (RejectedExecutionException ended) {
            LOG.debug("the last loop of {} has ended", connection, ended);
        }
    }

    /** The service is the same. Under the claim. */
    private void goOver(MovableStreamChannel connection) {
        if (connection.isOpen() && connection.pipeline().get(HeldInput.class) == null && !hasHandlersOf(connection)) {
            connections.goesOver(connection, before, spec.live().now());
        }
    }

    private boolean hasHandlersOf(MovableStreamChannel connection) {
        for (Map.Entry<String, ChannelHandler> each : connection.pipeline()) {
            if (each.getValue().getClass().getClassLoader() == code) {
                return true;
            }
        }
        return false;
    }

    // ---- packed -----------------------------------------------------------------------------------------------------

    /** A connection that another service is to unpack. */
    private final class Moving implements Departure.Answer {
        private final MovableStreamChannel connection;
        private final DepartingConnection departing;

        Moving(MovableStreamChannel connection) {
            this.connection = connection;
            long patience = PATIENCE.toNanos() + ThreadLocalRandom.current().nextLong(spread.toNanos() + 1);
            this.departing = new DepartingConnection(
                    connections, connection, env, spec, before, companions, Duration.ofNanos(patience));
        }

        void ask() {
            if (!foreign) {
                departing.ask(this);
                return;
            }
            post(connection, this::never);
        }

        @Override
        public boolean reserve() {
            return true;
        }

        @Override
        public void giveBack() {}

        @Override
        public void packed(Parcel parcel) {
            Serving next = spec.live().now();
            boolean known = next.unpacks(parcel, spec, env);
            foreign |= !known;
            mover.unpack(parcel, known ? next : before, departing.arrived());
        }

        @Override
        public void notNow() {} // it is asked again, at the next boundary or when advance() is called

        @Override
        public void never() {
            boolean undecided = connection.pipeline().get(HeldInput.class) != null;
            if (connection.isOpen() && !undecided && connections.belongs(connection, before) && told.add(connection)) {
                giveUp();
            }
        }

        private void giveUp() {
            try {
                if (!before.service().giveUp(connection, unread -> given(connection, unread))) {
                    departing.stay();
                }
            } catch (Throwable t) { // a plugin's: what it has done to the connection by then nobody knows
                LOG.error("plugin {} cannot give up a connection of listener {}", spec.plugin(), spec.name(), t);
                env.failures().failed(spec.plugin(), t);
                connection.close();
            }
        }

        @Override
        public void over() {}

        @Override
        public void again() {
            ask();
        }
    }

    /** The connections that can go along: the new service has places for them. */
    private static final class Here implements Companions {
        private final Companions all;
        private final LiveServing live;

        Here(Companions all, LiveServing live) {
            this.all = all;
            this.live = live;
        }

        @Override
        public @Nullable Place placeOf(MovableChannel connection) {
            Place place = all.placeOf(connection);
            return place != null && has(place, live.now().reload()) ? place : null;
        }

        @Override
        public boolean has(Place place, int reload) {
            return all.has(place, reload);
        }

        @Override
        public Runnable hold(Place place) {
            return all.hold(place);
        }

        @Override
        public MovableStreamChannel unpack(PackedCompanion companion, BatonLoop loop, int reload) throws IOException {
            return all.unpack(companion, loop, reload);
        }
    }

    // ---- given up ---------------------------------------------------------------------------------------------------

    /** The service has taken its handlers out. Under the claim. */
    private void given(MovableStreamChannel connection, ByteBuf unread) {
        Serving next = spec.live().now(); // there may be a third by now
        if (hasHandlersOf(connection)) { // of a filter: they stay, whoever serves
            before.departs();
            connection.closeFuture().addListener(closed -> before.arrived());
        }
        Member member = connections.goesOver(connection, before, next);
        if (member == null || !connection.isOpen()) {
            unread.release();
            return;
        }
        Beginning place = new Beginning();
        connection.pipeline().addLast(place);
        ChannelHandlerContext context = connection.pipeline().context(place);
        boolean given = false;
        try {
            next.bare().initialize(connection, spec.name());
            context.fireChannelActive();
            if (unread.isReadable()) {
                given = true;
                context.fireChannelRead(unread);
                context.fireChannelReadComplete();
            }
            if (member.told() == Told.TO_DRAIN && connection.isOpen()) {
                next.bare().drain(connection, Duration.ZERO);
            }
        } catch (Throwable t) { // it costs this connection only
            LOG.error("plugin {} cannot take over a connection of listener {}", spec.plugin(), spec.name(), t);
            env.failures().failed(spec.plugin(), t);
            connection.close();
        } finally {
            if (!given) {
                unread.release();
            }
            if (!context.isRemoved()) {
                connection.pipeline().remove(place);
            }
        }
    }

    /** Where the handlers of the next service begin. */
    private static final class Beginning extends ChannelHandlerAdapter {}
}
