package dev.baton.plugin.http.exchange;

import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * Where requests of one kind go, and through which filters.
 *
 * @param name what metrics and logs call it
 * @param filters in the order in which requests meet them
 * @param target where they go
 * @param connect whether its servers may be asked for tunnels by CONNECT
 * @param timeoutNanos how long the head of a server's response may take, {@link Timeouts#NEVER} if only
 *     {@code response-timeout} limits it
 * @param retries what is asked again
 * @param metrics what counts its exchanges
 * @param underWay counts those under way that go through filters or to a handler, of all routes that were made with it
 */
record Route(
        String name,
        FilterUses filters,
        Target target,
        boolean connect,
        long timeoutNanos,
        Retries retries,
        RouteMetrics metrics,
        LongAdder underWay) {
    /** A route without what is for servers. */
    static Route fixed(String name, FilterUses filters, Target target, RouteMetrics metrics, LongAdder underWay) {
        return new Route(name, filters, target, false, Timeouts.NEVER, Retries.NONE, metrics, underWay);
    }

    /** Its exchanges take the long way: through filters, or to what is no server. */
    boolean isFiltered() {
        return !filters.isEmpty() || !(target instanceof Target.Servers);
    }

    /** A route is equal to itself only. */
    @Override
    public boolean equals(@Nullable Object other) {
        return this == other;
    }

    @Override
    public int hashCode() {
        return System.identityHashCode(this);
    }
}
