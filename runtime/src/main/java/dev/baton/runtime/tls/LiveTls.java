package dev.baton.runtime.tls;

import dev.baton.runtime.config.UpstreamTlsConfig;
import dev.baton.runtime.loop.Timer;
import dev.baton.spi.filter.ConnectionFilter;
import dev.baton.spi.metrics.Metrics;
import dev.baton.spi.tls.CertificateSnapshot;
import dev.baton.spi.tls.CertificateStore;
import dev.baton.spi.tls.CertificatesReloaded;
import dev.baton.spi.tls.CertifiedKey;
import dev.baton.spi.tls.ServerTlsConfig;
import dev.baton.spi.tls.Tls;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * TLS of a process: what all its listeners share, and the certificates that they show, or that servers are shown. The
 * files of certificates are looked at every two seconds; what has changed and is the same at the next look, so that
 * nobody is in the midst of writing it, is read again.
 *
 * <p>Threading: any thread; files are read by the worker.
 */
public final class LiveTls implements Tls {
    private static final Logger LOG = LoggerFactory.getLogger(LiveTls.class);

    static final Duration PERIOD = Duration.ofSeconds(2);
    /** So long before it expires, a certificate is warned of once a day. */
    private static final Duration WARNING = Duration.ofDays(14);

    private static final String EXPIRY = "baton_tls_certificate_expiry_timestamp";

    private final Metrics metrics;
    private final InstantSource clock;
    private final Staples staples;
    /** Made when it is needed: that needs random numbers. Guarded by this. */
    private @Nullable TicketKeys tickets;

    private final Set<ServerTls> servers = ConcurrentHashMap.newKeySet();
    private final Set<ClientTls> clients = ConcurrentHashMap.newKeySet();
    private final PublishedCertificates published = new PublishedCertificates();
    private final ChallengeCertificates challenges = new ChallengeCertificates();
    private final AtomicBoolean watching = new AtomicBoolean();
    private volatile boolean used;
    private volatile boolean closed;
    private volatile @Nullable Timer timer;
    private volatile Executor worker = Runnable::run;
    private final WatchedFiles files = new WatchedFiles();

    private volatile Instant warned = Instant.MIN;

    /** Loads nothing yet. */
    public LiveTls(Metrics metrics) {
        this(metrics, InstantSource.system());
    }

    LiveTls(Metrics metrics, InstantSource clock) {
        this.metrics = metrics;
        this.clock = clock;
        this.staples = new Staples(metrics, clock);
    }

    /**
     * Looks at the files from now on, if a listener has TLS, or gets it.
     *
     * @param later runs the looks
     * @param reader where files may be read
     */
    public void begin(Timer later, Executor reader) {
        worker = reader;
        timer = later;
        if (used) {
            watch();
        }
    }

    /** Looks no more. */
    public void close() {
        closed = true;
    }

    @Override
    public ConnectionFilter server(ServerTlsConfig config) {
        used = true;
        files.add(ServerTls.files(config));
        ServerTls server = new ServerTls(
                config,
                new ServerContexts(config, tickets(), staples),
                challenges,
                new TlsCounters(metrics),
                this::forget);
        if (config.showsStore()) {
            published.add(server);
        }
        servers.add(server);
        server.certificates().forEach(each -> measure(source(each)));
        warn(server.certificates());
        warnOfStaples(server);
        watch();
        return server;
    }

    /**
     * The client's side of TLS with the servers of an upstream.
     *
     * @throws IllegalArgumentException if the files have changed since the configuration was read, and are wrong now,
     *     or the TLS library refuses what they have
     */
    public ClientTls client(String upstream, UpstreamTlsConfig config) {
        used = true;
        files.add(config.files());
        if (!config.verify()) {
            LOG.warn(
                    "upstream {}: the certificates of its servers are not verified ('verify: false'): it may be talking"
                            + " to anybody",
                    upstream);
        }
        ClientTls client = new ClientTls(upstream, config, metrics);
        clients.add(client);
        List<ServerCertificate> own = client.own().stream().toList();
        own.forEach(each -> measure(source(each)));
        warn(own);
        watch();
        return client;
    }

    /**
     * The keys of session tickets as text, for the process after this one: a secret. Empty if there are none to speak
     * of.
     */
    public String ticketKeys() {
        return used && TlsLibrary.isBoringSsl() ? tickets().export() : "";
    }

    /** Uses the keys of the process before this one, if it has given any. */
    public void resume(String ticketKeys) {
        if (ticketKeys.isEmpty()) {
            return;
        }
        try {
            tickets().adopt(ticketKeys);
        } catch (IllegalArgumentException other) { // of another version, perhaps
            LOG.warn("clients of the process before cannot resume their TLS sessions: {}", other.getMessage());
        }
    }

    private synchronized TicketKeys tickets() {
        TicketKeys made = tickets;
        if (made == null) {
            made = new TicketKeys(clock);
            tickets = made;
        }
        return made;
    }

    /** True once a listener has TLS. */
    public boolean isUsed() {
        return used;
    }

    private void forget(ServerTls server) {
        published.remove(server);
        servers.remove(server);
        server.certificates().forEach(each -> measureNoMore(source(each)));
    }

    private static String source(ServerCertificate certificate) {
        return certificate.source().name();
    }

    // ---- those of plugins -----------------------------------------------------------------------------------------

    /** What a plugin publishes certificates with. */
    public CertificateStore store(String plugin) {
        return new PluginCertificates(this, plugin);
    }

    ChallengeCertificates challenges() {
        return challenges;
    }

