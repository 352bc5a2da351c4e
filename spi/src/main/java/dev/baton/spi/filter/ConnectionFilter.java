package dev.baton.spi.filter;

import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.threading.AnyThread;
import dev.baton.spi.threading.OnLoop;
import java.util.List;

/**
 * Decides about accepted connections before their service sees them: one instance for each use in a listener's
 * {@code filters:}.
 *
 * <p>A filter that can decide at once calls its {@link Next} before {@link #accepted} returns. One that has to read
 * first bytes adds a handler with {@code pipeline().addLast}, which removes itself when it has decided and passes on
 * what it did not use ({@code fireChannelRead}). A handler may also stay. Handlers are added before {@code accepted}
 * returns; later ones would stand behind the next filter's.
 *
 * <p>What goes past an undecided filter's handlers is kept for the next filter or the service; after the first of it
 * the socket is not read further, unless a handler asks for it ({@code read()}). A client that ends its side meanwhile
 * has its connection closed, as always where {@code ALLOW_HALF_CLOSURE} is off.
 *
 * <p>The connection may change loops while a filter waits, like any other. What a filter or its handler throws costs
 * the connection and is counted for the filter's plugin.
 */
@FunctionalInterface
public interface ConnectionFilter {
    /**
     * Has a look at an accepted connection. Called under the claim; {@link MovableChannel#facts} has what filters
     * before this one have found out. Must not block.
     *
     * @param next to be told the decision, now or later, but within the listener's {@code accept-timeout}
     */
    @OnLoop
    void accepted(MovableChannel connection, Next next);

    /**
     * Says what the listener's service speaks. Called once, before the first connection.
     *
     * @param protocols as {@link dev.baton.spi.service.Service#protocols} has them
     * @throws IllegalArgumentException if the filter is configured for what the service does not speak: the listener is
     *     refused with this message
     */
    @AnyThread
    default void serves(List<String> protocols) {}

    /** Called once when its listener is gone for good, but not at the end of the process. Must not block. */
    @AnyThread
    default void close() {}
}
