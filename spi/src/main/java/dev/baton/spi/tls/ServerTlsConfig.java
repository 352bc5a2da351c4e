package dev.baton.spi.tls;

import dev.baton.spi.config.Checked;
import dev.baton.spi.config.Default;
import dev.baton.spi.config.WrongValueException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Keys of TLS with clients.
 *
 * @param certificates what the server shows; which of them, the name that the client asks for says. The first is shown
 *     where none is for that name. Without it, the server shows those of the {@link CertificateStore}
 * @param store whether the server shows those of the {@link CertificateStore} too, where {@code certificates} has none
 *     for the name; without it, only if there are no {@code certificates}
 * @param versions of TLS; without it, {@code [TLSv1.2, TLSv1.3]}
 * @param ciphers suites of TLS 1.2, in the order of preference; without it, those with AES-GCM and ChaCha20
 * @param clientCa file of the certificates, in PEM, that clients' certificates are verified with; without it, clients
 *     show none
 * @param clientAuth whether clients must show a certificate; without it, {@code require} where there is a
 *     {@code client-ca}
 * @param alpn protocols that the server speaks, in the order of preference, for example {@code [http/1.1]}; without it,
 *     those of the listener's service that are {@link #possible}
 * @param unknownName what a client is shown that asks for a name for which there is no certificate
 * @param ocspStapling whether clients that ask for it are shown what the certificate's responder says of it (OCSP)
 */
public record ServerTlsConfig(
        List<CertificateFiles> certificates,
        Optional<Boolean> store,
        List<TlsVersion> versions,
        List<CipherSuite> ciphers,
        @Checked(CertificatesCheck.class) Optional<Path> clientCa,
        Optional<ClientAuth> clientAuth,
        List<String> alpn,
        @Default("default") UnknownName unknownName,
        @Default("false") boolean ocspStapling) {
    private static final int PROTOCOL_BYTES_MAX = 255;

    /** HTTP/2 by its name in a handshake. */
    private static final String HTTP_2 = "h2";

    /** Refuses keys that contradict each other, and wrong names of protocols. */
    public ServerTlsConfig {
        List<WrongValueException> wrong = new ArrayList<>();
        if (!ciphers.isEmpty() && !versions.isEmpty() && !versions.contains(TlsVersion.TLS_1_2)) {
            wrong.add(new WrongValueException(
                    "ciphers", "they are of " + TlsVersion.TLS_1_2 + ", which 'versions' leaves out"));
        }
        if (clientAuth.isPresent() && clientCa.isEmpty()) {
            wrong.add(new WrongValueException("clientAuth", "it needs 'client-ca', which says whom to trust"));
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
            wrong.add(new WrongValueException(
                    "alpn[" + alpn.indexOf(HTTP_2) + "]",
                    "HTTP/2 must not be spoken with the suites in 'ciphers': add one with AES-GCM or ChaCha20"));
        }
        WrongValueException.throwAll(wrong);
        if (certificates.isEmpty() && store.isPresent() && !store.get()) {
            throw new IllegalArgumentException("it needs the key 'certificates', a list such as"
                    + " [ { certificate: web.crt, key: web.key } ], or 'store: true'");
        }
    }

    /** The same, with protocols for a file that names none. */
    public ServerTlsConfig orAlpn(List<String> protocols) {
        return alpn.isEmpty()
                ? new ServerTlsConfig(
                        certificates,
                        store,
                        versions,
                        ciphers,
                        clientCa,
                        clientAuth,
                        protocols,
                        unknownName,
                        ocspStapling)
                : this;
    }

    /** Whether it shows certificates of the {@link CertificateStore}. */
    public boolean showsStore() {
        return store.orElse(certificates.isEmpty());
    }

    /** Which of these protocols clients can be offered: not HTTP/2, where TLS 1.2 has only suites with CBC. */
    public List<String> possible(List<String> protocols) {
        return CipherSuite.allowHttp2(versions, ciphers)
                ? protocols
                : protocols.stream().filter(each -> !each.equals(HTTP_2)).toList();
    }

    private static boolean isProtocol(String text) {
        return !text.isEmpty()
                && text.length() <= PROTOCOL_BYTES_MAX
                && StandardCharsets.US_ASCII.newEncoder().canEncode(text);
    }

    /** The versions that are spoken. */
    public Set<TlsVersion> spoken() {
        return versions.isEmpty() ? Set.of(TlsVersion.values()) : Set.copyOf(versions);
    }
}
