package dev.baton.plugin.acme;

import dev.baton.spi.tls.CertifiedKey;
import java.time.Instant;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** A certificate that is to be had, and how that gets on. Written by the thread that orders; any thread may read. */
final class ManagedCertificate {
    private final CertificateConfig config;
    private volatile @Nullable CertifiedKey key;
    private volatile Instant next = Instant.EPOCH;
    private volatile String problem = "";
    private volatile boolean ordering;
    /** An operator wants it now. */
    private volatile boolean asked;

    private int failures;

    ManagedCertificate(CertificateConfig config) {
        this.config = config;
    }

    CertificateConfig config() {
        return config;
    }

    String name() {
        return config.name();
    }

    /** What listeners show; null if there is none yet. */
    @Nullable
    CertifiedKey key() {
        return key;
    }

    /** When it is ordered next. */
    Instant next() {
        return asked ? Instant.EPOCH : next;
    }

    /** Why the last order has failed; empty if it has not. */
    String problem() {
        return problem;
    }

    boolean isOrdering() {
        return ordering;
    }

    /** There is one in the folder. It is ordered again at once if the configuration asks for another one. */
    void found(CertifiedKey kept) {
        has(kept);
        boolean asWanted =
                Set.copyOf(kept.names()).containsAll(config.names()) && kept.isEc() == (config.key() == KeyType.EC);
        next = asWanted ? Schedule.renewal(kept.certificate()) : Instant.EPOCH;
    }

    /** The authority has issued one. */
    void issued(CertifiedKey got, Instant now) {
        has(got);
        Instant renewal = Schedule.renewal(got.certificate());
        Instant soonest = Schedule.soonest(now);
        next = renewal.isBefore(soonest) ? soonest : renewal;
    }

    private void has(CertifiedKey got) {
        key = got;
        failures = 0;
        problem = "";
    }

    /** An order begins. */
    void begin() {
        asked = false;
        ordering = true;
    }

    /** It has ended, whatever has come of it. */
    void end() {
        ordering = false;
    }

    void failed(Instant now, Failure why, RandomGenerator random) {
        failures++;
        problem = why.words();
        next = Schedule.again(now, failures, why, random);
    }

    /** An operator does not want to wait. Any thread. */
    void orderNow() {
        asked = true;
    }
}
