package dev.baton.runtime.listener;

import dev.baton.spi.metrics.Metrics;
import java.net.SocketAddress;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Refuses clients of a listener because of what else the same client has; counted, and logged once a minute. Any
 * thread.
 *
 * <p>A listener without filters asks at the accept, before there is a channel. One with filters asks when all of them
 * have let the connection pass: a client is the one that they have found out, and not the load balancer that all
 * connections come from.
 */
final class ClientLimits {
    private static final Logger LOG = LoggerFactory.getLogger(ClientLimits.class);

    private static final long QUIET_NANOS = TimeUnit.MINUTES.toNanos(1);
    private static final String REFUSALS = "baton_listener_client_refusals_total";
    private static final String REFUSALS_HELP =
            "Connections that were reset because their client has as many as it may (connections), or opens them too fast"
                    + " (rate).";

    private final String listener;
    private final ListenerSpec.PerClient limits;
    private final ClientTable table;
    private final LongSupplier clock;
    private final Metrics.Counter tooMany;
    private final Metrics.Counter tooFast;
    private final AtomicLong sayAgain;

    /** Limits by the addresses of the sockets; null if the listener has none. */
    static @Nullable ClientLimits of(ListenerSpec spec, Metrics metrics, LongSupplier clock) {
        return of(spec.name(), spec.limits().perClient(), metrics, clock);
    }

    /** Limits of a listener; null if there are none. */
    static @Nullable ClientLimits of(
            String listener, ListenerSpec.PerClient limits, Metrics metrics, LongSupplier clock) {
        return limits.isUnlimited() ? null : new ClientLimits(listener, limits, metrics, clock);
    }

    /**
     * Limits of a listener, without clients.
     *
     * @param listener the listener's name
     * @param clock {@link System#nanoTime} or a test's
     */
    private ClientLimits(String listener, ListenerSpec.PerClient limits, Metrics metrics, LongSupplier clock) {
        this.listener = listener;
        this.limits = limits;
        this.clock = clock;
        this.table = new ClientTable(limits.maxConnections(), limits.acceptsPerSecond(), clock);
        this.sayAgain = new AtomicLong(clock.getAsLong());
        this.tooMany = metrics.counter(REFUSALS, REFUSALS_HELP, "listener", listener, "reason", "connections");
        this.tooFast = metrics.counter(REFUSALS, REFUSALS_HELP, "listener", listener, "reason", "rate");
        metrics.gauge(
                "baton_listener_clients",
                "Client addresses that have connections; only where a listener has limits for each.",
                table::clients,
                "listener",
                listener);
    }

    /**
     * A client has come.
     *
     * @param client null if its address is not known
     * @return what {@link #leave} wants; negative and not {@link ClientTable#UNCOUNTED} if it is refused
     */
    int enter(@Nullable SocketAddress client) {
        int slot = table.enter(client);
        if (slot < ClientTable.UNCOUNTED) {
            refused(client, slot);
        }
        return slot;
    }

    /** A client comes from another process, and is not refused. Returns what {@link #leave} wants. */
    int enterAnyway(@Nullable SocketAddress client) {
        return table.enterAnyway(client);
    }

    void leave(int slot) {
        table.leave(slot);
    }

    private void refused(@Nullable SocketAddress client, int why) {
        (why == ClientTable.TOO_MANY ? tooMany : tooFast).increment();
        long now = clock.getAsLong();
        long again = sayAgain.get();
        if (now - again >= 0 && sayAgain.compareAndSet(again, now + QUIET_NANOS)) {
            LOG.warn(
                    "listener {} refuses a connection of {}: {} (logged once a minute; counted in {})",
                    listener,
                    client,
                    why == ClientTable.TOO_MANY
                            ? "it has " + limits.maxConnections() + " already, max-connections-per-client"
                            : "it opens them faster than accept-rate-per-client",
                    REFUSALS);
        }
    }
}
