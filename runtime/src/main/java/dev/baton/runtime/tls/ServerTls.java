package dev.baton.runtime.tls;

import dev.baton.runtime.tls.PublishedCertificates.Published;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.config.WrongValueException;
import dev.baton.spi.filter.ConnectionFilter;
import dev.baton.spi.filter.Next;
import dev.baton.spi.tls.CertificateFiles;
import dev.baton.spi.tls.CertifiedKey;
import dev.baton.spi.tls.CipherSuite;
import dev.baton.spi.tls.ServerTlsConfig;
import dev.baton.spi.tls.TlsVersion;
import io.netty.handler.ssl.SslContext;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The server's side of TLS on one listener. Its certificates may be replaced while it runs: a handshake has those that
 * were there when it began.
 */
final class ServerTls implements ConnectionFilter {
    private static final Logger LOG = LoggerFactory.getLogger(ServerTls.class);

    private final ServerTlsConfig config;
    private final Set<TlsVersion> versions;
    private final Set<CipherSuite> suites;
    private volatile ServerContexts contexts;
    private final ChallengeCertificates challenges;
    private final TlsCounters counters;
    private final Consumer<ServerTls> closed;
    private volatile CertificateChoice choice;
    /** Of the last time that a file was read; guarded by this. */
    private List<X509Certificate> clientCa;

    /**
     * Reads the files.
     *
     * @param challenges what proves control of names
     * @param closed told when the listener is gone
     * @throws IllegalArgumentException if one is wrong
     */
    ServerTls(
            ServerTlsConfig config,
            ServerContexts contexts,
            ChallengeCertificates challenges,
            TlsCounters counters,
            Consumer<ServerTls> closed) {
        this.config = config;
        this.versions = config.spoken();
        this.suites = Suites.older(config.ciphers()).collect(Collectors.toUnmodifiableSet());
        this.contexts = contexts;
        this.challenges = challenges;
        this.counters = counters;
        this.closed = closed;
        this.clientCa = config.clientCa().map(CertificateFiles::certificates).orElse(List.of());
        List<ServerCertificate> all = new ArrayList<>();
        for (CertificateFiles files : config.certificates()) {
            all.add(contexts.make(CertificateSource.of(files), files.read(), clientCa));
        }
        this.choice = new CertificateChoice(all, config.unknownName());
    }

    @Override
    public void accepted(MovableChannel connection, Next next) {
        Handshake handshake = new Handshake(next, counters, config.clientCa().isPresent());
        connection.pipeline().addLast(new ClientHelloReader(this, handshake), handshake);
    }

    @Override
    public synchronized void serves(List<String> protocols) {
        if (protocols.isEmpty()) {
            return;
        }
        if (!config.alpn().isEmpty()) {
            mustSpeak(protocols);
            return;
        }
        List<String> possible = config.possible(protocols);
        if (possible.size() < protocols.size()) {
            LOG.warn(
                    "clients of a listener are offered {} and not HTTP/2: it takes a suite with AES-GCM or ChaCha20 in"
                            + " 'ciphers'",
                    possible);
        }
        contexts = contexts.offering(possible);
        List<ServerCertificate> all = new ArrayList<>();
        for (ServerCertificate each : choice.all()) {
            all.add(contexts.make(each.source(), each.key(), clientCa));
        }
        choice = new CertificateChoice(all, config.unknownName());
    }

    /** Refuses what the file has clients offered and the service would not understand. */
    private void mustSpeak(List<String> protocols) {
        List<String> others =
                config.alpn().stream().filter(each -> !protocols.contains(each)).toList();
        if (!others.isEmpty()) {
            throw new IllegalArgumentException("tls.alpn: the service does not speak " + String.join(", ", others)
                    + "; it speaks " + String.join(", ", protocols));
        }
    }

    @Override
    public void close() {
        closed.accept(this);
    }

    /** What this client is shown; null if it is to be refused. */
    @Nullable
    ServerCertificate choose(ClientHello hello) {
        return choice.choose(hello.serverName(), hello.takesEc(versions, suites));
    }

    /** Whether this client and the service have a protocol in common, as far as they have said. */
    boolean speaksWith(ClientHello hello) {
        return contexts.speaksOneOf(hello.alpn());
    }

