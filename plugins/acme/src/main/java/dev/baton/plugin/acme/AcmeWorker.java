package dev.baton.plugin.acme;

import dev.baton.spi.metrics.Metrics;
import dev.baton.spi.tls.CertificateStore;
import dev.baton.spi.tls.CertifiedKey;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The thread that orders certificates when they are due, one after the other, while this process is ready and has the
 * lock of the folder. A process that drains gives the lock back at once, so that the next one can order; until it has
 * the lock, that one shows what the folder has.
 */
final class AcmeWorker {
    private static final Logger LOG = LoggerFactory.getLogger(AcmeWorker.class);

    /** The state in which a process orders. */
    static final String READY = "ready";

    private static final Duration WHILE_STARTING = Duration.ofMillis(100);
    /** How often the state of the process and the folder are looked at. */
    private static final Duration LOOK = Duration.ofSeconds(1);

    /** How often it is tried to keep what could not be kept. */
    private static final Duration KEEP_AGAIN = Duration.ofMinutes(1);

    private final Folder folder;
    private final Orders orders;
    private final List<ManagedCertificate> certificates;
    private final ManagedCertificates shown;
    private final CertificateStore store;
    private final Supplier<String> state;
    private final Metrics metrics;
    private final InstantSource clock;
    private final RandomGenerator random = new SplittableRandom();
    private final Semaphore wakeUps = new Semaphore(0);
    private final Thread thread = new Thread(this::run, "baton-acme");
    private volatile boolean stopped;
    /** What was told last of each certificate, and of all of them under {@code ""}: told once. */
    private final Map<String, String> told = new HashMap<>();
    /** The versions of the files of each certificate that were read last. */
    private final Map<String, String> read = new HashMap<>();

    /** What orders a certificate. */
    @FunctionalInterface
    interface Orders {
        Authority.Outcome order(CertificateConfig wanted) throws InterruptedException;
    }

    /** @param state what the process is at, as {@code /v1/status} has it */
    AcmeWorker(
            Folder folder,
            Orders orders,
            List<ManagedCertificate> certificates,
            ManagedCertificates shown,
            CertificateStore store,
            Supplier<String> state,
            Metrics metrics,
            InstantSource clock) {
        this.folder = folder;
        this.orders = orders;
        this.certificates = certificates;
        this.shown = shown;
        this.store = store;
        this.state = state;
        this.metrics = metrics;
        this.clock = clock;
        thread.setDaemon(true);
        thread.setContextClassLoader(AcmeWorker.class.getClassLoader());
        shown.are(certificates, wakeUps::release);
        for (ManagedCertificate each : certificates) {
            count(each, "issued");
            count(each, "failed");
            metrics.gauge(
                    "baton_acme_next_order_timestamp",
                    "When a certificate is ordered next, in seconds since 1970.",
                    () -> each.next().getEpochSecond(),
                    "certificate",
                    each.name());
        }
    }

    private Metrics.Counter count(ManagedCertificate each, String result) {
        return metrics.counter(
                "baton_acme_orders_total", "Orders of certificates.", "certificate", each.name(), "result", result);
    }

    void start() {
        thread.start();
    }

    /** Any thread; waits for nothing. An order that runs is given up. */
    void stop() {
        stopped = true;
        thread.interrupt();
    }

    private void run() {
        try {
            while (!stopped) {
                Duration pause = turn();
                if (wakeUps.tryAcquire(pause.toMillis(), TimeUnit.MILLISECONDS)) {
                    wakeUps.drainPermits();
                }
            }
        } catch (InterruptedException end) {
            LOG.debug("no more certificates are ordered", end);
        } catch (Throwable t) { // nothing else would tell it
            LOG.error("no more certificates are ordered until the next start", t);
        } finally {
            shown.orderedHere(false);
            keepRest(true);
            unlock();
        }
    }

    private void unlock() {
        try {
            folder.unlock();
        } catch (IOException e) {
            LOG.warn("the lock of the folder cannot be given back", e);
        }
    }

    // ---- one look -------------------------------------------------------------------------------------------------

    /** Orders what is due, if it is for this process to do so. Returns when to look again. */
    Duration turn() throws InterruptedException {
        try {
            String now = state.get();
            if (now.equals("starting")) {
                return WHILE_STARTING;
            }
            if (!now.equals(READY)) {
                shown.orderedHere(false);
                keepRest(true);
                unlock();
                return LOOK;
            }
            if (!folder.isLocked()) {
                boolean mine = folder.lock();
                load(); // what another process has got meanwhile
                shown.orderedHere(mine);
                if (!mine) {
                    return LOOK;
                }
            }
            keepRest(false);
            for (ManagedCertificate each : certificates) {
                if (!stopped && each.isDue(clock.instant())) {
                    order(each);
                }
            }
        } catch (IOException | RuntimeException e) {
            tell("", "no certificates are ordered", e);
        }
        return LOOK;
    }

    private void tell(String certificate, String what, Exception why) {
        String words = what + ": " + (why instanceof IOException io ? Failure.words(io) : why);
        if (!words.equals(told.put(certificate, words))) {
            LOG.warn("{}", words, why instanceof RuntimeException ? why : null);
        }
    }

