package dev.baton.plugin.http.exchange;

import dev.baton.plugin.http.config.HttpConfig;
import dev.baton.spi.metrics.Metrics.Counter;
import dev.baton.spi.service.Contributed;
import dev.baton.spi.service.ServiceContext;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What all exchanges of one service share, whatever version of HTTP its clients and servers speak. Any thread. */
public final class ExchangeEnv {
    private static final Logger LOG = LoggerFactory.getLogger(ExchangeEnv.class);

    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    /** The id of this plugin. */
    private static final String PLUGIN = "http";

    private final String service;
    private final ServiceContext context;
    /** Read at the beginning of each exchange, which keeps its route until it ends. */
    private volatile Ways ways;

    private final TrustedProxies proxies;
    private final RequestLimits limits;
    private final Timeouts timeouts;
    private final Refusals refusals;
    private final Counter requests;

    /**
     * For a service.
     *
     * @param service its name
     * @param ways of its requests
     */
    public ExchangeEnv(String service, HttpConfig config, ServiceContext context, Ways ways) {
        this.service = service;
        this.context = context;
        this.ways = ways;
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

    public ServiceContext context() {
        return context;
    }

    Router router() {
        return ways.router();
    }

    /** The ways that exchanges begin on now. */
    public Ways ways() {
        return ways;
    }

    /** From now on exchanges begin on these. */
    public void ways(Ways next) {
        ways = next;
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

    /** The processor time of this thread so far, in nanoseconds; {@link Quarantine#UNKNOWN} if the JVM cannot say. */
    static long cpuNanos() {
        return THREADS.isCurrentThreadCpuTimeSupported() ? THREADS.getCurrentThreadCpuTime() : Quarantine.UNKNOWN;
    }

    /** A filter or handler has been over its budget too often. */
    void quarantined(FilterUse use, Route route, Quarantine.Place next) {
        boolean goesOn = next == Quarantine.Place.WORKERS;
        context.metrics()
                .counter(
                        "baton_http_quarantines_total",
                        "Filters and handlers that were kept off the loops for a while because they held them up.",
                        "service",
                        service,
                        "type",
                        use.type(),
                        "how",
                        goesOn ? "workers" : "refused")
                .increment();
        LOG.warn(
                "service {}: {} of plugin {} {} loops for longer than its budget of {} ms, last in route {}: it {} for {} s; {}",
                service,
                use.type(),
                use.contributed().plugin(),
                goesOn ? "blocks" : "computes on",
                use.options().budget().toMillis(),
                route.name(),
                goesOn ? "runs on workers" : "is not called",
                TimeUnit.NANOSECONDS.toSeconds(use.quarantine().termNanos()),
                goesOn
                        ? "if it has to block, mark its class @Blocking"
                        : "if it has to compute, give it a larger budget");
    }
}
