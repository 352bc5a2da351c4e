package dev.baton.runtime.tls;

import dev.baton.spi.tls.CertifiedKey;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.cert.CertPathValidator;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXParameters;
import java.security.cert.PKIXRevocationChecker;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Arrays;
import java.util.Date;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Questions to OCSP responders, and their answers (RFC 6960), for one certificate. The JDK verifies the answers:
 * signature, responder, certificate, status and time.
 */
final class Ocsp {
    private static final String AUTHORITY_INFORMATION = "1.3.6.1.5.5.7.1.1";
    private static final String TLS_FEATURE = "1.3.6.1.5.5.7.1.24";
    /** 1.3.6.1.5.5.7.48.1, in DER without tag and length. */
    private static final byte[] ACCESS_BY_OCSP = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01};

    private static final int URI_NAME = 0x86;
    /** The AlgorithmIdentifier of SHA-1, by which a certificate is named here: each responder knows it. */
    private static final byte[] SHA_1 = {0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00};

    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyyMMddHHmmss'Z'");

    private final X509Certificate certificate;
    private final X509Certificate issuer;
    /** Names the certificate. */
    private final byte[] id;

    /** An answer that may be shown. */
    static final class Answer {
        private final byte[] response;
        private final Instant from;
        private final Instant to;

        private Answer(byte[] response, Instant from, Instant to) {
            this.response = response;
            this.from = from;
            this.to = to;
        }

        /** In DER; not to be changed. */
        byte[] response() {
            return response;
        }

        /** When it was true. */
        Instant from() {
            return from;
        }

        /** Until when it may be shown. */
        Instant to() {
            return to;
        }
    }

    /** For a certificate with its issuer in the chain. */
    private Ocsp(X509Certificate certificate, X509Certificate issuer) {
        this.certificate = certificate;
        this.issuer = issuer;
        this.id = id(certificate, issuer);
    }

    /** Null if the chain has no issuer. */
    static @Nullable Ocsp of(CertifiedKey key) {
        List<X509Certificate> chain = key.chain();
        return chain.size() < 2 ? null : new Ocsp(chain.get(0), chain.get(1));
    }

    /** True if clients refuse the certificate without an answer (RFC 7633). */
    static boolean isNeeded(X509Certificate certificate) {
        return certificate.getExtensionValue(TLS_FEATURE) != null;
    }

    private static byte[] id(X509Certificate certificate, X509Certificate issuer) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-1");
            byte[] name = digest.digest(issuer.getSubjectX500Principal().getEncoded());
            byte[] bits =
                    DerElement.of(issuer.getPublicKey().getEncoded()).child(1).content();
            byte[] key = digest.digest(Arrays.copyOfRange(bits, 1, bits.length)); // without the count of unused bits
            return DerElement.write(
                    DerElement.SEQUENCE,
                    SHA_1,
                    DerElement.write(DerElement.OCTET_STRING, name),
                    DerElement.write(DerElement.OCTET_STRING, key),
                    DerElement.write(
                            DerElement.INTEGER, certificate.getSerialNumber().toByteArray()));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this JDK has no SHA-1", e);
        }
    }

    /** Whom to ask, as the certificate says; null if it names nobody. */
    @Nullable
    URI responder() {
        byte[] extension = certificate.getExtensionValue(AUTHORITY_INFORMATION);
        if (extension == null) {
            return null;
        }
        try {
            for (DerElement each : DerElement.of(extension).unwrapped().children()) {
                DerElement place = each.child(1);
                if (place.tag() == URI_NAME && Arrays.equals(each.child(0).content(), ACCESS_BY_OCSP)) {
                    URI uri = URI.create(new String(place.content(), StandardCharsets.US_ASCII));
                    if ("http".equals(uri.getScheme()) || "https".equals(uri.getScheme())) {
                        return uri;
                    }
                }
            }
            return null;
        } catch (IllegalArgumentException malformed) {
            return null;
        }
    }

    /** The question, in DER. */
    byte[] request() {
        byte[] requests = DerElement.write(DerElement.SEQUENCE, DerElement.write(DerElement.SEQUENCE, id));
        return DerElement.write(DerElement.SEQUENCE, DerElement.write(DerElement.SEQUENCE, requests));
    }

    /**
     * Verifies an answer.
     *
     * @throws IllegalArgumentException if it may not be shown, with why
     */
    Answer verify(byte[] response, Instant now) {
        try {
            CertPathValidator validator = CertPathValidator.getInstance("PKIX");
            PKIXRevocationChecker checker = (PKIXRevocationChecker) validator.getRevocationChecker();
            checker.setOcspResponses(Map.of(certificate, response));
            checker.setOptions(
                    EnumSet.of(PKIXRevocationChecker.Option.NO_FALLBACK, PKIXRevocationChecker.Option.ONLY_END_ENTITY));
            PKIXParameters parameters = new PKIXParameters(Set.of(new TrustAnchor(issuer, null)));
            parameters.setRevocationEnabled(false); // by this checker only
            parameters.addCertPathChecker(checker);
            parameters.setDate(Date.from(now));
            validator.validate(
                    CertificateFactory.getInstance("X.509").generateCertPath(List.of(certificate)), parameters);
        } catch (GeneralSecurityException | RuntimeException e) {
            throw new IllegalArgumentException("the responder's answer is refused: " + e.getMessage(), e);
        }
        try {
            return read(response, now);
        } catch (IllegalArgumentException | DateTimeException e) {
            throw new IllegalArgumentException("the responder's answer is malformed: " + e.getMessage(), e);
        }
    }

    /** What was verified. */
    private Answer read(byte[] response, Instant now) {
        DerElement basic = DerElement.of(response).child(1).child(0).child(1).unwrapped();
        List<DerElement> data = basic.child(0).children();
        // Version and responder come before the time of the whole.
        int at = 0;
        while (at < data.size() && data.get(at).tag() != DerElement.GENERALIZED_TIME) {
            at++;
        }
        if (at + 1 >= data.size()) {
            throw new IllegalArgumentException("it lacks something");
        }
        byte[] wanted = certificate.getSerialNumber().toByteArray();
        for (DerElement single : data.get(at + 1).children()) {
            List<DerElement> parts = single.children();
            if (parts.size() < 3 || !Arrays.equals(parts.get(0).child(3).content(), wanted)) {
                continue;
            }
            if (parts.size() < 4 || parts.get(3).tag() != DerElement.EXPLICIT_0) {
                throw new IllegalArgumentException("it does not say how long it is true");
            }
            Instant from = time(parts.get(2));
            Instant to = time(parts.get(3).child(0));
            if (!to.isAfter(now)) {
                throw new IllegalArgumentException("it was true until " + to);
            }
            return new Answer(response, from, to);
        }
        throw new IllegalArgumentException("it is about other certificates");
    }

    private static Instant time(DerElement element) {
        return LocalDateTime.parse(new String(element.content(), StandardCharsets.US_ASCII), TIME)
                .toInstant(ZoneOffset.UTC);
    }
}
