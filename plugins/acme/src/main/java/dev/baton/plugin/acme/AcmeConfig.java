package dev.baton.plugin.acme;

import dev.baton.spi.config.Checked;
import dev.baton.spi.config.Hosts;
import dev.baton.spi.config.NotEmpty;
import dev.baton.spi.config.ValueCheck;
import dev.baton.spi.config.WrongValueException;
import dev.baton.spi.tls.CertificatesCheck;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The section {@code acme}.
 *
 * @param directory address of the authority's directory
 * @param email where the authority writes to if something is wrong with the certificates
 * @param folder where the account and the certificates are kept; no other user may read it
 * @param termsAgreed the user agrees to the authority's terms of service
 * @param ca file of the certificates, in PEM, that the authority's own certificate is verified with; without it, those
 *     of the JDK
 * @param externalAccount the account that the user has with the authority by other means
 * @param certificates what to get
 */
record AcmeConfig(
        @Checked(Directory.class) String directory,
        @Checked(Email.class) Optional<String> email,
        Path folder,
        boolean termsAgreed,
        @Checked(CertificatesCheck.class) Optional<Path> ca,
        Optional<ExternalAccount> externalAccount,
        @NotEmpty List<CertificateConfig> certificates) {
    private static final Pattern EMAIL = Pattern.compile("[A-Za-z0-9.!#$%&'*+/=^_`{|}~-]+@[A-Za-z0-9.-]+");
    /** Where the way to the authority is as safe without TLS. */
    private static final Set<String> LOOPBACK = Set.of("127.0.0.1", "[::1]", "localhost");

    /** Refuses what the authority would refuse later. */
    AcmeConfig {
        List<WrongValueException> wrong = new ArrayList<>();
        if (!termsAgreed) {
            wrong.add(new WrongValueException(
                    "termsAgreed", "the authority wants it: read its terms of service, and say true if you agree"));
        }
        List<String> names = certificates.stream().map(CertificateConfig::name).toList();
        for (int i = 0; i < names.size(); i++) {
            if (names.indexOf(names.get(i)) < i) {
                wrong.add(new WrongValueException(
                        "certificates[" + i + "]", "another certificate begins with '" + names.get(i) + "' too"));
            }
        }
        WrongValueException.throwAll(wrong);
    }

    /** The authority is asked by TLS. */
    static final class Directory implements ValueCheck<String> {
        @Override
        public Optional<String> problem(String text) {
            return isDirectory(text)
                    ? Optional.empty()
                    : Optional.of("'" + text + "' is no address of a directory: expected https://HOST/PATH");
        }
    }

    /** One address. */
    static final class Email implements ValueCheck<String> {
        @Override
        public Optional<String> problem(String text) {
            return EMAIL.matcher(text).matches()
                    ? Optional.empty()
                    : Optional.of("'" + text + "' is no address of mail");
        }
    }

    private static boolean isDirectory(String text) {
        try {
            URI uri = URI.create(text);
            String host = uri.getHost();
            return host != null
                    && Hosts.isHost(host)
                    && ("https".equals(uri.getScheme()) || ("http".equals(uri.getScheme()) && LOOPBACK.contains(host)));
        } catch (IllegalArgumentException no) {
            return false;
        }
    }
}
