package dev.baton.plugin.acme;

import dev.baton.spi.tls.CertificateFiles;
import java.io.IOException;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;

/**
 * What the files of the configuration have, kept in memory: once the process has changed its user it may be unable to
 * read them. Not a record, because it has a secret, which no line of a log is to show.
 */
final class AuthorityFiles {
    private final Optional<List<X509Certificate>> ca;
    private final Optional<String> externalKey;

    private AuthorityFiles(Optional<List<X509Certificate>> ca, Optional<String> externalKey) {
        this.ca = ca;
        this.externalKey = externalKey;
    }

    /**
     * Reads them.
     *
     * @throws IllegalArgumentException if one has become unreadable since the configuration was checked
     */
    static AuthorityFiles read(AcmeConfig config) {
        Optional<String> key = Optional.empty();
        if (config.externalAccount().isPresent()) {
            ExternalAccount account = config.externalAccount().get();
            try {
                key = Optional.of(account.read());
            } catch (IOException e) {
                throw new IllegalArgumentException("cannot read " + Failure.words(e), e);
            }
        }
        return new AuthorityFiles(config.ca().map(CertificateFiles::certificates), key);
    }

    /** What the authority's own certificate is verified with; empty for the certificates of the JDK. */
    Optional<List<X509Certificate>> ca() {
        return ca;
    }

    /** The key of the external account, in base64url; empty if there is no such account. */
    Optional<String> externalKey() {
        return externalKey;
    }
}
