package dev.baton.plugin.http;

import dev.baton.spi.config.Rate;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What a service asks of a request beyond that it can be read: how long its body may be, and how many a client may
 * make. Any thread.
 */
final class RequestLimits {
    /** Requests at once that even a low rate allows if nothing else is said: a page and what is on it. */
    private static final int LEAST_BURST = 10;

    private final long bodyBytes;
    private final @Nullable ClientRates rates;

    RequestLimits(HttpConfig config) {
        bodyBytes = config.bodyLimit().map(limit -> limit.bytes()).orElse(Long.MAX_VALUE);
        rates = config.requestRate().map(rate -> rates(rate, config)).orElse(null);
    }

    private static ClientRates rates(Rate rate, HttpConfig config) {
        int burst = config.requestBurst().orElse((int) Math.max(LEAST_BURST, Math.ceil(rate.perSecond())));
        return new ClientRates(rate.perSecond(), burst);
    }

    /** No body may be longer, in bytes. */
    long bodyBytes() {
        return bodyBytes;
    }

    /** What is answered to a request of which no more than the head is there; null: a server is asked. */
    @Nullable
    OwnAnswer answer(Exchange exchange, Downstream from, long nowNanos) {
        byte[] client = rates == null ? null : from.addressOf(exchange);
        if (rates != null && client != null) {
            long waitNanos = rates.take(client, nowNanos);
            if (waitNanos > 0) {
                from.count(Refusal.TOO_MANY_REQUESTS);
                return OwnAnswer.later(1 + TimeUnit.NANOSECONDS.toSeconds(waitNanos - 1));
            }
        }
        if (exchange.bodyLength() > bodyBytes) {
            from.count(Refusal.BODY_TOO_LARGE);
            return OwnAnswer.of(Refusal.BODY_TOO_LARGE);
        }
        return exchange.endsHere() ? OwnAnswer.ofLastHop(exchange) : null;
    }
}
