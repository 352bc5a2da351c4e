package dev.baton.plugin.admin;

import dev.baton.plugin.admin.Route.Asked;
import dev.baton.plugin.admin.access.Right;
import dev.baton.spi.config.Range;
import dev.baton.spi.traffic.FinishedExchange;
import dev.baton.spi.traffic.Traffic;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * {@code GET /v1/tail}: exchanges as they end, each a line of JSON, until the client goes away, has no right to them
 * any more, or the server stops.
 *
 * <p>The loops that serve only put what is wanted into a queue; the server's own loop looks there many times a second.
 * What finds the queue full is dropped and counted, in a line of the same stream: neither a client that reads slowly
 * nor too many exchanges hold up a loop, or memory.
 */
final class Tails {
    /** Of all clients together: each costs every exchange a little. */
    static final int CLIENTS_MAX = 8;
    /** Exchanges that wait for a client: less than a megabyte. */
    static final int WAITING_MAX = 4_096;
    /** Lines that are encoded at once: the server's loop has other clients. */
    private static final int LINES_A_LOOK = 1_000;

    private static final long LOOKS_MS = 50;
    /** After that long without a line an empty one is sent: only so is it noticed that a client's machine is gone. */
    private static final long QUIET_MAX_MS = 15_000;

    static final String LINES = "application/x-ndjson";
    private static final Pattern STATUS = Pattern.compile("[1-5](?:xx|[0-9][0-9])");
    private static final double MILLI_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

    private final Vertx vertx;
    private final Traffic traffic;
    private final Set<Tail> all = ConcurrentHashMap.newKeySet();

    /**
     * Which exchanges are wanted.
     *
     * @param route name of their route
     * @param slower how long they took at least
     * @param status their status, or its class: {@code 404}, {@code 5xx}
     */
    record Wanted(
            Optional<String> route,
            @Range(min = "0s", max = "24h") Optional<Duration> slower,
            Optional<String> status) {}

    /**
     * A line.
     *
     * @param at when it ended
     * @param firstByteMs null if there was no response
     */
    record Line(
            String at,
            String service,
            String route,
            @Nullable String server,
            @Nullable String client,
            String method,
            String path,
            int status,
            long requestBytes,
            long responseBytes,
            @Nullable Double firstByteMs,
            double totalMs,
            String outcome) {}

    /** A line that says how many were dropped since the line before. */
    private record Dropped(long dropped) {}

    private record Ended(long atMillis, FinishedExchange exchange) {}

    Tails(Vertx vertx, Traffic traffic) {
        this.vertx = vertx;
        this.traffic = traffic;
    }

    /** Answers a request. */
    void answer(Wanted wanted, Asked asked) {
        Reply reply = asked.reply();
        String status = wanted.status().orElse("");
        if (!status.isEmpty() && !STATUS.matcher(status).matches()) {
            reply.error(400, "status: \"" + status + "\" is none: write 404, or 5xx for 500 to 599", null);
        } else if (!hasPlace(asked)) {
            reply.error(503, CLIENTS_MAX + " clients watch exchanges already, which is the most", null);
        } else if (asked.request().method().equals(HttpMethod.HEAD)) {
            reply.begin(LINES);
            reply.end();
        } else {
            new Tail(wanted, asked).begin();
        }
    }

    private boolean hasPlace(Asked asked) {
        if (all.size() >= CLIENTS_MAX && asked.request().method().equals(HttpMethod.GET)) {
            FairShare.toEnd(all, Tail::owner, asked.known().caller().name()).ifPresent(Tail::finish);
        }
        return all.size() < CLIENTS_MAX;
    }

    /** Ends all: the server stops. Any thread. */
    void close() {
        all.forEach(Tail::close);
    }

