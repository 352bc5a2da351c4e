package dev.baton.spi.tls;

import dev.baton.spi.threading.OffLoop;
import io.netty.util.NetUtil;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.InvalidAlgorithmParameterException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.NoSuchAlgorithmException;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import javax.security.auth.x500.X500Principal;
import org.jspecify.annotations.Nullable;

/**
 * Makes certificates with keys of their own: self-signed ones to try with, or for a proof to a certificate authority,
 * and, for tests, those of an authority of one's own (RFC 5280).
 */
public final class CertificateMaker {
    /** Clocks of clients may be behind. */
    private static final Duration BACKDATED = Duration.ofHours(1);

    private static final int SERIAL_BITS = 127;
    private static final int RSA_BITS = 2048;

    private static final int GENERALIZED_TIME = 0x18;
    private static final int DNS_NAME = 0x82;
    private static final int IP_ADDRESS = 0x87;
    private static final int VERSION = 0xa0;
    private static final int EXTENSIONS = 0xa3;
    private static final byte[] TRUE = {0x01, 0x01, (byte) 0xff};
    private static final byte[] VERSION_3 = {Der.INTEGER, 1, 2};

    private static final byte[] SUBJECT_ALTERNATIVE_NAME = {0x06, 0x03, 0x55, 0x1d, 0x11};
    private static final byte[] BASIC_CONSTRAINTS = {0x06, 0x03, 0x55, 0x1d, 0x13};
    private static final byte[] ECDSA_WITH_SHA256 = {
        0x30, 0x0a, 0x06, 0x08, 0x2a, (byte) 0x86, 0x48, (byte) 0xce, 0x3d, 0x04, 0x03, 0x02
    };
    private static final byte[] RSA_WITH_SHA256 = {
        0x30, 0x0d, 0x06, 0x09, 0x2a, (byte) 0x86, 0x48, (byte) 0x86, (byte) 0xf7, 0x0d, 0x01, 0x01, 0x0b, 0x05, 0x00
    };

    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("yyyyMMddHHmmss'Z'").withZone(ZoneOffset.UTC);

    private final List<String> names;
    private final SecureRandom random = new SecureRandom();
    private final List<byte[]> extensions = new ArrayList<>();
    private boolean rsa;
    private boolean authority;
    private Instant from = Instant.now().minus(BACKDATED);
    private Instant to = Instant.now().plus(Duration.ofDays(365));
    private @Nullable CertifiedKey issuer;

    private CertificateMaker(List<String> names) {
        this.names = List.copyOf(names);
    }

    /**
     * For these names: DNS names or IP addresses, at least one. The first is also its common name. With an EC key, and
     * valid for a year, unless something else is said.
     */
    public static CertificateMaker of(String... names) {
        return new CertificateMaker(List.of(names));
    }

    /** With an RSA key. */
    public CertificateMaker rsa() {
        rsa = true;
        return this;
    }

    /** It may issue others. */
    public CertificateMaker authority() {
        authority = true;
        return this;
    }

    /** When it is valid. */
    public CertificateMaker valid(Instant begin, Instant end) {
        from = begin;
        to = end;
        return this;
    }

    /** Signed by another one, and not by itself. */
    public CertificateMaker issuedBy(CertifiedKey other) {
        issuer = other;
        return this;
    }

    /**
     * With a critical extension.
     *
     * @param id the object identifier, in DER
     * @param value its content, in DER
     */
    public CertificateMaker critical(byte[] id, byte[] value) {
        extensions.add(Der.sequence(id, TRUE, Der.element(Der.OCTET_STRING, value)));
        return this;
    }

    /** Makes one. The chain has the certificate, and those of the issuer. Cost: a pair of keys. */
    @OffLoop
    public CertifiedKey make() {
        try {
            KeyPair pair = keys();
            X500Principal subject = new X500Principal("CN=" + names.get(0));
            PrivateKey signer = issuer == null ? pair.getPrivate() : issuer.key();
            boolean signedByRsa = signer.getAlgorithm().equals("RSA");
            byte[] algorithm = signedByRsa ? RSA_WITH_SHA256 : ECDSA_WITH_SHA256;
            byte[] content = Der.sequence(
                    Der.element(VERSION, VERSION_3),
                    Der.element(Der.INTEGER, new BigInteger(SERIAL_BITS, random).toByteArray()),
                    algorithm,
                    (issuer == null ? subject : issuer.certificate().getSubjectX500Principal()).getEncoded(),
                    Der.sequence(time(from), time(to)),
                    subject.getEncoded(),
                    pair.getPublic().getEncoded(),
                    Der.element(EXTENSIONS, Der.sequence(extensions())));
            Signature signature = Signature.getInstance(signedByRsa ? "SHA256withRSA" : "SHA256withECDSA");
            signature.initSign(signer, random);
            signature.update(content);
            byte[] signed = signature.sign();
            byte[] bits = new byte[signed.length + 1]; // no unused ones
            System.arraycopy(signed, 0, bits, 1, signed.length);
            List<X509Certificate> chain = new ArrayList<>();
            chain.add((X509Certificate) CertificateFactory.getInstance("X.509")
                    .generateCertificate(new ByteArrayInputStream(
                            Der.sequence(content, algorithm, Der.element(Der.BIT_STRING, bits)))));
            if (issuer != null) {
                chain.addAll(issuer.chain());
            }
            return new CertifiedKey(chain, pair.getPrivate());
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("no certificate can be made by this JDK: " + e.getMessage(), e);
        }
    }

    private KeyPair keys() throws NoSuchAlgorithmException, InvalidAlgorithmParameterException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance(rsa ? "RSA" : "EC");
        if (rsa) {
            generator.initialize(RSA_BITS, random);
        } else {
            generator.initialize(new ECGenParameterSpec("secp256r1"), random);
        }
        return generator.generateKeyPair();
    }

    private static byte[] time(Instant instant) {
        return Der.element(GENERALIZED_TIME, TIME.format(instant).getBytes(StandardCharsets.US_ASCII));
    }

    private byte[][] extensions() {
        List<byte[]> all = new ArrayList<>(extensions);
        ByteArrayOutputStream alternatives = new ByteArrayOutputStream();
        for (String name : names) {
            byte[] address = NetUtil.createByteArrayFromIpAddressString(name);
            alternatives.writeBytes(
                    address == null
                            ? Der.element(DNS_NAME, name.getBytes(StandardCharsets.US_ASCII))
                            : Der.element(IP_ADDRESS, address));
        }
        all.add(Der.sequence(
                SUBJECT_ALTERNATIVE_NAME,
                Der.element(Der.OCTET_STRING, Der.element(Der.SEQUENCE, alternatives.toByteArray()))));
        if (authority) {
            all.add(Der.sequence(BASIC_CONSTRAINTS, TRUE, Der.element(Der.OCTET_STRING, Der.sequence(TRUE))));
        }
        return all.toArray(byte[][]::new);
    }
}
