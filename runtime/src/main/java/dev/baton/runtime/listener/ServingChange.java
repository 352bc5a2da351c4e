package dev.baton.runtime.listener;

import dev.baton.runtime.channel.ChannelEnv;
import dev.baton.runtime.channel.MovableStreamChannel;
import dev.baton.runtime.listener.Serving.Member;
import dev.baton.runtime.listener.Serving.Told;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerAdapter;
import io.netty.channel.ChannelHandlerContext;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A listener has got another {@link Serving}: takes the connections of the one before over to it, each under its claim.
 *
 * <pre>
 * a connection                                   goes over
 * a filter of before decides about it            when that has decided
 * a filter of before has left a handler in it    never, if the service is the same
 * the service is the same as before              at once: only what is before it has changed
 * the service gives it up                        at its next boundary ({@link dev.baton.spi.service.Service#giveUp})
 * the service does not give it up                never: it ends with the service with which it began
 * </pre>
 *
 * <p>Threading: {@link #advance} by any thread, one at a time.
 */
public final class ServingChange {
    private static final Logger LOG = LoggerFactory.getLogger(ServingChange.class);

    private final String listener;
    private final String plugin;
    private final ChannelEnv env;
    private final Connections connections;
    private final LiveServing live;
    private final Serving before;
    /** That of what was replaced: filters may have left handlers of it. */
    private final ClassLoader code;
    /** Those whose service was asked for them. */
    private final Set<MovableStreamChannel> asked = ConcurrentHashMap.newKeySet();

    ServingChange(ListenerSpec spec, ChannelEnv env, Connections connections, Serving before, ClassLoader code) {
        this.code = code;
        this.listener = spec.name();
        this.plugin = spec.plugin();
        this.live = spec.live();
        this.env = env;
        this.connections = connections;
        this.before = before;
    }

    /** The listener's name. */
    public String listener() {
        return listener;
    }

    /**
     * Has those go over that can, and asks for those that were not asked for yet.
     *
     * @return how many still belong to what was before
     */
    public int advance() {
        asked.removeIf(connection -> !connections.belongs(connection, before));
        return connections.each(before, connection -> {
            if (!asked.contains(connection)) {
                connection.post(() -> goOver(connection));
            }
        });
    }

    /** Under the claim. */
    private void goOver(MovableStreamChannel connection) {
        Serving next = live.now();
        if (!connection.isOpen() || connection.pipeline().get(HeldInput.class) != null) {
            return;
        }
        if (next.bare() == before.bare()) {
            if (!hasHandlersOf(connection)) {
                connections.goesOver(connection, before, next);
            }
        } else if (asked.add(connection)) {
            before.service().giveUp(connection, unread -> given(connection, unread));
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

    /** The service has taken its handlers out. Under the claim. */
    private void given(MovableStreamChannel connection, ByteBuf unread) {
        Serving next = live.now(); // there may be a third by now
        Member member = connections.goesOver(connection, before, next);
        if (member == null || !connection.isOpen()) {
            unread.release();
            return;
        }
        Place place = new Place();
        connection.pipeline().addLast(place);
        ChannelHandlerContext context = connection.pipeline().context(place);
        boolean given = false;
        try {
            next.bare().initialize(connection, listener);
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
            LOG.error("plugin {} cannot take over a connection of listener {}", plugin, listener, t);
            env.failures().failed(plugin, t);
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
    private static final class Place extends ChannelHandlerAdapter {}
}