    /** What a client is shown that wants a proof of control of a name; null if it is to be served. */
    @Nullable
    SslContext proof(ClientHello hello) {
        return challenges.proof(hello);
    }

    /**
     * Shows what plugins have published, and its own files, from now on. On no loop.
     *
     * @throws IllegalArgumentException if the TLS library refuses one; it shows what it has shown then
     */
    synchronized void publish(List<Published> published) {
        Map<CertificateSource, ServerCertificate> known = new HashMap<>();
        List<ServerCertificate> all = new ArrayList<>();
        for (ServerCertificate each : choice.all()) {
            known.put(each.source(), each);
            if (each.source().files() != null) {
                all.add(each);
            }
        }
        for (Published each : published) {
            ServerCertificate before = known.get(each.source());
            all.add(
                    before != null && before.key().equals(each.key())
                            ? before
                            : contexts.make(each.source(), each.key(), clientCa));
        }
        choice = new CertificateChoice(all, config.unknownName());
    }

    /** All that it may show. */
    List<ServerCertificate> certificates() {
        return choice.all();
    }

    ServerTlsConfig config() {
        return config;
    }

    /** Every file that a server is made of. */
    static Set<Path> files(ServerTlsConfig config) {
        Set<Path> files = new LinkedHashSet<>(config.clientCa().stream().toList());
        for (CertificateFiles each : config.certificates()) {
            files.add(each.certificate());
            files.add(each.key());
            each.keyPassword().ifPresent(files::add);
        }
        return files;
    }

    /** What the files of a certificate had when they were read again; the problem is empty if they could be read. */
    private record Reading(ServerCertificate old, CertifiedKey key, String problem) {}

    /**
     * Reads the files again, on no loop. A certificate stays as it was if its files are wrong, or the TLS library
     * refuses it; all others are replaced. The clients' authorities stay as they were for all certificates, or for
     * none.
     *
     * @param problems gets a line for each file that is wrong or refused
     * @return how many certificates have changed
     */
    synchronized int reload(List<String> problems) {
        List<X509Certificate> authorities = clientCa;
        if (config.clientCa().isPresent()) {
            try {
                authorities = CertificateFiles.certificates(config.clientCa().get());
            } catch (IllegalArgumentException wrong) {
                problems.add(String.valueOf(wrong.getMessage()));
            }
        }
        List<ServerCertificate> before = choice.all();
        List<Reading> readings =
                before.stream().map(each -> read(each, problems)).toList();
        List<ServerCertificate> now;
        try {
            now = make(readings, authorities, problems);
        } catch (IllegalArgumentException refused) { // with keys that were good before
            problems.add(config.clientCa().map(Path::toString).orElse("") + " is not used: " + words(refused));
            authorities = clientCa;
            now = make(readings, authorities, problems);
        }
        int replaced = 0;
        for (int i = 0; i < now.size(); i++) {
            replaced += now.get(i).context() == before.get(i).context() ? 0 : 1;
        }
        clientCa = authorities;
        choice = new CertificateChoice(now, config.unknownName());
        return replaced;
    }

    private static Reading read(ServerCertificate old, List<String> problems) {
        CertificateFiles files = old.source().files();
        if (files == null) {
            return new Reading(old, old.key(), "");
        }
        try {
            return new Reading(old, files.read(), "");
        } catch (IllegalArgumentException wrong) {
            String problem = words(wrong);
            problems.add(problem);
            return new Reading(old, old.key(), problem);
        }
    }

    /** Throws an IllegalArgumentException if it is the authorities that the library refuses: none that it has had. */
    private List<ServerCertificate> make(
            List<Reading> readings, List<X509Certificate> authorities, List<String> problems) {
        boolean same = authorities.equals(clientCa);
        List<ServerCertificate> made = new ArrayList<>();
        for (Reading each : readings) {
            ServerCertificate old = each.old();
            if (same && each.key().equals(old.key())) {
                made.add(old.withProblem(each.problem()));
                continue;
            }
            try {
                made.add(contexts.make(old.source(), each.key(), authorities).withProblem(each.problem()));
            } catch (IllegalArgumentException refused) {
                ServerCertificate kept = same ? old : contexts.make(old.source(), old.key(), authorities);
                String problem = words(refused);
                problems.add(problem);
                made.add(kept.withProblem(problem));
            }
        }
        return made;
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
}
