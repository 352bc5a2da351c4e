package dev.baton.runtime.listener;

import dev.baton.runtime.channel.ChannelEnv;
import dev.baton.runtime.channel.MovableStreamChannel;
import dev.baton.runtime.channel.PackedSocket;
import dev.baton.runtime.loop.LoopRegistry;
import dev.baton.runtime.pack.Companions;
import dev.baton.runtime.pack.Departure;
import dev.baton.runtime.pack.PackedCompanion;
import dev.baton.runtime.pack.PackedCompanion.Place;
import dev.baton.runtime.pack.Parcel;
import dev.baton.spi.channel.ConnectionFacts;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.fd.FdKind;
import dev.baton.spi.fd.TakeoverResult;
import dev.baton.spi.loop.Loop;
import dev.baton.spi.service.Packed;
import dev.baton.spi.service.Packing;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A connection of a listener that is to go to another process instead of being drained.
 *
 * <pre>
 * state      what                                     then
 * open       asked, the service says not now          open
 *            asked, the service never packs it        told to drain
 *            asked, the service packs it              packed
 *            it ends                                  over
 * packed     the sockets are given away, the          the carrier's
 *            channels close, its place at the
 *            listener's gate is kept
 * carrier's  the other process has it                 the place is given back, over
 *            it has not                               unpacked here, in the same place
 * </pre>
 */
final class DepartingConnection implements Departure {
    private static final Logger LOG = LoggerFactory.getLogger(DepartingConnection.class);

    private final Connections connections;
    private final MovableStreamChannel connection;
    private final ChannelEnv env;
    private final String listener;
    private final Serving serving;
    private final String plugin;
    private final Companions companions;
    /** Until when it may wait for its end, by the loops' clock. */
    private final long drainAtNanos;
    /** Gives back what is kept for it and its companions while it is packed. Set under the claim, before it is. */
    private Runnable arrived = () -> {};

    /**
     * One that is open.
     *
     * @param serving what it belongs to
     * @param patience how long it may wait when it is told to drain
     */
    DepartingConnection(
            Connections connections,
            MovableStreamChannel connection,
            ChannelEnv env,
            ListenerSpec spec,
            Serving serving,
            Companions companions,
            Duration patience) {
        this.connections = connections;
        this.connection = connection;
        this.env = env;
        this.listener = spec.name();
        this.serving = serving;
        this.plugin = spec.plugin();
        this.companions = companions;
        this.drainAtNanos = now() + patience.toNanos();
    }

    private long now() {
        return connection.eventLoop().ticker().nanoTime();
    }

    @Override
    public void ask(Answer answer) {
        try {
            connection.offer(() -> asked(answer));
        } catch (RejectedExecutionException ended) {
            LOG.debug("the last loop of {} has ended", connection, ended);
            answer.over();
        }
    }

    /** Under the claim. */
    private void asked(Answer answer) {
        if (!connection.isOpen()) {
            answer.over();
        } else if (!answer.reserve()) {
            answer.notNow();
        } else {
            boolean used = false;
            try {
                used = pack(answer);
            } finally {
                if (!used) {
                    answer.giveBack();
                }
            }
        }
    }

    /** True: the room is used. */
    private boolean pack(Answer answer) {
        try (Taken taken = new Taken(answer)) {
            Packed packed = packed(taken);
            if (packed == Packed.NEVER || taken.never) {
                answer.never();
                return false;
            }
            if (packed == Packed.NOT_NOW) {
                answer.notNow();
                return false;
            }
            Parcel parcel = taken.seal(packed);
            if (parcel == null) {
                answer.over();
                return false;
            }
            // When the claim is given back the channel has let go of the socket.
            connection.afterLeave(() -> answer.packed(parcel));
            return true;
        }
    }

    @SuppressWarnings("ReferenceEquality") // constants
    private Packed packed(Taken taken) {
        if (connection.tls() != null || connection.hasAttr(FilteredService.HANDLERS_LEFT)) {
            return Packed.NEVER;
        }
        if (!connection.isPackable()) {
            return Packed.NOT_NOW;
        }
        try {
            return serving.service().pack(connection, taken);
        } catch (Throwable t) { // a plugin's
            LOG.error("plugin {} cannot pack a connection of listener {}", plugin, listener, t);
            env.failures().failed(plugin, t);
            connection.config().setSoLinger(0); // what its service has done to it by then nobody knows
            connection.close();
            return Packed.NEVER;
        }
    }

