package dev.baton.runtime.listener;

import dev.baton.spi.metrics.Metrics;
import java.net.SocketAddress;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Who is refused by a listener because of what else the same client has: counted, and said once a minute. Any thread. */
final class ClientLimits {
    private static final Logger LOG = LoggerFactory.getLogger(ClientLimits.class);

    private static final long QUIET_NANOS = TimeUnit.MINUTES.toNanos(1);
    private static final String REFUSALS = "baton_listener_client_refusals_total";
    private static final String REFUSALS_HELP =
            "Connections that were reset because their client has as many as it may (connections), or opens them too fast"
                    + " (rate).";

    private final ListenerSpec spec;
    private final ClientTable table;
    private final LongSupplier clock;
    private final Metrics.Counter tooMany;
    private final Metrics.Counter tooFast;
    private final AtomicLong sayAgain;

    ClientLimits(ListenerSpec spec, Metrics metrics, LongSupplier clock) {
        ListenerSpec.PerClient limits = spec.limits().perClient();
        this.spec = spec;
        this.clock = clock;
        this.table = new ClientTable(limits.maxConnections(), limits.acceptsPerSecond(), clock);
        this.sayAgain = new AtomicLong(clock.getAsLong());
        this.tooMany = metrics.counter(REFUSALS, REFUSALS_HELP, "listener", spec.name(), "reason", "connections");
        this.tooFast = metrics.counter(REFUSALS, REFUSALS_HELP, "listener", spec.name(), "reason", "rate");
        metrics.gauge(
                "baton_listener_clients",
                "Client addresses that have connections; only where a listener has limits for each.",
                table::clients,
                "listener",
                spec.name());
    }

    /**
     * A client has come.
     *
     * @return what {@link #leave} wants; negative and not {@link ClientTable#UNCOUNTED} if it is refused
     */
    int enter(SocketAddress client) {
        int slot = table.enter(client);
        if (slot < ClientTable.UNCOUNTED) {
            refused(client, slot);
        }
        return slot;
    }

    void leave(int slot) {
        table.leave(slot);
    }

    private void refused(SocketAddress client, int why) {
        (why == ClientTable.TOO_MANY ? tooMany : tooFast).increment();
        long now = clock.getAsLong();
        long again = sayAgain.get();
        if (now - again >= 0 && sayAgain.compareAndSet(again, now + QUIET_NANOS)) {
            ListenerSpec.PerClient limits = spec.limits().perClient();
            LOG.warn(
                    "listener {} refuses a connection of {}: {} (logged once a minute; counted in {})",
                    spec.name(),
                    client,
                    why == ClientTable.TOO_MANY
                            ? "it has " + limits.maxConnections() + " already, max-connections-per-client"
                            : "it opens them faster than accept-rate-per-client",
                    REFUSALS);
        }
    }
}
