package dev.baton.runtime.tls;

import dev.baton.runtime.config.UpstreamTlsConfig;
import dev.baton.spi.config.WrongValueException;
import dev.baton.spi.metrics.Metrics;
import dev.baton.spi.tls.CertificateFiles;
import dev.baton.spi.tls.CertifiedKey;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolConfig.Protocol;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectedListenerFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectorFailureBehavior;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import javax.net.ssl.SSLException;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The client's side of TLS with the servers of one upstream. Its certificate and its authorities may be replaced while
 * it runs: connections that were opened before are not used for anything new then, and no session of theirs is resumed.
 *
 * <p>Threading: any thread; what reads files or makes contexts, on no loop.
 */
public final class ClientTls {
    /** Servers refuse tickets that are older sooner or later; RFC 8446 allows seven days. */
    private static final Duration SESSION_LIFETIME = Duration.ofHours(12);
    /** Of all servers of the upstream, of which there are 1024 at most. */
    private static final int SESSIONS_MAX = 4096;

    private static final Logger LOG = LoggerFactory.getLogger(ClientTls.class);
    private static final long QUIET_NANOS = TimeUnit.MINUTES.toNanos(1);

    private final String upstream;
    private final UpstreamTlsConfig config;
    private final ClientTlsCounters counters;
    private final List<ClientOffer> offers = new ArrayList<>();
    private final List<Runnable> whenReplaced = new CopyOnWriteArrayList<>();
    private final AtomicLong toldNanos = new AtomicLong(System.nanoTime());
    private final @Nullable CertificateFiles files;
    private volatile Settings settings;
    /** Null: servers are shown none. */
    private volatile @Nullable ServerCertificate own;

    /**
     * What the files had.
     *
     * @param ca null: the JDK's
     * @param own null: servers are shown none
     */
    private record Settings(
            @Nullable List<X509Certificate> ca, @Nullable CertifiedKey own) {}

    /**
     * Reads the files.
     *
     * @throws IllegalArgumentException if one is wrong, or the TLS library refuses what it has
     */
    ClientTls(String upstream, UpstreamTlsConfig config, Metrics metrics) {
        this.upstream = upstream;
        this.config = config;
        this.counters = new ClientTlsCounters(upstream, metrics);
        this.files = config.own().orElse(null);
        this.settings = read();
        this.own = own(settings, context(settings, List.of())); // what the library refuses is told at the start
    }

    private Settings read() {
        return new Settings(
                config.ca().map(CertificateFiles::certificates).orElse(null), files == null ? null : files.read());
    }

    private @Nullable ServerCertificate own(Settings of, SslContext context) {
        CertifiedKey key = of.own();
        return files == null || key == null
                ? null
                : new ServerCertificate(CertificateSource.of(files), key, context, null, "");
    }

    /**
     * What connections of one protocol offer. The same object for the same protocols.
     *
     * @param protocols by ALPN, in the order of preference; empty: those of the configuration
     * @param required whether the server must take one of them
     */
    public synchronized ClientOffer offering(List<String> protocols, boolean required) {
        List<String> offered = protocols.isEmpty() ? config.alpn() : protocols;
        for (ClientOffer each : offers) {
            if (each.isOf(offered, required)) {
                return each;
            }
        }
        ClientOffer made = new ClientOffer(this, offered, required, context(settings, offered));
        offers.add(made);
        return made;
    }

    /** Runs a task whenever what connections are opened with has been replaced: before a reload ends. On no loop. */
    public void whenReplaced(Runnable task) {
        whenReplaced.add(task);
    }

    String upstream() {
        return upstream;
    }

    ClientTlsCounters counters() {
        return counters;
    }

    UpstreamTlsConfig config() {
        return config;
    }

    /** The certificate that servers are shown, if there is one. */
    Optional<ServerCertificate> own() {
        return Optional.ofNullable(own);
    }

