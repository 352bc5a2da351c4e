package dev.baton.plugin.http.exchange;

import dev.baton.plugin.http.config.HttpConfig;
import org.jspecify.annotations.Nullable;

/** What a service demands of a request that can be read. Any thread. */
public final class RequestLimits {
    private final long bodyBytes;

    RequestLimits(HttpConfig config) {
        bodyBytes = config.bodyLimit().map(limit -> limit.bytes()).orElse(Long.MAX_VALUE);
    }

    /** No body may be longer, in bytes. */
    public long bodyBytes() {
        return bodyBytes;
    }

    /** What a request is answered by its head alone; null: it goes where its route leads. */
    @Nullable
    OwnAnswer answer(Exchange exchange, Downstream from) {
        if (exchange.isConnect() && !exchange.route().connect()) {
            from.count(Refusal.BAD_METHOD);
            return OwnAnswer.of(Refusal.BAD_METHOD);
        }
        if (exchange.bodyLength() > bodyBytes) {
            from.count(Refusal.BODY_TOO_LARGE);
            return OwnAnswer.of(Refusal.BODY_TOO_LARGE);
        }
        return exchange.endsHere() ? OwnAnswer.ofLastHop(exchange) : null;
    }
}
