package dev.baton.plugin.http.config;

import dev.baton.spi.config.ByteRate;
import dev.baton.spi.config.ByteSize;
import dev.baton.spi.config.Choice;
import dev.baton.spi.config.Default;
import dev.baton.spi.config.Range;
import dev.baton.spi.config.UpstreamName;
import dev.baton.spi.config.WrongValueException;
import dev.baton.spi.http.HttpFilter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The keys of a service of {@code type: http}.
 *
 * @param upstream where requests go that no route takes: the short form of a last route without {@code match}
 * @param filters what stands in the way of every request, before the filters of its route
 * @param routes where requests go
 * @param forwarded which peers are believed about clients
 * @param headerLimit bytes of the request line, of the header fields of a message and of its trailers; what is longer
 *     is refused
 * @param bodyLimit bytes of a request's body; what is longer is refused with 413. Empty: no limit
 * @param firstRequestTimeout from the accept to the first byte of the first request
 * @param headerTimeout from the first byte of a request's head to its last
 * @param responseTimeout how long the server may be silent while Baton waits for it
 * @param idleTimeout how long the client may be silent while Baton waits for it, between requests too
 * @param tunnelTimeout how long both sides may be silent after an Upgrade, for example to WebSocket
 * @param minRate bytes a second that the client must send of a head or body on average, when {@code rateGrace} is over;
 *     0: none
 * @param rateGrace how long a head or body may come more slowly
 * @param http2 what a client's HTTP/2 connection may ask for
 */
public record HttpConfig(
        @UpstreamName Optional<String> upstream,
        List<Choice<HttpFilter>> filters,
        List<RouteConfig> routes,
        ForwardedConfig forwarded,
        @Default("64KiB") @Range(min = "1KiB", max = "1MiB") ByteSize headerLimit,
        @Range(min = "1B", max = "1048576GiB") Optional<ByteSize> bodyLimit,
        @Default("10s") @Range(min = "10ms", max = "24h") Duration firstRequestTimeout,
        @Default("10s") @Range(min = "10ms", max = "1h") Duration headerTimeout,
        @Default("30s") @Range(min = "10ms", max = "24h") Duration responseTimeout,
        @Default("60s") @Range(min = "10ms", max = "24h") Duration idleTimeout,
        @Default("1h") @Range(min = "10ms", max = "168h") Duration tunnelTimeout,

        @Default("240B/s") @Range(min = "0B/s", max = "1GiB/s")
        ByteRate minRate,

        @Default("10s") @Range(min = "10ms", max = "1h") Duration rateGrace,
        Http2Config http2) {

    /** Without filters and routes: everything goes to one upstream. */
    public HttpConfig(
            String upstream,
            ByteSize headerLimit,
            Optional<ByteSize> bodyLimit,
            Duration firstRequestTimeout,
            Duration headerTimeout,
            Duration responseTimeout,
            Duration idleTimeout,
            ByteRate minRate,
            Duration rateGrace) {
        this(
                Optional.of(upstream),
                List.of(),
                List.of(),
                new ForwardedConfig(List.of()),
                headerLimit,
                bodyLimit,
                firstRequestTimeout,
                headerTimeout,
                responseTimeout,
                idleTimeout,
                Duration.ofHours(1),
                minRate,
                rateGrace,
                Http2Config.DEFAULT);
    }

    /** Checks what one key means for another. */
    public HttpConfig {
        if (upstream.isEmpty() && routes.isEmpty()) {
            throw new IllegalArgumentException("it needs 'upstream' or 'routes': where is a request to go?");
        }
        List<WrongValueException> wrong = new ArrayList<>();
        for (int i = 0; i < routes.size(); i++) {
            for (int earlier = 0; earlier < i; earlier++) {
                if (routes.get(earlier).match().takesAllOf(routes.get(i).match())) {
                    wrong.add(new WrongValueException(
                            "routes[" + i + "]",
                            "it can never match: routes[" + earlier
                                    + "] takes all that it would; put this one first, or remove it"));
                    break;
                }
            }
        }
        if (upstream.isPresent()
                && routes.stream().anyMatch(route -> route.match().takesEverything())) {
            wrong.add(new WrongValueException(
                    "upstream",
                    "no request ever gets there: a route without conditions takes all; remove one of them"));
        }
        WrongValueException.throwAll(wrong);
    }
}