    /** A connection has failed after its handshake: says so in the log, once a minute. Any thread. */
    void tellLater(String server, String words) {
        long now = System.nanoTime();
        long due = toldNanos.get();
        if (now - due >= 0 && toldNanos.compareAndSet(due, now + QUIET_NANOS)) {
            LOG.warn(
                    "upstream {}: TLS with server {} has failed after the handshake: {} (logged once a minute; counted in"
                            + " baton_upstream_tls_failures_total)",
                    upstream,
                    server,
                    words);
        }
    }

    // ---- reading again --------------------------------------------------------------------------------------------

    /**
     * Reads the files again, on no loop. All of what they have is taken, or nothing.
     *
     * @param problems gets a line for each file that is wrong or refused
     * @return how many certificates of its own were replaced: 1 or 0
     */
    synchronized int reload(List<String> problems) {
        Settings before = settings;
        ServerCertificate kept = own;
        Settings now;
        ServerCertificate fresh = kept;
        List<SslContext> contexts = new ArrayList<>();
        try {
            now = read();
            if (!now.equals(before)) {
                fresh = own(now, context(now, List.of()));
                for (ClientOffer each : offers) {
                    contexts.add(context(now, each.protocols()));
                }
            }
        } catch (IllegalArgumentException wrong) {
            String problem = words(wrong);
            problems.add(problem);
            own = kept == null ? null : kept.withProblem(problem);
            return 0;
        }
        own = fresh == null ? null : fresh.withProblem("");
        if (now.equals(before)) {
            return 0;
        }
        settings = now;
        for (int i = 0; i < contexts.size(); i++) {
            offers.get(i).replace(contexts.get(i));
        }
        whenReplaced.forEach(Runnable::run); // behind that: see ServerPool.join
        LOG.info("upstream {}: new connections use what its files for TLS have now", upstream);
        return now.own() == null || now.own().equals(before.own()) ? 0 : 1;
    }

    private static String words(IllegalArgumentException wrong) {
        StringBuilder words = new StringBuilder(String.valueOf(wrong.getMessage()));
        for (Throwable more : wrong.getSuppressed()) {
            if (more instanceof WrongValueException) {
                words.append("; ").append(more.getMessage());
            }
        }
        return words.toString();
    }

    // ---- contexts -------------------------------------------------------------------------------------------------

    /** Sessions belong to one: none is resumed with another certificate, or without the same verification. */
    private SslContext context(Settings of, List<String> protocols) {
        SslContextBuilder builder = SslContextBuilder.forClient()
                .sslProvider(TlsLibrary.provider())
                // What the key is kept in until the library has it: that of the default takes 50 ms to encrypt it.
                .keyStoreType("JKS")
                .protocols(config.spoken().stream().map(Object::toString).toArray(String[]::new))
                .ciphers(Suites.of(config.ciphers()))
                .sessionCacheSize(SESSIONS_MAX)
                .sessionTimeout(SESSION_LIFETIME.toSeconds())
                .trustManager(verifier(of))
                .endpointIdentificationAlgorithm(config.verify() ? "HTTPS" : null);
        CertifiedKey own = of.own();
        if (own != null) {
            builder.keyManager(own.key(), own.chain().toArray(X509Certificate[]::new));
        }
        if (!protocols.isEmpty()) {
            builder.applicationProtocolConfig(new ApplicationProtocolConfig(
                    Protocol.ALPN,
                    SelectorFailureBehavior.NO_ADVERTISE,
                    SelectedListenerFailureBehavior.ACCEPT,
                    protocols));
        }
        try {
            return builder.build();
        } catch (SSLException e) {
            throw new IllegalArgumentException("upstreams." + upstream + ".tls cannot be used: " + e.getMessage(), e);
        }
    }

    private X509ExtendedTrustManager verifier(Settings of) {
        if (!config.verify()) {
            return new TrustingVerifier();
        }
        return new ServerVerifier(
                of.ca(), config.ca().map(file -> "those in " + file).orElse("those that the JDK trusts"));
    }
}
