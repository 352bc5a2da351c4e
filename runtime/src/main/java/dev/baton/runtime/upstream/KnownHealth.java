package dev.baton.runtime.upstream;

import dev.baton.runtime.health.Health;
import dev.baton.runtime.health.HealthStatus;
import dev.baton.runtime.upstream.Backoff.LeftOut;
import dev.baton.spi.upstream.ServerHealth;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What is known of a server, for operators. If it has no address or is down, that counts; if not, whether it is left
 * out.
 *
 * @param sinceNanos null if that is not known
 * @param failure empty if there is none
 */
record KnownHealth(ServerHealth health, @Nullable Long sinceNanos, String failure) {

    static KnownHealth of(LiveServer server) {
        HealthStatus checks = server.health();
        if (server.locator().isNowhere()) {
            return new KnownHealth(
                    ServerHealth.DOWN, null, "no address: " + server.locator().failure());
        }
        LeftOut leftOut = server.backoff().leftOut();
        if (leftOut != null && (checks == null || checks.health() != Health.DOWN)) {
            return new KnownHealth(
                    ServerHealth.EJECTED,
                    leftOut.sinceNanos(),
                    switch (leftOut.cause()) {
                        case CONNECT -> "a connect has failed";
                        case NO_ANSWER -> "several requests in a row had no answer";
                        case ERRORS -> "several requests in a row had an error answer";
                    });
        }
        if (checks == null) {
            return new KnownHealth(ServerHealth.UNKNOWN, null, "");
        }
        ServerHealth health = switch (checks.health()) {
            case UP -> ServerHealth.UP;
            case DOWN -> ServerHealth.DOWN;
            case UNKNOWN -> ServerHealth.UNKNOWN;
        };
        return new KnownHealth(health, checks.sinceNanos(), checks.lastFailure());
    }

    /** How long it has been so, in milliseconds; 0 if that is not known. */
    long millis(long nowNanos) {
        return sinceNanos == null ? 0 : Math.max(0, TimeUnit.NANOSECONDS.toMillis(nowNanos - sinceNanos));
    }
}
