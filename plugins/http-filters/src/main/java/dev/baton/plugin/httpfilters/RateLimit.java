package dev.baton.plugin.httpfilters;

import dev.baton.spi.Configured;
import dev.baton.spi.config.Default;
import dev.baton.spi.config.Range;
import dev.baton.spi.config.Rate;
import dev.baton.spi.config.WrongValueException;
import dev.baton.spi.http.HttpAnswer;
import dev.baton.spi.http.HttpExchange;
import dev.baton.spi.http.HttpFilter;
import dev.baton.spi.http.HttpVerdict;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/** Answers requests beyond a rate with 429, and says in Retry-After when the next one is allowed. */
final class RateLimit implements HttpFilter {
    private static final int TOO_MANY_REQUESTS = 429;
    private static final int BURST_MIN = 10;
    /** What takes longer to fill is no rate. */
    private static final Duration FILL_MAX = Duration.ofDays(7);
    /** A longer field is no key of an API: its beginning counts. */
    private static final int KEY_MAX = 256;

    private static final int NETWORK_64 = 8;

    private final Settings settings;
    private final Rates rates;
    private final ToLongFunction<HttpExchange> clock;

    /** What has a rate. */
    enum By {
        /** A client's address; of IPv6 a network of 64 bits. Clients without one count as one. */
        CLIENT,
        /** The value of a field; requests without it count as one. */
        FIELD,
        /** A route of the service. */
        ROUTE
    }

    /**
     * The keys.
     *
     * @param rate requests on average
     * @param burst how many may come at once; empty: those of a second, but at least 10
     * @param by what has this rate
     * @param field the name of the field, for {@link By#FIELD}
     * @param keys how many addresses, values or routes are known at a time
     */
    record Settings(
            @Range(min = "1/h", max = "1000000/s") Rate rate,
            @Range(min = "1", max = "10000000") Optional<Integer> burst,
            @Default("client") By by,
            Optional<String> field,

            @Default("100000") @Range(min = "1", max = "10000000")
            int keys) {
        Settings {
            if ((by == By.FIELD) != field.isPresent()) {
                throw new WrongValueException(
                        "by", by == By.FIELD ? "'by: field' needs the key 'field'" : "'field' needs 'by: field'");
            }
            field.ifPresent(name -> {
                if (!FieldRules.isToken(name)) {
                    throw new WrongValueException("field", "'" + name + "' is no name of a field");
                }
            });
            if (burst.isPresent() && burst.get() > rate.perSecond() * FILL_MAX.toSeconds()) {
                throw new WrongValueException(
                        "burst",
                        "at " + rate + " it takes more than 7 days until " + burst.get() + " are allowed again");
            }
        }

        int burstOrDefault() {
            return burst.orElse(Math.max(BURST_MIN, (int) Math.ceil(rate.perSecond())));
        }
    }

    /** Makes one for each use. */
    static final class Factory implements Configured<Settings, HttpFilter> {
        @Override
        public HttpFilter create(Settings settings) {
            return new RateLimit(settings, new LoopClock());
        }
    }

    /** The clock of the loops, from the first request on. */
    private static final class LoopClock implements ToLongFunction<HttpExchange> {
        private static final long UNSET = Long.MIN_VALUE;

        private final AtomicLong begin = new AtomicLong(UNSET);

        @Override
        public long applyAsLong(HttpExchange exchange) {
            long now = exchange.executor().ticker().nanoTime();
            if (begin.get() == UNSET) {
                begin.compareAndSet(UNSET, now);
            }
            return Math.max(0, now - begin.get()); // another thread that read the clock later may have been the first
        }
    }

    /**
     * A limit.
     *
     * @param clock the time of an exchange in nanoseconds, from 0 on
     */
    RateLimit(Settings settings, ToLongFunction<HttpExchange> clock) {
        this.settings = settings;
        this.clock = clock;
        rates = new Rates(settings.rate(), settings.burstOrDefault(), settings.keys());
    }

    @Override
    public HttpVerdict request(HttpExchange exchange) {
        long wait = rates.take(key(exchange), clock.applyAsLong(exchange));
        if (wait == 0) {
            return HttpVerdict.CONTINUE;
        }
        long seconds = Math.max(1, (wait + TimeUnit.SECONDS.toNanos(1) - 1) / TimeUnit.SECONDS.toNanos(1));
        exchange.answer(HttpAnswer.of(TOO_MANY_REQUESTS)
                .with("Retry-After", Long.toString(seconds))
                .text("Too Many Requests\n"));
        return HttpVerdict.ANSWERED;
    }

    private String key(HttpExchange exchange) {
        return switch (settings.by()) {
            case CLIENT -> client(exchange.facts().client());
            case ROUTE -> exchange.route();
            case FIELD -> {
                String value = exchange.request().fields().get(settings.field().orElseThrow());
                yield value == null ? "" : value.substring(0, Math.min(value.length(), KEY_MAX));
            }
        };
    }

    private static String client(@Nullable SocketAddress address) {
        InetAddress client = address instanceof InetSocketAddress inet ? inet.getAddress() : null;
        if (client == null) {
            return "";
        }
        byte[] bytes = client.getAddress();
        int length = client instanceof Inet6Address ? NETWORK_64 : bytes.length;
        // Each byte is a character: shorter than the text of the address, and made faster.
        return new String(bytes, 0, length, StandardCharsets.ISO_8859_1);
    }
}
