package dev.baton.runtime.listener;

import dev.baton.runtime.channel.ChannelEnv;
import dev.baton.runtime.channel.ListenerChannel;
import dev.baton.runtime.channel.MovableStreamChannel;
import dev.baton.runtime.loop.BatonLoop;
import dev.baton.runtime.pack.Companions;
import dev.baton.runtime.pack.PackedCompanion;
import dev.baton.runtime.pack.Parcel;
import dev.baton.runtime.posix.PeerAddress;
import dev.baton.spi.channel.ConnectionFacts;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.fd.FdKind;
import dev.baton.spi.service.Packed;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerAdapter;
import io.netty.channel.ChannelHandlerContext;
import java.io.IOException;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes connections of accepted sockets and gives them to the service. Whatever throws on the way costs that connection
 * and nothing else, and each reservation is given back once: when its connection ends, or here if it never began.
 *
 * <p>The service is called from a handler that leaves the pipeline at once, because Netty adds handlers when the
 * channel is registered and before it becomes active, which is the moment that the service is promised; and because a
 * channel can be closed in an orderly way only once it is registered.
 */
final class AcceptedConnections {
    private static final Logger LOG = LoggerFactory.getLogger(AcceptedConnections.class);

    private final ListenerSpec spec;
    private final ChannelEnv env;
    private final Connections connections;
    private final Runnable reservationUsed;
    /** Null where clients have no limits of their own. */
    private final @Nullable ClientLimits clients;

    private final ChannelFutureListener ended = closed -> ended((MovableChannel) closed.channel());
    /** Gives connections to what served new ones when that was last looked at. */
    private volatile Initializer initializer;

    /**
     * Takes connections for a listener.
     *
     * @param reservationUsed called once for each connection, when it has ended
     * @param clients the limits of each client address; null if there are none
     */
    AcceptedConnections(
            ListenerSpec spec,
            ChannelEnv env,
            Connections connections,
            Runnable reservationUsed,
            @Nullable ClientLimits clients) {
        this.clients = clients;
        this.spec = spec;
        this.env = env;
        this.connections = connections;
        this.reservationUsed = reservationUsed;
        this.initializer = new Initializer(spec.live().now());
    }

    /** What serves new connections was replaced: keeps nothing of what did before. */
    void refresh() {
        initializer = new Initializer(spec.live().now());
    }

    /**
     * Takes an accepted socket, on the accepting loop. Throws nothing.
     *
     * @param parent stands for the listener
     * @return the connection, which has ended already if something threw; null if there is none
     */
    @Nullable
    MovableStreamChannel take(@Nullable ListenerChannel parent, BatonLoop loop, int number, PeerAddress peer) {
        int slot = clients == null ? ClientTable.UNCOUNTED : clients.enter(peer.address());
        if (slot < ClientTable.UNCOUNTED) {
            refuse(number);
            return null;
        }
        MovableStreamChannel connection;
        try {
            connection = MovableStreamChannel.accepted(parent, env, spec.plugin(), loop, number, peer.address());
        } catch (Throwable t) { // the number must not leak
            LOG.error("listener {} cannot take fd {}", spec.name(), number, t);
            left(slot);
            env.table().discard(number, FdKind.DOWNSTREAM);
            reservationUsed.run();
            return null;
        }
        try {
            Initializer now = initializer;
            connection.pipeline().addLast(now);
            loop.register(connection);
            // After the service's initialize: it must not be asked to drain what it has not seen.
            connections.opened(connection, now.serving);
            // Last: if it has ended already this takes it out again.
            connection
                    .closeFuture()
                    .addListener(
                            slot < 0
                                    ? ended
                                    : closed -> {
                                        left(slot);
                                        ended(connection);
                                    });
        } catch (Throwable t) {
            LOG.error("listener {} cannot register {}", spec.name(), connection, t);
            Fd fd = connection.fd();
            if (fd != null) {
                env.table().fdDelete(fd);
            }
            left(slot);
            ended(connection);
        } finally {
            connection.leave();
        }
        return connection;
    }

    private void left(int slot) {
        if (clients != null) {
            clients.leave(slot);
        }
    }

    /** By a reset: nothing of the connection stays here, and the client does not take it for an empty answer. */
    private void refuse(int number) {
        env.posix().setLinger(number, 0);
        env.table().discard(number, FdKind.DOWNSTREAM);
        reservationUsed.run();
    }

    private void ended(MovableChannel connection) {
        if (connections.ended(connection)) {
            reservationUsed.run();
        }
    }

    // ---- from another process ---------------------------------------------------------------------------------------

