package dev.baton.spi.http;

import dev.baton.spi.config.Default;
import dev.baton.spi.config.Range;
import java.time.Duration;

/**
 * Keys that every HTTP filter and handler of the configuration may have beside its own.
 *
 * @param onFailure what becomes of an exchange whose filter throws, waits too long, or is not called for a while
 * @param timeout how long one exchange may wait for it. A handler that streams its response may be silent for so long
 *     while the client takes more
 * @param budget how long one callback may take. If ten took longer within ten seconds, or fewer much longer, they run
 *     on workers of the plugin for half a minute, as those of what is {@link dev.baton.spi.threading.Blocking} always
 *     do. If they compute all the while, they are not called instead, and {@code on-failure} says what that means. Then
 *     they are tried on a loop, one at a time: ten in a row within the budget, and all run on loops again; one over it,
 *     and the next time begins, twice as long, up to half an hour
 */
public record HttpFilterOptions(
        @Default("refuse") OnFailure onFailure,
        @Default("10s") @Range(min = "1ms", max = "24h") Duration timeout,
        @Default("20ms") @Range(min = "1ms", max = "1m") Duration budget) {

    /** What becomes of an exchange whose filter fails. */
    public enum OnFailure {
        /** It is answered with 500 or 503. */
        REFUSE,
        /** It continues without the filter. A handler cannot be bypassed. */
        BYPASS
    }
}
