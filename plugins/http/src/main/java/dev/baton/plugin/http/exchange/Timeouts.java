package dev.baton.plugin.http.exchange;

import dev.baton.plugin.http.config.HttpConfig;
import dev.baton.plugin.http.config.RouteConfig;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * How long each party may be silent, or slow, while it is its turn, in nanoseconds.
 *
 * @param firstRequest from the accept to the first byte of a request
 * @param grace how long a head or body may come more slowly than {@code minRate}
 * @param minRate bytes a second, on the average; 0: none is asked for
 * @param check no longer than any of the others: a connection's timer that fires so often is never late for a deadline
 *     that was set meanwhile, so setting one costs nothing
 */
public record Timeouts(
        long firstRequest,
        long header,
        long response,
        long idle,
        long tunnel,
        long linger,
        long grace,
        long minRate,
        long check) {
    /** Later than anything, and a clock reading can be added to it. */
    public static final long NEVER = Long.MAX_VALUE / 2;

    /** How long a client whose request was cut short may go on sending, so that it reads why. */
    private static final long LINGER_NANOS = TimeUnit.SECONDS.toNanos(1);

    static Timeouts of(HttpConfig config) {
        long first = config.firstRequestTimeout().toNanos();
        long header = config.headerTimeout().toNanos();
        long response = config.responseTimeout().toNanos();
        long idle = config.idleTimeout().toNanos();
        long tunnel = config.tunnelTimeout().toNanos();
        long minRate = config.minRate().perSecond();
        long grace = minRate == 0 ? NEVER : config.rateGrace().toNanos();
        long check = Math.min(Math.min(first, header), Math.min(Math.min(response, Math.min(idle, tunnel)), grace));
        for (RouteConfig route : config.routes()) {
            check = Math.min(check, route.timeout().map(Duration::toNanos).orElse(NEVER));
        }
        return new Timeouts(first, header, response, idle, tunnel, LINGER_NANOS, grace, minRate, check);
    }

    /** How long this many bytes may take. */
    public long allowed(long bytes) {
        if (minRate == 0) {
            return NEVER;
        }
        long second = TimeUnit.SECONDS.toNanos(1);
        long whole = Math.min(bytes / minRate, NEVER / 2 / second) * second;
        return grace + whole + bytes % minRate * second / minRate;
    }
}