    /** Throws an IllegalArgumentException if the TLS library refuses it; what was there before stays. */
    void publish(CertificateSource source, CertifiedKey key) {
        published.publish(new PublishedCertificates.Published(source, key));
        List<ServerCertificate> shown =
                all().stream().filter(each -> each.source().equals(source)).toList();
        if (!shown.isEmpty()) {
            measure(source.name());
            warn(shown.subList(0, 1));
        }
    }

    void withdraw(CertificateSource source) {
        published.withdraw(source);
        measureNoMore(source.name());
    }

    // ---- what they are --------------------------------------------------------------------------------------------

    private List<ServerCertificate> all() {
        return Stream.concat(
                        servers.stream().flatMap(each -> each.certificates().stream()),
                        clients.stream().flatMap(each -> each.own().stream()))
                .toList();
    }

    @Override
    public List<CertificateSnapshot> certificates() {
        return all().stream().map(this::snapshot).distinct().toList();
    }

    private CertificateSnapshot snapshot(ServerCertificate each) {
        Instant expires = expires(each);
        return new CertificateSnapshot(
                each.key().names(),
                each.key().isEc() ? "EC" : "RSA",
                expires.toString(),
                Math.floorDiv(
                        Duration.between(clock.instant(), expires).toSeconds(),
                        Duration.ofDays(1).toSeconds()),
                each.key().issuer(),
                source(each),
                each.staple() == null ? "" : each.staple().words(clock.instant()),
                each.problem());
    }

    private static Instant expires(ServerCertificate certificate) {
        return certificate.key().certificate().getNotAfter().toInstant();
    }

    private void measure(String source) {
        metrics.gauge(
                EXPIRY,
                "When a certificate that clients or servers are shown expires, in seconds since 1970.",
                () -> expiry(source),
                "certificate",
                source);
    }

    private void measureNoMore(String source) {
        if (expiry(source) == 0) {
            metrics.forget(EXPIRY, "certificate", source);
        }
    }

    /** In seconds since 1970; 0 if no listener shows it. */
    private long expiry(String source) {
        return all().stream()
                .filter(each -> source(each).equals(source))
                .mapToLong(each -> expires(each).getEpochSecond())
                .min()
                .orElse(0);
    }

    private void warn(List<ServerCertificate> certificates) {
        Instant now = clock.instant();
        for (ServerCertificate each : certificates) {
            Instant expires = expires(each);
            if (expires.isBefore(now)) {
                LOG.warn("certificate {} has expired on {}", source(each), expires);
            } else if (expires.isBefore(now.plus(WARNING))) {
                LOG.warn("certificate {} expires on {}", source(each), expires);
            }
        }
    }

    private static void warnOfStaples(ServerTls server) {
        if (server.config().ocspStapling() && !TlsLibrary.isBoringSsl()) {
            LOG.warn("'ocsp-stapling' does nothing: it takes BoringSSL, and the JDK speaks TLS here");
        }
        for (ServerCertificate each : server.certificates()) {
            if (each.staple() == null && Ocsp.isNeeded(each.key().certificate())) {
                LOG.warn(
                        "clients refuse certificate {} without an OCSP response: it takes 'ocsp-stapling: true'",
                        source(each));
            }
        }
    }

    // ---- loading them again ---------------------------------------------------------------------------------------

    @Override
    public CompletionStage<CertificatesReloaded> reload() {
        try {
            return CompletableFuture.supplyAsync(this::reloadNow, worker);
        } catch (RejectedExecutionException ended) {
            LOG.debug("nothing can be read now", ended);
            return CompletableFuture.completedStage(
                    new CertificatesReloaded(all().size(), 0, List.of("the process is ending")));
        }
    }

    private CertificatesReloaded reloadNow() {
        List<String> problems = new ArrayList<>();
        int replaced = 0;
        for (ServerTls each : servers) {
            replaced += each.reload(problems);
        }
        for (ClientTls each : clients) {
            replaced += each.reload(problems);
        }
        List<String> told = problems.stream().distinct().toList();
        told.forEach(problem -> LOG.error("{}; the certificate that was read before still holds", problem));
        if (replaced > 0) {
            LOG.info("{} certificates were replaced", replaced);
            warn(all());
        }
        return new CertificatesReloaded(all().size(), replaced, told);
    }

    private void watch() {
        if (timer != null && watching.compareAndSet(false, true)) {
            next();
        }
    }

    private void next() {
        Timer later = timer;
        if (!closed && later != null) {
            later.after(PERIOD, this::lookLater);
        }
    }

    private void lookLater() {
        try {
            worker.execute(() -> {
                try {
                    look();
                } catch (RuntimeException e) {
                    LOG.error("the files of certificates cannot be looked at", e);
                } finally {
                    next();
                }
            });
        } catch (RejectedExecutionException ended) {
            LOG.debug("the process is ending", ended);
        }
    }

    /** On the worker. */
    void look() {
        if (files.haveChanged(Stream.concat(
                        servers.stream().flatMap(each -> ServerTls.files(each.config()).stream()),
                        clients.stream().flatMap(each -> each.config().files().stream()))
                .toList())) {
            reloadNow();
        }
        staples.look(all(), worker);
        Instant now = clock.instant();
        if (warned.equals(Instant.MIN)) {
            warned = now; // those of the start were warned of
        } else if (now.isAfter(warned.plus(Duration.ofDays(1)))) {
            warned = now;
            warn(all());
        }
        tickets().rotateIfDue();
    }
}
