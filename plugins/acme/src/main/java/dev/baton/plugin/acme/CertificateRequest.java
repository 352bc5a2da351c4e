package dev.baton.plugin.acme;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.Signature;
import java.util.List;
import javax.security.auth.x500.X500Principal;

/**
 * A request for a certificate (PKCS #10, RFC 2986), in DER. acme4j would make one too, but by 11 MB of libraries, which
 * every start would have to copy.
 */
final class CertificateRequest {
    private static final int INTEGER = 0x02;
    private static final int BIT_STRING = 0x03;
    private static final int OCTET_STRING = 0x04;
    private static final int SEQUENCE = 0x30;
    private static final int SET = 0x31;
    private static final int DNS_NAME = 0x82;
    private static final int ATTRIBUTES = 0xa0;

    /** 1.2.840.113549.1.9.14. */
    private static final byte[] EXTENSION_REQUEST = {
        0x06, 0x09, 0x2a, (byte) 0x86, 0x48, (byte) 0x86, (byte) 0xf7, 0x0d, 0x01, 0x09, 0x0e
    };
    /** 2.5.29.17. */
    private static final byte[] SUBJECT_ALTERNATIVE_NAME = {0x06, 0x03, 0x55, 0x1d, 0x11};

    private static final byte[] ECDSA_WITH_SHA256 = {
        0x30, 0x0a, 0x06, 0x08, 0x2a, (byte) 0x86, 0x48, (byte) 0xce, 0x3d, 0x04, 0x03, 0x02
    };
    private static final byte[] RSA_WITH_SHA256 = {
        0x30, 0x0d, 0x06, 0x09, 0x2a, (byte) 0x86, 0x48, (byte) 0x86, (byte) 0xf7, 0x0d, 0x01, 0x01, 0x0b, 0x05, 0x00
    };

    private CertificateRequest() {}

    /**
     * For these DNS names, signed with the key. The subject is empty: a common name has room for 64 characters only.
     */
    static byte[] of(List<String> names, KeyPair pair) {
        byte[][] alternatives = names.stream()
                .map(name -> element(DNS_NAME, name.getBytes(StandardCharsets.US_ASCII)))
                .toArray(byte[][]::new);
        byte[] extension =
                element(SEQUENCE, SUBJECT_ALTERNATIVE_NAME, element(OCTET_STRING, element(SEQUENCE, alternatives)));
        byte[] content = element(
                SEQUENCE,
                element(INTEGER, new byte[1]),
                new X500Principal("").getEncoded(),
                pair.getPublic().getEncoded(),
                element(ATTRIBUTES, element(SEQUENCE, EXTENSION_REQUEST, element(SET, element(SEQUENCE, extension)))));
        boolean ec = pair.getPrivate().getAlgorithm().equals("EC");
        try {
            Signature signature = Signature.getInstance(ec ? "SHA256withECDSA" : "SHA256withRSA");
            signature.initSign(pair.getPrivate());
            signature.update(content);
            return element(
                    SEQUENCE,
                    content,
                    ec ? ECDSA_WITH_SHA256 : RSA_WITH_SHA256,
                    element(BIT_STRING, new byte[1], signature.sign())); // no unused bits
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this JDK cannot sign a request for a certificate", e);
        }
    }

    private static byte[] element(int tag, byte[]... parts) {
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            content.writeBytes(part);
        }
        int length = content.size();
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(tag);
        if (length < 0x80) {
            out.write(length);
        } else {
            int bytes = length <= 0xff ? 1 : 2; // 100 names have 26,000 bytes at most
            out.write(0x80 + bytes);
            if (bytes == 2) {
                out.write(length >> 8);
            }
            out.write(length & 0xff);
        }
        out.writeBytes(content.toByteArray());
        return out.toByteArray();
    }
}
