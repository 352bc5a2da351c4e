package dev.baton.plugin.http.config;

import dev.baton.spi.config.Choice;
import dev.baton.spi.config.Default;
import dev.baton.spi.config.Range;
import dev.baton.spi.config.UpstreamName;
import dev.baton.spi.config.WrongValueException;
import dev.baton.spi.http.HttpFilter;
import dev.baton.spi.http.HttpHandler;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * One of {@code routes:}: which requests, and where they go, which is exactly one of {@code upstream},
 * {@code redirect}, {@code respond} and {@code handler}.
 *
 * @param name what metrics and logs call it; without it, what it matches
 * @param match which requests
 * @param filters what stands in their way, behind the filters of the service
 * @param upstream the servers that they go to
 * @param connect whether the servers may be asked for tunnels by CONNECT; refused with 501 otherwise
 * @param redirect another place for the client to go to
 * @param respond a fixed answer
 * @param handler a plugin's handler
 * @param timeout how long the head of a server's response may take, from the head of the request on and over all
 *     attempts; 504 after it. Without it only {@code response-timeout} limits it
 * @param retry when a request is sent again; without it, {@link RetryConfig#DEFAULT}
 */
public record RouteConfig(
        Optional<String> name,
        MatchConfig match,
        List<Choice<HttpFilter>> filters,
        @UpstreamName Optional<String> upstream,
        @Default("false") boolean connect,
        Optional<RedirectConfig> redirect,
        Optional<RespondConfig> respond,
        Optional<Choice<HttpHandler>> handler,
        @Range(min = "10ms", max = "24h") Optional<Duration> timeout,
        Optional<RetryConfig> retry) {

    /** Checks where it leads. */
    public RouteConfig {
        long ends = Stream.of(upstream, redirect, respond, handler)
                .filter(Optional::isPresent)
                .count();
        if (ends != 1) {
            throw new IllegalArgumentException(
                    "it needs exactly one of upstream, redirect, respond and handler, and has "
                            + (ends == 0 ? "none" : "several"));
        }
        if (upstream.isEmpty() && timeout.isPresent()) {
            throw new WrongValueException("timeout", "it is for servers: it means nothing without 'upstream'");
        }
        if (upstream.isEmpty() && connect) {
            throw new WrongValueException("connect", "servers answer a CONNECT: it means nothing without 'upstream'");
        }
        if (connect && !match.path().map("/*"::equals).orElse(true)) {
            throw new WrongValueException("connect", "a CONNECT has no path, so it never matches; remove 'path'");
        }
        if (connect && !match.method().isEmpty() && !match.method().contains("CONNECT")) {
            throw new WrongValueException("connect", "the route takes other methods only; add CONNECT to 'method'");
        }
        if (upstream.isEmpty() && retry.isPresent()) {
            throw new WrongValueException("retry", "it is for servers: it means nothing without 'upstream'");
        }
        if (redirect.isPresent()
                && redirect.get().usesRest()
                && !match.path().orElse("/*").endsWith("*")) {
            throw new WrongValueException(
                    "redirect", "{*} is what a * at the end of the path has matched, and this path has none");
        }
    }

    /** What metrics and logs call it. */
    public String label() {
        return name.orElseGet(match::words);
    }
}
