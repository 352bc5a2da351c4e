package dev.baton.plugin.admin;

import dev.baton.spi.metrics.Metrics;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import java.time.Duration;
import java.util.IdentityHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The connections of the admin API: how many there are, and how long each may do nothing.
 *
 * <pre>
 *   WAITING     for a request: closed after the idle timeout, or when its place is needed for another one
 *   RECEIVING   the body of a request: closed after the idle timeout
 *   WORKING     on the answer, which may take as long as a drain: never closed
 *   ANSWERING   the client takes the answer; if it takes nothing of it for the idle timeout, the kernel ends the connection
 *               (TCP_USER_TIMEOUT), or its channel on a unix socket: a close of Vert.x's would wait for what has been written
 * </pre>
 *
 * <p>While the process drains, each connection ends after its next answer.
 *
 * <p>Requests are not pipelined: one that arrives before the answer to the one before it is not begun, no more is read,
 * and the connection ends after that answer. RFC 9112, 9.3.2: a client that pipelines has to be prepared for that.
 *
 * <p>Threading: the server's loop only.
 */
final class AdminConnections {
    private static final Logger LOG = LoggerFactory.getLogger(AdminConnections.class);

    /** How often connections are looked at; each may live that much longer than it should. */
    private static final long SWEEPS_MAX_MS = 1_000;

    /**
     * How long a connection may be idle while the process drains. New ones lead to the process after it, if there is
     * one: whoever keeps an old one, such as a scraper of metrics, would see the figures of this process only.
     */
    private static final long LEAVING_IDLE_NANOS = TimeUnit.SECONDS.toNanos(5);

    private final Vertx vertx;
    private final BooleanSupplier leaving;
    private final int max;
    private final long idleNanos;
    private final IdentityHashMap<HttpConnection, Client> open = new IdentityHashMap<>();
    private final Metrics.Counter refused;
    private final long sweeps;
    /** There has been no place since a connection was last accepted without that; said once. */
    private boolean full;

    private volatile int count;

    /** What a connection is doing. */
    enum State {
        WAITING,
        RECEIVING,
        WORKING,
        ANSWERING
    }

    /** One connection. */
    static final class Client {
        private final HttpConnection connection;
        private State state = State.WAITING;
        private long since = System.nanoTime();
        private boolean last;

        Client(HttpConnection connection) {
            this.connection = connection;
        }

        /** It does this from now on, or does it still. */
        void is(State now) {
            state = now;
            since = System.nanoTime();
        }

        /** The answer is out, or its client has gone. */
        void answered() {
            is(State.WAITING);
            if (last) {
                connection.close();
            }
        }
    }

    /** @param leaving whether the process drains */
    AdminConnections(Vertx vertx, AdminConfig config, Metrics metrics, BooleanSupplier leaving) {
        this.vertx = vertx;
        this.leaving = leaving;
        this.max = config.maxConnections();
        this.idleNanos = config.idleTimeout().toNanos();
        this.refused = metrics.counter(
                "baton_admin_connections_refused_total",
                "Connections to the admin API that were closed at once because all others were in use.");
        metrics.gauge("baton_admin_connections", "Connections to the admin API.", () -> count);
        this.sweeps = vertx.setPeriodic(sweepMillis(config.idleTimeout()), timer -> sweep());
    }

    private static long sweepMillis(Duration idle) {
        return Math.max(1, Math.min(SWEEPS_MAX_MS, idle.toMillis() / 4));
    }

    /** A client has connected. */
    void opened(HttpConnection connection) {
        if (open.size() < max) {
            full = false;
        } else if (!makePlace()) {
            refused.increment();
            connection.close();
            return;
        }
        open.put(connection, new Client(connection));
        count = open.size();
        connection.closeHandler(closed -> {
            open.remove(connection);
            count = open.size();
        });
    }

    /**
     * Closes the connection that has waited longest for a request: a client that only holds places must not keep others
     * out.
     */
    private boolean makePlace() {
        if (!full) {
            full = true;
            LOG.warn(
                    "the admin API has {} connections, which is its limit (admin: max-connections): each new one ends the"
                            + " one that has been idle longest",
                    max);
        }
        Client oldest = null;
        for (Client each : open.values()) {
            if (each.state == State.WAITING && (oldest == null || each.since - oldest.since < 0)) {
                oldest = each;
            }
        }
        if (oldest == null) {
            return false;
        }
        open.remove(oldest.connection); // its close handler comes later
        oldest.connection.close();
        return true;
    }

    /**
     * A request has arrived.
     *
     * @return null if it is not to be answered
     */
    @Nullable
    Client begin(HttpServerRequest request) {
        Client client = open.get(request.connection());
        if (client == null) {
            return null; // on its way out
        }
        if (client.state != State.WAITING) {
            request.pause();
            client.last = true;
            return null;
        }
        if (leaving.getAsBoolean()) {
            // The next request is for the process after this one, if there is one.
            client.last = true;
            request.response().putHeader(HttpHeaders.CONNECTION, HttpHeaders.CLOSE);
        }
        client.is(State.WORKING);
        return client;
    }

    private void sweep() {
        long now = System.nanoTime();
        long waitNanos = leaving.getAsBoolean() ? Math.min(idleNanos, LEAVING_IDLE_NANOS) : idleNanos;
        for (Client each : open.values().toArray(new Client[0])) {
            long idle = now - each.since;
            if ((each.state == State.WAITING && idle > waitNanos)
                    || (each.state == State.RECEIVING && idle > idleNanos)) {
                LOG.debug("{} has been {} for too long", each.connection.remoteAddress(), each.state);
                each.connection.close();
            }
        }
    }

    /** The server has stopped. */
    void close() {
        vertx.cancelTimer(sweeps);
    }
}
