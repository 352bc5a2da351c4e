package dev.baton.plugin.http.exchange;

import dev.baton.plugin.http.config.RetryConfig;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * How many requests of one route may be asked again. Each request adds its share to what may be spent, a retry spends
 * one; what is saved holds for {@value #SAVED} retries, so a route with few requests can retry too. Any thread.
 */
final class Retries {
    /** None. */
    static final Retries NONE = new Retries(0, 0);

    private static final int SAVED = 10;
    /** Hundredths of a retry. */
    private static final int ONE = 100;

    private final int attempts;
    private final int sharePercent;
    private final AtomicInteger saved = new AtomicInteger(SAVED * ONE);

    /**
     * A new budget.
     *
     * @param attempts how often one request may be asked again
     * @param sharePercent how many of all requests
     */
    Retries(int attempts, int sharePercent) {
        this.attempts = attempts;
        this.sharePercent = sharePercent;
    }

    /** A new budget. */
    static Retries of(RetryConfig config) {
        return new Retries(config.attempts(), config.budget().hundredths());
    }

    /** How often one request may be asked again. */
    int attempts() {
        return attempts;
    }

    /** A request came. */
    void request() {
        if (attempts == 0) {
            return;
        }
        int now = saved.get();
        if (now < SAVED * ONE) {
            saved.compareAndSet(now, Math.min(SAVED * ONE, now + sharePercent)); // losing a race loses a share
        }
    }

    /** Spends one retry; false if there is none left. */
    boolean spend() {
        while (true) {
            int now = saved.get();
            if (now < ONE) {
                return false;
            }
            if (saved.compareAndSet(now, now - ONE)) {
                return true;
            }
        }
    }
}
