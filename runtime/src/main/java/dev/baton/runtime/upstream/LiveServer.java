package dev.baton.runtime.upstream;

import dev.baton.spi.metrics.Metrics.Counter;
import dev.baton.spi.upstream.UpstreamServer;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** One server of one upstream, and what is known of it, over all profiles. Any thread. */
final class LiveServer {
    private final UpstreamServer server;
    private final ServerLocator locator;
    /** Null if it has none. */
    private final @Nullable ConnectionLimit limit;

    private final LongSupplier clockNanos;
    private final Backoff backoff = new Backoff();
    private final Counter leftOut;
    private final AtomicInteger inFlight = new AtomicInteger();
    private final Latency answers = new Latency();
    private final Latency connects = new Latency();
    private volatile int weight;

    /**
     * A server to which nothing is connected.
     *
     * @param limit of its connections; null if it has none
     * @param leftOut counts how often it is left out
     */
    LiveServer(
            UpstreamServer server,
            ServerLocator locator,
            @Nullable ConnectionLimit limit,
            int weight,
            LongSupplier clockNanos,
            Counter leftOut) {
        this.limit = limit;
        this.server = server;
        this.locator = locator;
        this.weight = weight;
        this.clockNanos = clockNanos;
        this.leftOut = leftOut;
    }

    UpstreamServer server() {
        return server;
    }

    ServerLocator locator() {
        return locator;
    }

    @Nullable
    ConnectionLimit limit() {
        return limit;
    }

    Backoff backoff() {
        return backoff;
    }

    /** How often it was left out. */
    Counter leftOut() {
        return leftOut;
    }

    /** As configured or set at run time: 0 to 256. */
    int weight() {
        return weight;
    }

    // ---- requests in flight -----------------------------------------------------------------------------------------

    /** Connections in use or being opened, and requests that wait for one. */
    int inFlight() {
        return inFlight.get() + (limit == null ? 0 : limit.waiting());
    }

    /** A connection is taken or about to be opened. */
    void began() {
        inFlight.incrementAndGet();
    }

    /** A connection is released or closed, or could not be opened. */
    void ended() {
        int left = inFlight.decrementAndGet();
        assert left >= 0 : server + " has " + left + " connections in use";
    }

    // ---- latency ----------------------------------------------------------------------------------------------------

    void answered(long nanos) {
        answers.add(nanos, clockNanos.getAsLong());
    }

    void connected(long nanos) {
        connects.add(nanos, clockNanos.getAsLong());
    }

    /** That of its answers, else of its connects; 0 if nothing is known. */
    long latencyNanos() {
        long now = clockNanos.getAsLong();
        long answer = answers.nanos(now);
        return answer == 0 ? connects.nanos(now) : answer;
    }

    @Override
    public String toString() {
        return server.address();
    }
}