    /** One client's. Made and used on the server's loop, but for what the comments say. */
    private final class Tail implements Traffic.Watcher {
        private final @Nullable String route;
        private final long slowerNanos;
        private final int statusFrom;
        private final int statusTo;
        private final Reply reply;
        private final Right right;
        private final Context context = Vertx.currentContext();
        private final Queue<Ended> waiting = new ConcurrentLinkedQueue<>();
        private final AtomicInteger waitingCount = new AtomicInteger();
        private final AtomicLong dropped = new AtomicLong();
        private Traffic.@Nullable Watch watch;
        private long timer;
        private long quietLooks;

        Tail(Wanted wanted, Asked asked) {
            this.reply = asked.reply();
            this.right = asked.known();
            this.route = wanted.route().orElse(null);
            this.slowerNanos = wanted.slower().map(Duration::toNanos).orElse(0L);
            String status = wanted.status().orElse("");
            boolean group = status.endsWith("xx");
            this.statusFrom = status.isEmpty() ? 0 : Integer.parseInt(status.replace("xx", "00"));
            this.statusTo = status.isEmpty() ? Integer.MAX_VALUE : statusFrom + (group ? 99 : 0);
        }

        void begin() {
            all.add(this);
            watch = traffic.watch(this);
            HttpServerResponse response = reply.begin(LINES);
            response.closeHandler(gone -> end());
            response.exceptionHandler(failure -> end());
            timer = vertx.setPeriodic(LOOKS_MS, tick -> reply.attempt(() -> look(response)));
        }

        /** On the loops that serve. */
        @Override
        public void ended(FinishedExchange exchange) {
            if ((route != null && !route.equals(exchange.route()))
                    || exchange.totalNanos() < slowerNanos
                    || exchange.status() < statusFrom
                    || exchange.status() > statusTo) {
                return;
            }
            if (waitingCount.incrementAndGet() > WAITING_MAX) {
                waitingCount.decrementAndGet();
                dropped.incrementAndGet();
            } else {
                waiting.add(new Ended(System.currentTimeMillis(), exchange));
            }
        }

        private void look(HttpServerResponse response) {
            if (!right.holds()) {
                finish();
                return;
            }
            if (response.writeQueueFull()) {
                return; // what comes meanwhile waits, or is dropped
            }
            StringBuilder lines = new StringBuilder();
            Ended ended = null;
            for (int i = 0; i < LINES_A_LOOK && (ended = waiting.poll()) != null; i++) {
                waitingCount.decrementAndGet();
                lines.append(Json.of(line(ended))).append('\n');
            }
            // Only behind those that came before them.
            long missing = ended == null ? dropped.getAndSet(0) : 0;
            if (missing > 0) {
                lines.append(Json.of(new Dropped(missing))).append('\n');
            }
            quietLooks++;
            if (quietLooks * LOOKS_MS >= QUIET_MAX_MS) {
                lines.append('\n');
            }
            if (lines.length() > 0) {
                quietLooks = 0;
                reply.write(lines.toString());
            }
        }

        private void end() {
            if (all.remove(this)) {
                vertx.cancelTimer(timer);
                Traffic.Watch watching = watch;
                if (watching != null) {
                    watching.close();
                }
            }
        }

        String owner() {
            return right.caller().name();
        }

        void finish() {
            end();
            reply.end();
        }

        /** Any thread. */
        void close() {
            context.runOnContext(now -> finish());
        }
    }

    private static Line line(Ended ended) {
        FinishedExchange exchange = ended.exchange();
        return new Line(
                Instant.ofEpochMilli(ended.atMillis()).toString(),
                exchange.service(),
                exchange.route(),
                exchange.server(),
                exchange.client(),
                exchange.method(),
                exchange.path(),
                exchange.status(),
                exchange.requestBytes(),
                exchange.responseBytes(),
                exchange.firstByteNanos() < 0 ? null : millis(exchange.firstByteNanos()),
                millis(exchange.totalNanos()),
                exchange.outcome());
    }

    /** To the microsecond. */
    private static double millis(long nanos) {
        return Math.round(nanos / MILLI_NANOS * 1_000) / 1_000.0;
    }
}