    @Override
    public void stay() {
        connection.post(this::drain);
    }

    private void drain() {
        if (connection.isOpen()) {
            serving.service().drain(connection, Duration.ofNanos(Math.max(0, drainAtNanos - now())));
        }
    }

    @Override
    public void gone() {
        connections.departed();
        arrived.run();
    }

    @Override
    public void back(Parcel parcel) {
        connections.back(parcel, serving, arrived);
    }

    /** What has it in this process is to run this when it is set up, or has ended. */
    Runnable arrived() {
        return arrived;
    }

    /** The connections that go along, and the claims on them. */
    private final class Taken implements Packing, AutoCloseable {
        private final Answer answer;
        private final List<MovableStreamChannel> others = new ArrayList<>();
        private final List<Place> places = new ArrayList<>();
        private boolean packing = true;
        private boolean never;

        Taken(Answer answer) {
            this.answer = answer;
        }

        @Override
        public boolean with(MovableChannel companion) {
            Loop here = env.loops().current();
            if (!packing || here == null || here.id() == LoopRegistry.APART) {
                return false;
            }
            if (!companion.tryEnter() && companion.takeover(here) != TakeoverResult.TAKEN) {
                return false;
            }
            boolean wanted = false;
            try {
                Place place = companions.placeOf(companion);
                never |= place == null;
                // Both: what the companion has posted to this connection before the claim can be seen now.
                if (place != null && ((MovableStreamChannel) companion).isPackable() && connection.isPackable()) {
                    others.add((MovableStreamChannel) companion);
                    places.add(place);
                    wanted = true;
                }
            } finally {
                if (!wanted) {
                    companion.leave();
                }
            }
            return wanted;
        }

        @Override
        public void again() {
            answer.again();
        }

        /** Null if one of the connections was closed from outside meanwhile: the others are cut then. */
        @Nullable
        Parcel seal(Packed packed) {
            packing = false;
            ConnectionFacts found = connection.hasAttr(MovableChannel.FACTS)
                    ? connection.attr(MovableChannel.FACTS).get()
                    : null;
            List<PackedCompanion> along = new ArrayList<>();
            PackedSocket own = null;
            departs(packed);
            try {
                if (seal(packed, along)) {
                    connections.departing(connection);
                    own = connection.pack();
                }
            } catch (Throwable t) { // short of memory, or a companion that is none
                LOG.error("a connection of listener {} cannot be packed", listener, t);
                env.failures().failed(plugin, t);
            }
            if (own == null) {
                LOG.debug("{} was closed while it was packed", connection);
                connections.staying(connection);
                arrived.run();
                connection.config().setSoLinger(0);
                connection.close();
                others.forEach(each -> {
                    each.config().setSoLinger(0);
                    each.close();
                });
                connection.afterLeave(() ->
                        along.forEach(each -> env.table().discard(each.socket().number(), FdKind.HANDOFF)));
                return null;
            }
            return new Parcel(
                    listener,
                    found == null ? null : found.client(),
                    found == null ? null : found.server(),
                    packed.state(),
                    own,
                    along);
        }

        /** Before anything of it closes here: its places are nobody else's meanwhile. */
        private void departs(Packed packed) {
            List<Runnable> held = new ArrayList<>();
            for (MovableChannel each : packed.companions()) {
                int at = others.indexOf(each);
                if (at >= 0) {
                    held.add(companions.hold(places.get(at)));
                }
            }
            serving.departs();
            arrived = () -> {
                held.forEach(Runnable::run);
                serving.arrived();
            };
        }

        /** False if one of the companions was closed from outside. */
        private boolean seal(Packed packed, List<PackedCompanion> along) {
            boolean[] used = new boolean[others.size()];
            for (MovableChannel each : packed.companions()) {
                int at = others.indexOf(each);
                PackedSocket socket = at < 0 || used[at] ? null : others.get(at).pack();
                if (socket == null) {
                    return false;
                }
                used[at] = true;
                along.add(new PackedCompanion(places.get(at), socket));
            }
            return true;
        }

        @Override
        public void close() {
            packing = false;
            for (MovableStreamChannel each : others) {
                each.leave();
            }
        }
    }
}
