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
    /** When one is wanted: at once, or when this one is to be renewed. */
    private volatile Instant wanted = Instant.EPOCH;
    /** Nothing is ordered before: there was an order just now, or one has failed. */
    private volatile Instant barred = Instant.EPOCH;

    private volatile String problem = "";
    private volatile boolean ordering;
    /** An operator wants it now. */
    private volatile boolean asked;

    private int failures;
    /** What is shown but not in the folder; null if there is no such thing. */
    private @Nullable CertifiedKey unkept;

    private Instant keepAgain = Instant.EPOCH;

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
        return asked ? Instant.EPOCH : wanted.isAfter(barred) ? wanted : barred;
    }

    /**
     * True if it is to be ordered now. No failure bars it for longer than a week: what is later was reckoned while the
     * clock was wrong.
     */
    boolean isDue(Instant now) {
        if (asked) {
            return true;
        }
        return !wanted.isAfter(now) && (!barred.isAfter(now) || barred.isAfter(now.plus(Schedule.WAIT_MAX)));
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
        wanted = isAsWanted(kept) ? Schedule.renewal(kept.certificate()) : Instant.EPOCH;
        barred = Instant.EPOCH;
    }

    /** True if the configuration asks for such a one. */
    boolean isAsWanted(CertifiedKey one) {
        return covered(one) == config.names().size() && one.isEc() == (config.key() == KeyType.EC);
    }

    /** For how many of the names it is. */
    int covered(CertifiedKey one) {
        Set<String> names = Set.copyOf(one.names());
        return (int) config.names().stream().filter(names::contains).count();
    }

    /** Orders have failed before, perhaps another process's. That has no weight if they were for other names. */
    void found(Delay delay) {
        if (delay.names().equals(names())) {
            failures = delay.failures();
            problem = delay.problem();
            barred = delay.until();
        }
    }

    private String names() {
        return String.join(" ", config.names());
    }

    /** The authority has issued one. */
    void issued(CertifiedKey got, Instant now) {
        has(got);
        wanted = Schedule.renewal(got.certificate());
        barred = Schedule.soonest(now);
    }

    /** It could not be kept, which is tried again. */
    void unkept(CertifiedKey got, Instant again, String why) {
        unkept = got;
        keepAgain = again;
        problem = why;
    }

    void kept() {
        if (unkept != null) {
            unkept = null;
            problem = "";
        }
    }

    /** What is to be kept yet; null if there is nothing. */
    @Nullable
    CertifiedKey unkept() {
        return unkept;
    }

    /** When that is tried. */
    Instant keepAgain() {
        return keepAgain;
    }

    /** True if what could not be kept is newer than this one of the folder. */
    boolean hasNewer(CertifiedKey kept) {
        return unkept != null && !validFrom(kept).isAfter(validFrom(unkept));
    }

    private static Instant validFrom(CertifiedKey one) {
        return one.certificate().getNotBefore().toInstant();
    }

    private void has(CertifiedKey got) {
        unkept = null;
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

    /** It has failed; returns what is to be kept of that. */
    Delay failed(Instant now, Failure why, RandomGenerator random) {
        failures++;
        problem = why.words();
        wanted = Instant.EPOCH;
        barred = Schedule.again(now, failures, why, random);
        return new Delay(names(), barred, failures, problem);
    }

    /** An operator does not want to wait. Any thread. */
    void orderNow() {
        asked = true;
    }
}