    /** Has listeners show what the folder has. */
    void load() {
        for (ManagedCertificate each : certificates) {
            try {
                String version = folder.version(each.name());
                if (version.equals(read.put(each.name(), version)) && !folder.isLocked()) {
                    continue; // another process orders, and has not got on
                }
                CertifiedKey kept = folder.certificate(each.name());
                if (kept == null) {
                    kept = fromOther(each);
                }
                if (kept != null && !kept.equals(each.key()) && !each.hasNewer(kept)) {
                    store.publish(each.name(), kept);
                    each.found(kept);
                }
                told.remove(each.name());
            } catch (IOException | IllegalArgumentException e) {
                if (e instanceof IOException && !(e.getCause() instanceof IllegalArgumentException)) {
                    read.remove(each.name()); // its content may be good
                }
                tell(
                        each.name(),
                        "the certificate for " + each.name() + " in the folder cannot be used"
                                + (folder.isLocked() ? ", and will be ordered again" : ""),
                        e);
            }
            loadDelay(each); // also of one that cannot be used
        }
    }

    private void loadDelay(ManagedCertificate each) {
        try {
            Delay delay = folder.delay(each.name());
            if (delay != null) {
                each.found(delay);
            }
        } catch (IOException e) {
            tell("delay " + each.name(), "what is kept of failed orders for " + each.name() + " cannot be read", e);
        }
    }

    /**
     * What another file has for its names, best of all one that the configuration could mean, which is then its own:
     * the name of the file is only the first of its names, and that may have changed. Null if there is none.
     */
    private @Nullable CertifiedKey fromOther(ManagedCertificate each) throws IOException {
        CertifiedKey best = each.key();
        if (best == null) {
            Instant now = clock.instant();
            best = folder.certificates().stream()
                    .filter(one -> each.covered(one) > 0)
                    .filter(one -> one.certificate().getNotAfter().toInstant().isAfter(now))
                    .max(Comparator.comparing(each::isAsWanted)
                            .thenComparing(each::covered)
                            .thenComparing(
                                    one -> one.certificate().getNotAfter().toInstant()))
                    .orElse(null);
        }
        if (best != null && folder.isLocked() && each.isAsWanted(best)) {
            folder.keep(each.name(), best);
        }
        return best;
    }

    private void order(ManagedCertificate each) throws InterruptedException {
        each.begin();
        try {
            String problem = folder.probe();
            if (stopped) {
                return; // also the probe's problem is the stop's
            }
            if (!problem.isEmpty()) {
                failed(each, new Failure("nothing could be kept in the folder: " + problem, true, null));
                return;
            }
            Authority.Outcome outcome = orders.order(each.config());
            CertifiedKey got = outcome.key();
            Failure why = outcome.failure();
            if (got != null) {
                why = take(each, got);
            }
            if (why != null && !stopped) { // else it is the stop's
                failed(each, why);
            }
        } catch (RuntimeException | Error e) { // the other certificates must not suffer from it
            LOG.warn("the order of a certificate for {} has ended by a defect", each.name(), e);
            failed(each, new Failure(Failure.clean(e.toString()), false, null));
        } finally {
            each.end();
        }
    }

    /**
     * Shows it, and keeps it. What the authority has issued is used even if it cannot be kept: a second one would be as
     * hard to keep. Returns what stands in the way, if something does.
     */
    private @Nullable Failure take(ManagedCertificate each, CertifiedKey got) {
        try {
            store.publish(each.name(), got);
        } catch (IllegalArgumentException e) {
            return new Failure("the certificate cannot be used: " + e.getMessage(), false, null);
        }
        each.issued(got, clock.instant());
        count(each, "issued").increment();
        LOG.info(
                "a certificate for {} was issued by {}, valid until {}; it is renewed {}",
                String.join(", ", each.config().names()),
                got.issuer(),
                got.certificate().getNotAfter().toInstant(),
                words(each.next(), clock.instant()));
        keep(each, got);
        return null;
    }

    private void keep(ManagedCertificate each, CertifiedKey got) {
        boolean interrupted = Thread.interrupted(); // a stop must not cost a certificate
        try {
            try {
                folder.keep(each.name(), got);
            } catch (ClosedByInterruptException stop) {
                interrupted |= Thread.interrupted();
                folder.keep(each.name(), got);
            }
            each.kept();
            told.remove(each.name());
            folder.endDelay(each.name());
        } catch (IOException e) {
            each.unkept(
                    got,
                    clock.instant().plus(KEEP_AGAIN),
                    "the certificate is shown, but cannot be kept: " + Failure.words(e));
            tell(
                    each.name(),
                    "the certificate for " + each.name() + " is shown, but cannot be kept; a restart would lose it",
                    e);
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Tries again to keep what could not be kept. */
    private void keepRest(boolean now) {
        for (ManagedCertificate each : certificates) {
            CertifiedKey unkept = each.unkept();
            if (unkept != null && folder.isLocked() && (now || !each.keepAgain().isAfter(clock.instant()))) {
                keep(each, unkept);
            }
        }
    }

    private void failed(ManagedCertificate each, Failure why) {
        Instant now = clock.instant();
        Delay delay = each.failed(now, why, random);
        try {
            folder.keep(each.name(), delay);
        } catch (IOException e) {
            tell(each.name(), "the next process will order a certificate for " + each.name() + " at once", e);
        }
        count(each, "failed").increment();
        CertifiedKey key = each.key();
        Instant expires = key == null ? null : key.certificate().getNotAfter().toInstant();
        LOG.warn(
                "no new certificate for {}: {}; {}; the next attempt is {}",
                String.join(", ", each.config().names()),
                why.words(),
                expires == null
                        ? "there is none yet"
                        : expires.isBefore(now)
                                ? "the one that there is has expired on " + expires
                                : "the one that there is holds until " + expires,
                words(each.next(), now));
    }

    /** When something is to happen, for people. */
    static String words(Instant when, Instant now) {
        return when.isAfter(now) ? "at " + when.truncatedTo(ChronoUnit.SECONDS) : "now";
    }
}
