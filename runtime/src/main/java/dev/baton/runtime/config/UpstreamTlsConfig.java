package dev.baton.runtime.config;

import dev.baton.spi.config.Checked;
import dev.baton.spi.config.Default;
import dev.baton.spi.config.WrongValueException;
import dev.baton.spi.tls.CertificateFiles;
import dev.baton.spi.tls.CertificatesCheck;
import dev.baton.spi.tls.CipherSuite;
import dev.baton.spi.tls.TlsVersion;
import io.netty.util.NetUtil;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * {@code tls:} of an upstream: how its servers are spoken to.
 *
 * @param enabled whether they speak TLS
 * @param ca file of the authorities, in PEM, one of which must have signed the servers' certificates; without it, those
 *     that the JDK trusts
 * @param serverName the name or address that the servers' certificates must have, and that the servers are asked for
 *     (SNI); without it, the host of each server
 * @param verify whether the servers' certificates are verified at all
 * @param certificate file of the certificate that servers are shown, and behind it those that they need to trust it;
 *     without it they are shown none
 * @param key file of its private key
 * @param keyPassword file whose first line is the password of an encrypted key
 * @param versions of TLS; without it, {@code [TLSv1.2, TLSv1.3]}
 * @param ciphers suites of TLS 1.2, in the order of preference; without it, those with AES-GCM and ChaCha20
 * @param alpn protocols that are offered where the service does not say what it speaks
 */
@ShortForm("enabled")
public record UpstreamTlsConfig(
        @Default("true") boolean enabled,
        @Checked(CertificatesCheck.class) Optional<Path> ca,
        Optional<String> serverName,
        @Default("true") boolean verify,
        Optional<Path> certificate,
        Optional<Path> key,
        Optional<Path> keyPassword,
        List<TlsVersion> versions,
        List<CipherSuite> ciphers,
        List<String> alpn) {
    /** RFC 1035, section 2.3.4, and underscores; a wildcard is no name to ask for. */
    private static final Pattern NAME =
            Pattern.compile("(?=.{1,253}$)(?![0-9.]+$)[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
                    + "(\\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*");

    private static final int PROTOCOL_BYTES_MAX = 255;

    /** HTTP/2 by its name in a handshake. */
    private static final String HTTP_2 = "h2";

    static final String NO_HTTP_2 =
            "HTTP/2 must not be spoken with the suites in 'ciphers': add one with AES-GCM or ChaCha20";

    /** Reads the files, and refuses keys that contradict each other. */
    public UpstreamTlsConfig {
        List<WrongValueException> wrong = new ArrayList<>();
        if (ca.isPresent() && !verify) {
            wrong.add(new WrongValueException("ca", "with 'verify: false' nothing is verified; remove one of them"));
        }
        serverName
                .filter(name -> !isAddress(name) && !NAME.matcher(name).matches())
                .ifPresent(name -> wrong.add(new WrongValueException(
                        "serverName",
                        "'" + name + "' is neither a host name nor an address: expected one such as app.example.com,"
                                + " without a port")));
        serverName
                .filter(name ->
                        verify && name.contains("_") && NAME.matcher(name).matches())
                .ifPresent(name -> wrong.add(new WrongValueException("serverName", underscore(name))));
        readOwn(certificate, key, keyPassword, wrong);
        if (!ciphers.isEmpty() && !versions.isEmpty() && !versions.contains(TlsVersion.TLS_1_2)) {
            wrong.add(new WrongValueException(
                    "ciphers", "they are of " + TlsVersion.TLS_1_2 + ", which 'versions' leaves out"));
        }
        for (int i = 0; i < alpn.size(); i++) {
            if (!isProtocol(alpn.get(i)) || alpn.indexOf(alpn.get(i)) < i) {
                wrong.add(new WrongValueException(
                        "alpn[" + i + "]",
                        isProtocol(alpn.get(i))
                                ? "'" + alpn.get(i) + "' stands there twice"
                                : "'" + alpn.get(i) + "' is no protocol: expected 1 to 255 characters of ASCII"));
            }
        }
        if (alpn.contains(HTTP_2) && !CipherSuite.allowHttp2(versions, ciphers)) {
            wrong.add(new WrongValueException("alpn[" + alpn.indexOf(HTTP_2) + "]", NO_HTTP_2));
        }
        WrongValueException.throwAll(wrong);
    }

    static String underscore(String name) {
        return "'" + name + "' has an underscore, and no certificate can be verified for such a name";
    }

    private static void readOwn(
            Optional<Path> certificate,
            Optional<Path> key,
            Optional<Path> keyPassword,
            List<WrongValueException> wrong) {
        if (certificate.isPresent() && key.isPresent()) {
            try {
                new CertificateFiles(certificate.get(), key.get(), keyPassword);
            } catch (WrongValueException e) {
                addCopy(e, wrong); // those behind it would be told twice otherwise
                for (Throwable more : e.getSuppressed()) {
                    if (more instanceof WrongValueException another) {
                        addCopy(another, wrong);
                    }
                }
            }
        } else if (certificate.isPresent()) {
            wrong.add(new WrongValueException("certificate", "it needs 'key', the file of its private key"));
        } else if (key.isPresent()) {
            wrong.add(new WrongValueException("key", "it needs 'certificate', the file of what it proves"));
        } else if (keyPassword.isPresent()) {
            wrong.add(new WrongValueException("keyPassword", "it needs 'certificate' and 'key'"));
        }
    }

    private static void addCopy(WrongValueException one, List<WrongValueException> wrong) {
        wrong.add(new WrongValueException(one.component(), String.valueOf(one.getMessage())));
    }

    private static boolean isAddress(String text) {
        return NetUtil.isValidIpV4Address(text) || NetUtil.isValidIpV6Address(text);
    }

    private static boolean isProtocol(String text) {
        return !text.isEmpty()
                && text.length() <= PROTOCOL_BYTES_MAX
                && StandardCharsets.US_ASCII.newEncoder().canEncode(text);
    }

    /** The certificate that servers are shown; empty if they are shown none. */
    public Optional<CertificateFiles> own() {
        return certificate.map(file -> new CertificateFiles(file, key.orElseThrow(), keyPassword));
    }

    /** Every file that it names. */
    public Set<Path> files() {
        Set<Path> files = new LinkedHashSet<>();
        List.of(ca, certificate, key, keyPassword).forEach(each -> each.ifPresent(files::add));
        return files;
    }

    /** The versions that are spoken. */
    public Set<TlsVersion> spoken() {
        return versions.isEmpty() ? Set.of(TlsVersion.values()) : Set.copyOf(versions);
    }
}
