package dev.baton.runtime.listener;

import dev.baton.runtime.channel.ChannelEnv;
import dev.baton.runtime.channel.ListenerChannel;
import dev.baton.runtime.channel.MovableStreamChannel;
import dev.baton.runtime.loop.BatonLoop;
import dev.baton.runtime.posix.PeerAddress;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.fd.FdKind;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerAdapter;
import io.netty.channel.ChannelHandlerContext;
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
@Sharable
final class AcceptedConnections extends ChannelHandlerAdapter {
    private static final Logger LOG = LoggerFactory.getLogger(AcceptedConnections.class);

    private final ListenerSpec spec;
    private final ChannelEnv env;
    private final Connections connections;
    private final Runnable reservationUsed;
    /** Null where clients have no limits of their own. */
    private final @Nullable ClientLimits clients;

    private final ChannelFutureListener ended = closed -> ended((MovableChannel) closed.channel());

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
            connection.pipeline().addLast(this);
            loop.register(connection);
            // After the service's initialize: it must not be asked to drain what it has not seen.
            connections.opened(connection);
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
        connections.ended(connection);
        reservationUsed.run();
    }

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        MovableChannel connection = (MovableChannel) context.channel();
        try {
            spec.service().initialize(connection, spec.name());
        } catch (Throwable t) {
            LOG.error("plugin {} cannot set up a connection of listener {}", spec.plugin(), spec.name(), t);
            env.failures().failed(spec.plugin(), t);
            connection.config().setSoLinger(0); // nothing, not even the end of an empty stream
            context.close();
        } finally {
            context.pipeline().remove(this);
        }
    }
}
