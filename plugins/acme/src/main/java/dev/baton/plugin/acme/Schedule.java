package dev.baton.plugin.acme;

import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.random.RandomGenerator;

/** When something is tried. Nothing but arithmetic. */
final class Schedule {
    /** After the first failure, if the authority has answered: it counts failures, and bars who makes too many. */
    private static final Duration FIRST = Duration.ofMinutes(5);

    private static final Duration LAST = Duration.ofHours(12);

    /** The same if it could not be asked: nothing is counted, and the network may be back soon. */
    private static final Duration FIRST_UNREACHABLE = Duration.ofSeconds(15);

    private static final Duration LAST_UNREACHABLE = Duration.ofHours(1);
    /** What an authority may put off at most: longer is an error of its clock or ours. */
    private static final Duration RETRY_AFTER_MAX = Duration.ofDays(7);
    /** Longer than the wait after any failure. */
    static final Duration WAIT_MAX = RETRY_AFTER_MAX.plusDays(1);

    private static final double USED = 2.0 / 3;
    /** So much of a certificate's lifetime the renewals of different certificates are spread over. */
    private static final double SPREAD = 1.0 / 20;

    /** What waits after a failure is longer by up to this share of it. */
    private static final double JITTER = 0.25;

    private Schedule() {}

    /**
     * When a certificate is to be renewed: at two thirds of its lifetime, or somewhat earlier, so that many
     * certificates of one day are not renewed in one minute. The same for a certificate after each start.
     */
    static Instant renewal(X509Certificate certificate) {
        Instant from = certificate.getNotBefore().toInstant();
        long lifetime =
                Duration.between(from, certificate.getNotAfter().toInstant()).toSeconds();
        double early = (certificate.getSerialNumber().hashCode() & 0xffff) / (double) 0x10000 * SPREAD;
        return from.plusSeconds((long) (lifetime * (USED - early)));
    }

    /** When a certificate that was issued now may be ordered again, however short its lifetime is. */
    static Instant soonest(Instant now) {
        return now.plus(FIRST);
    }

    /**
     * When it is tried again.
     *
     * @param failures how many there have been in a row, at least 1
     */
    static Instant again(Instant now, int failures, Failure why, RandomGenerator random) {
        Duration first = why.isUnreachable() ? FIRST_UNREACHABLE : FIRST;
        Duration last = why.isUnreachable() ? LAST_UNREACHABLE : LAST;
        Duration wait = first;
        for (int i = 1; i < failures && wait.compareTo(last) < 0; i++) {
            wait = wait.multipliedBy(2);
        }
        wait = wait.compareTo(last) > 0 ? last : wait;
        Instant again = now.plusMillis((long) (wait.toMillis() * (1 + random.nextDouble() * JITTER)));
        Instant said = why.retryAfter();
        if (said != null && said.isAfter(again)) {
            Instant max = now.plus(RETRY_AFTER_MAX);
            return said.isAfter(max) ? max : said;
        }
        return again;
    }
}
