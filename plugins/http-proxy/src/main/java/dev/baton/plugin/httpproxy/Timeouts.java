package dev.baton.plugin.httpproxy;

import java.util.concurrent.TimeUnit;

/**
 * How long each party may be silent while it is its turn, in nanoseconds.
 *
 * @param check no longer than any of the others: a connection's timer that fires so often is never late for a deadline
 *     that was set meanwhile, so setting one costs nothing
 */
record Timeouts(long header, long response, long idle, long linger, long check) {
    /** How long a client whose request was cut short may go on sending, so that it reads why. */
    private static final long LINGER_NANOS = TimeUnit.SECONDS.toNanos(1);

    static Timeouts of(HttpProxyConfig config) {
        long header = config.headerTimeout().toNanos();
        long response = config.responseTimeout().toNanos();
        long idle = config.idleTimeout().toNanos();
        return new Timeouts(header, response, idle, LINGER_NANOS, Math.min(header, Math.min(response, idle)));
    }
}
