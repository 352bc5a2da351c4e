package dev.baton.runtime.listener;

import dev.baton.runtime.fd.PluginFailures;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.filter.ConnectionFilter;
import dev.baton.spi.metrics.Metrics;
import dev.baton.spi.metrics.Metrics.Counter;
import dev.baton.spi.service.Packed;
import dev.baton.spi.service.Packing;
import dev.baton.spi.service.Service;
import io.netty.buffer.ByteBuf;
import io.netty.util.AttributeKey;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A listener's service with connection filters before it. A listener without filters has the service itself, and pays
 * nothing.
 *
 * <p>To the listener it is a service like any other. A connection that waits for a filter's decision has never been
 * idle, and one that is told to drain has as long for the decision as it would have for its next request.
 * {@link Filtering} is the part of each connection.
 */
public final class FilteredService implements Service {
    /** On a connection in whose pipeline filters have left handlers: these cannot go to another process. */
    static final AttributeKey<Boolean> HANDLERS_LEFT = AttributeKey.valueOf(FilteredService.class, "HANDLERS_LEFT");

    private final List<Filter> filters;
    private final List<Counter> refused;
    private final Duration acceptTimeout;
    private final Service service;
    private final String plugin;
    private final PluginFailures failures;
    /** Null where clients have no limits of their own. */
    private final @Nullable ClientLimits clients;

    /**
     * A filter of the listener.
     *
     * @param type the word in the configuration
     * @param plugin id of its plugin, for which its errors are counted
     */
    public record Filter(String type, String plugin, ConnectionFilter filter) {}

    /**
     * Puts filters before a service.
     *
     * @param listener the listener's name
     * @param filters in the order in which they are asked
     * @param acceptTimeout how long they may take together
     * @param plugin id of the service's plugin
     * @param perClient what each client may take, by the address that the filters have found out
     * @param clock what the rate of a client is measured by, in nanoseconds
     * @throws IllegalArgumentException if a filter is configured for what the service does not speak; all are closed
     */
    public FilteredService(
            String listener,
            List<Filter> filters,
            Duration acceptTimeout,
            Service service,
            String plugin,
            PluginFailures failures,
            Metrics metrics,
            ListenerSpec.PerClient perClient,
            LongSupplier clock) {
        this(
                listener,
                filters,
                acceptTimeout,
                service,
                plugin,
                failures,
                metrics,
                ClientLimits.of(listener, perClient, metrics, clock));
        try {
            serve();
        } catch (IllegalArgumentException wrong) {
            closeFilters();
            throw wrong;
        }
    }

    private FilteredService(
            String listener,
            List<Filter> filters,
            Duration acceptTimeout,
            Service service,
            String plugin,
            PluginFailures failures,
            Metrics metrics,
            @Nullable ClientLimits clients) {
        this.filters = List.copyOf(filters);
        this.acceptTimeout = acceptTimeout;
        this.service = service;
        this.plugin = plugin;
        this.failures = failures;
        this.clients = clients;
        this.refused = filters.stream()
                .map(filter -> metrics.counter(
                        "baton_connections_refused_total",
                        "Accepted connections that a filter refused, or did not decide about in time.",
                        "listener",
                        listener,
                        "filter",
                        filter.type()))
                .toList();
    }

    private void serve() {
        for (Filter each : filters) {
            each.filter().serves(service.protocols());
        }
    }

    /**
     * The same with other filters, or before another service; what each client has is counted together.
     *
     * @throws IllegalArgumentException if a filter is configured for what the service does not speak
     */
    public FilteredService with(String listener, List<Filter> others, Service behind, Metrics metrics) {
        FilteredService made =
                new FilteredService(listener, others, acceptTimeout, behind, plugin, failures, metrics, clients);
        made.serve();
        return made;
    }

    /** Ids of the plugins of its filters. */
    public Set<String> plugins() {
        return filters.stream().map(Filter::plugin).collect(Collectors.toSet());
    }

    /** Those of a plugin are closed, and no others. */
    public void closeFilters(String ofPlugin) {
        filters.stream().filter(each -> each.plugin().equals(ofPlugin)).forEach(this::close);
    }

    private void close(Filter filter) {
        try {
            filter.filter().close();
        } catch (Throwable t) { // the others have something to give back too
            failures.failed(filter.plugin(), t);
        }
    }

    @Override
    public List<String> protocols() {
        return service.protocols();
    }

    @Override
    public void initialize(MovableChannel connection, String listener) {
        new Filtering(this, connection, listener).start();
    }

    @Override
    public void drain(MovableChannel connection, Duration patience) {
        HeldInput held = connection.pipeline().get(HeldInput.class);
        if (held != null && held.filtering().isWaiting()) {
            held.filtering().drain(patience);
        } else {
            service.drain(connection, patience);
        }
    }

    @Override
    public long idleNanos(MovableChannel connection) {
        return connection.pipeline().get(HeldInput.class) != null ? NOT_IDLE : service.idleNanos(connection);
    }

    @Override
    public boolean giveUp(MovableChannel connection, Consumer<ByteBuf> taker) {
        return service.giveUp(connection, taker);
    }

    @Override
    public Packed pack(MovableChannel connection, Packing packing) {
        // One that waits for a decision ends by the accept timeout at the latest.
        return connection.pipeline().get(HeldInput.class) != null ? Packed.NOT_NOW : service.pack(connection, packing);
    }

    @Override
    public boolean unpacks(byte[] state) {
        return service.unpacks(state);
    }

    /** {@inheritDoc} Filters have let it pass in the other process. */
    @Override
    public void unpack(MovableChannel connection, String listener, Packed packed) {
        ClientLimits limits = clients;
        if (limits != null) {
            int slot = limits.enterAnyway(connection.clientAddress());
            connection.closeFuture().addListener(closed -> limits.leave(slot));
        }
        service.unpack(connection, listener, packed);
    }

    @Override
    public void close() {
        service.close();
    }

    /** The listener is gone for good. Each filter is told, whatever another one throws. */
    public void closeFilters() {
        filters.forEach(this::close);
    }

    /**
     * Whether the client of a connection that all filters have let pass may have it, until it closes. Under the claim.
     */
    boolean admits(MovableChannel connection) {
        ClientLimits limits = clients;
        if (limits == null) {
            return true;
        }
        int slot = limits.enter(connection.clientAddress());
        if (slot >= 0) {
            connection.closeFuture().addListener(closed -> limits.leave(slot));
        }
        return slot >= ClientTable.UNCOUNTED;
    }

    /** In the order in which they are asked. */
    public List<Filter> filters() {
        return filters;
    }

    int count() {
        return filters.size();
    }

    Filter filter(int index) {
        return filters.get(index);
    }

    Counter refused(int index) {
        return refused.get(index);
    }

    Duration acceptTimeout() {
        return acceptTimeout;
    }

    public Service service() {
        return service;
    }

    /** Id of the service's plugin. */
    String plugin() {
        return plugin;
    }

    PluginFailures failures() {
        return failures;
    }
}
