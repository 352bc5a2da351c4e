package dev.baton.plugin.http.config;

import dev.baton.spi.config.Default;
import dev.baton.spi.config.WrongValueException;
import java.util.Set;

/**
 * Where a client is sent to.
 *
 * @param to a path or URL; {@code {*}} in it is what the {@code *} of the route's path has matched. The query goes
 *     along unless it has one of its own
 * @param status 301, 302, 303, 307 or 308
 */
public record RedirectConfig(String to, @Default("308") int status) {
    public static final String REST = "{*}";
    private static final Set<Integer> STATUSES = Set.of(301, 302, 303, 307, 308);

    /** Checks both. */
    public RedirectConfig {
        if (!STATUSES.contains(status)) {
            throw new WrongValueException("status", status + " is no redirect: expected 301, 302, 303, 307 or 308");
        }
        boolean place = to.startsWith("/") || to.startsWith("http://") || to.startsWith("https://");
        if (!place || !to.chars().allMatch(c -> c > ' ' && c < 0x7f)) {
            throw new WrongValueException(
                    "to", "'" + to + "' is no place to go to: expected /path, http://... or https://..., in ASCII");
        }
    }

    boolean usesRest() {
        return to.contains(REST);
    }
}
