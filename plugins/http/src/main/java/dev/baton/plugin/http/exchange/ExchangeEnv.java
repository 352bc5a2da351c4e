package dev.baton.plugin.http.exchange;

import dev.baton.plugin.http.config.HttpConfig;
import dev.baton.spi.metrics.Metrics.Counter;
import dev.baton.spi.service.Contributed;
import dev.baton.spi.service.ServiceContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What all exchanges of one service share, whatever version of HTTP its clients and servers speak. Any thread. */
public final class ExchangeEnv {
    private static final Logger LOG = LoggerFactory.getLogger(ExchangeEnv.class);

    /** The id of this plugin. */
    private static final String PLUGIN = "http";

    private final String service;
    private final ServiceContext context;
    private final Router router;
    private final TrustedProxies proxies;
    private final RequestLimits limits;
    private final Timeouts timeouts;
    private final Refusals refusals;
    private final Counter requests;

    /**
     * For a service.
     *
     * @param service its name
     * @param router finds the routes of its requests
     */
    public ExchangeEnv(String service, HttpConfig config, ServiceContext context, Router router) {
        this.service = service;
        this.context = context;
        this.router = router;
        proxies = new TrustedProxies(config.forwarded());
        limits = new RequestLimits(config);
        timeouts = Timeouts.of(config);
        refusals = new Refusals(service, context.metrics());
        requests = context.metrics()
                .counter("baton_http_requests_total", "Requests that were understood.", "service", service);
    }

    /** The service's name. */
    String service() {
        return service;
    }

    ServiceContext context() {
        return context;
    }

    Router router() {
        return router;
    }

    TrustedProxies proxies() {
        return proxies;
    }

    public RequestLimits limits() {
        return limits;
    }

    public Timeouts timeouts() {
        return timeouts;
    }

    public Refusals refusals() {
        return refusals;
    }

    Counter requests() {
        return requests;
    }

    /** Counts for its plugin what a filter or handler threw. */
    public void failed(FilterUse use, String where, Throwable thrown) {
        context.failed(use.contributed(), use.type() + " of service " + service + ", " + where, thrown);
    }

    /** Logs and counts what was thrown in an exchange by code that must not throw. Any thread. */
    public void failed(String where, Throwable thrown) {
        context.failed(new Contributed<>(PLUGIN, this), "service " + service + ", " + where, thrown);
    }

    /** A filter or handler has been over its budget too often. */
    void quarantined(FilterUse use, Route route) {
        context.metrics()
                .counter(
                        "baton_http_quarantines_total",
                        "Filters and handlers that were not called for a while because they blocked loops.",
                        "service",
                        service,
                        "type",
                        use.type())
                .increment();
        LOG.warn(
                "service {}: {} of plugin {} blocks loops longer than its budget of {} ms, last in route {}: it is not"
                        + " called for 30 s; if it has to block, mark its class @Blocking",
                service,
                use.type(),
                use.contributed().plugin(),
                use.options().budget().toMillis(),
                route.name());
    }
}