    /**
     * Takes a packed connection, on a loop: of another process, one that came back from there, or one of this process
     * whose service was replaced. It has its place at the gate. Throws nothing.
     *
     * @param serving its service unpacks it
     * @param cameBack it came back
     */
    void unpack(
            @Nullable ListenerChannel parent,
            BatonLoop loop,
            Parcel parcel,
            Companions companions,
            Serving serving,
            boolean cameBack) {
        List<MovableStreamChannel> along = new ArrayList<>();
        MovableStreamChannel connection = null;
        int begun = 0; // sockets of companions that are not the parcel's any more
        boolean done = false;
        try {
            SocketAddress peer = parcel.socket().peer(env.posix());
            for (PackedCompanion each : parcel.companions()) {
                begun++;
                try {
                    along.add(companions.unpack(each, loop, serving.reload()));
                } catch (IOException refused) {
                    begun--;
                    throw refused;
                }
            }
            connection = MovableStreamChannel.moved(
                    parent, env, spec.plugin(), loop, parcel.socket().number(), peer);
            unpack(connection, loop, serving, parcel, along);
            connections.opened(connection, serving, cameBack);
            MovableStreamChannel unpacked = connection;
            int slot = clients == null ? ClientTable.UNCOUNTED : clients.enterAnyway(peer);
            connection.closeFuture().addListener(closed -> {
                left(slot);
                ended(unpacked);
            });
            done = true;
        } catch (Throwable t) { // the numbers must not leak
            LOG.warn("listener {} cannot take a packed connection", spec.name(), t);
        } finally {
            if (!done) {
                cut(parcel, begun, along, connection);
            }
            along.forEach(MovableStreamChannel::leave);
            if (connection != null) {
                connection.leave();
            }
        }
    }

    private void unpack(
            MovableStreamChannel connection,
            BatonLoop loop,
            Serving serving,
            Parcel parcel,
            List<MovableStreamChannel> along) {
        if (parcel.client() != null || parcel.server() != null) {
            connection.attr(MovableChannel.FACTS).set(new ConnectionFacts(parcel.client(), parcel.server()));
        }
        Packed packed = Packed.of(parcel.state(), along.toArray(MovableChannel[]::new));
        connection.pipeline().addLast(new SetUp(() -> {
            connection.sendFirst(parcel.socket().unsent());
            serving.service().unpack(connection, spec.name(), packed);
        }));
        loop.register(connection);
        if (!connection.isOpen()) {
            along.forEach(AcceptedConnections::reset); // its service threw
        }
    }

    /** Nothing of it goes on: its peers see a reset, as when a process dies. */
    private void cut(
            Parcel parcel, int begun, List<MovableStreamChannel> along, @Nullable MovableStreamChannel connection) {
        if (connection == null) {
            env.posix().setLinger(parcel.socket().number(), 0);
            env.table().discard(parcel.socket().number(), FdKind.DOWNSTREAM);
        } else {
            Fd fd = connection.fd(); // it may not have a loop, and could not be closed in order
            if (fd != null) {
                env.posix().setLinger(fd.number(), 0);
                env.table().fdDelete(fd);
            }
            connections.ended(connection);
        }
        along.forEach(AcceptedConnections::reset);
        parcel.companions().stream().skip(begun).forEach(each -> {
            env.posix().setLinger(each.socket().number(), 0);
            env.table().discard(each.socket().number(), FdKind.UPSTREAM);
        });
        reservationUsed.run();
    }

    private static void reset(MovableStreamChannel connection) {
        connection.config().setSoLinger(0);
        connection.close();
    }

    /** Calls the service as {@link AcceptedConnections} does for those that it has accepted itself. */
    private final class SetUp extends ChannelHandlerAdapter {
        private final Runnable service;

        SetUp(Runnable service) {
            this.service = service;
        }

        @Override
        public void handlerAdded(ChannelHandlerContext context) {
            setUp(context, this, service);
        }
    }

    /** Gives accepted connections to a service. */
    @Sharable
    final class Initializer extends ChannelHandlerAdapter {
        private final Serving serving;

        Initializer(Serving serving) {
            this.serving = serving;
        }

        @Override
        public void handlerAdded(ChannelHandlerContext context) {
            MovableChannel connection = (MovableChannel) context.channel();
            setUp(context, this, () -> serving.service().initialize(connection, spec.name()));
        }
    }

    private void setUp(ChannelHandlerContext context, ChannelHandler caller, Runnable service) {
        MovableChannel connection = (MovableChannel) context.channel();
        try {
            service.run();
        } catch (Throwable t) {
            LOG.error("plugin {} cannot set up a connection of listener {}", spec.plugin(), spec.name(), t);
            env.failures().failed(spec.plugin(), t);
            connection.config().setSoLinger(0); // nothing, not even the end of an empty stream
            context.close();
        } finally {
            context.pipeline().remove(caller);
        }
    }
}
