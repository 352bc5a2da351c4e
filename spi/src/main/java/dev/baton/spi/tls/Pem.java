package dev.baton.spi.tls;

import dev.baton.spi.threading.AnyThread;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.InvalidKeyException;
import java.security.KeyFactory;
import java.security.NoSuchAlgorithmException;
import java.security.PrivateKey;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Cipher;
import javax.crypto.EncryptedPrivateKeyInfo;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * Certificates and private keys as text (RFC 7468). Keys may be in PKCS#8, encrypted or not, or in the older forms of
 * OpenSSL: PKCS#1 for RSA and SEC 1 for EC.
 */
@AnyThread
public final class Pem {
    private static final Pattern BLOCK = Pattern.compile("(?s)-----BEGIN ([A-Z0-9 ]{1,64})-----(.*?)-----END \\1-----");

    private static final String CERTIFICATE = "CERTIFICATE";
    private static final String PKCS8 = "PRIVATE KEY";
    private static final String ENCRYPTED = "ENCRYPTED PRIVATE KEY";
    private static final String PKCS1 = "RSA PRIVATE KEY";
    private static final String SEC1 = "EC PRIVATE KEY";
    private static final String EC_PARAMETERS = "EC PARAMETERS";

    private static final int LINE_CHARS = 64;

    private static final int PARAMETERS_TAG = 0xa0;
    private static final byte[] VERSION_0 = {0x02, 0x01, 0x00};
    /** The algorithm rsaEncryption, 1.2.840.113549.1.1.1, with its parameters, NULL. */
    private static final byte[] RSA = {
        0x30, 0x0d, 0x06, 0x09, 0x2a, (byte) 0x86, 0x48, (byte) 0x86, (byte) 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00
    };
    /** The algorithm id-ecPublicKey, 1.2.840.10045.2.1; a curve follows. */
    private static final byte[] EC = {0x06, 0x07, 0x2a, (byte) 0x86, 0x48, (byte) 0xce, 0x3d, 0x02, 0x01};

    private record Block(String label, String body) {
        byte[] decoded() {
            return Base64.getMimeDecoder().decode(body);
        }
    }

    private Pem() {}

    private static List<Block> blocks(String text) {
        List<Block> blocks = new ArrayList<>();
        Matcher matcher = BLOCK.matcher(text);
        while (matcher.find()) {
            blocks.add(new Block(matcher.group(1), matcher.group(2)));
        }
        return blocks;
    }

    /**
     * Reads all certificates of a text, in their order; other blocks are left out.
     *
     * @throws IllegalArgumentException if there is none, or one is malformed; the message completes "FILE ..."
     */
    public static List<X509Certificate> certificates(String text) {
        List<X509Certificate> certificates = new ArrayList<>();
        try {
            CertificateFactory factory = CertificateFactory.getInstance("X.509");
            for (Block block : blocks(text)) {
                if (block.label().equals(CERTIFICATE)) {
                    certificates.add(
                            (X509Certificate) factory.generateCertificate(new ByteArrayInputStream(block.decoded())));
                }
            }
        } catch (CertificateException | IllegalArgumentException e) {
            throw new IllegalArgumentException("has a malformed certificate: " + e.getMessage(), e);
        }
        if (certificates.isEmpty()) {
            throw new IllegalArgumentException("has no certificate: expected PEM, with -----BEGIN CERTIFICATE-----");
        }
        return List.copyOf(certificates);
    }

    /**
     * Reads the one private key of a text; other blocks are left out.
     *
     * @param password of an encrypted key; null if there is none
     * @throws IllegalArgumentException if there is none or several, it is malformed or not of RSA or EC, or the
     *     password is wrong; the message completes "FILE ..."
     */
    public static PrivateKey privateKey(String text, char @Nullable [] password) {
        List<Block> blocks = blocks(text);
        List<Block> keys =
                blocks.stream().filter(block -> block.label().endsWith(PKCS8)).toList();
        if (keys.size() != 1) {
            throw new IllegalArgumentException(
                    keys.isEmpty()
                            ? "has no private key: expected PEM, with -----BEGIN PRIVATE KEY-----"
                            : "has " + keys.size() + " private keys: expected one");
        }
        Block key = keys.get(0);
        if (key.body().contains("ENCRYPTED")) {
            throw new IllegalArgumentException(
                    "is encrypted in the old form of OpenSSL: convert it by 'openssl pkcs8 -topk8'");
        }
        if (key.label().equals(ENCRYPTED) && password == null) {
            throw new IllegalArgumentException("is encrypted: it needs 'key-password'");
        }
        try {
            return switch (key.label()) {
                case PKCS8 -> pkcs8(key.decoded());
                case ENCRYPTED -> decrypt(key.decoded(), password);
                case PKCS1 -> pkcs8(Der.sequence(VERSION_0, RSA, Der.element(Der.OCTET_STRING, key.decoded())));
                case SEC1 ->
                    pkcs8(Der.sequence(
                            VERSION_0,
                            Der.sequence(EC, curve(key.decoded(), blocks)),
                            Der.element(Der.OCTET_STRING, key.decoded())));
                default -> throw new IllegalArgumentException("has a " + key.label() + ", which must be of RSA or EC");
            };
        } catch (InvalidKeyException e) {
            throw new IllegalArgumentException("cannot be decrypted: 'key-password' is wrong", e);
        } catch (IOException | GeneralSecurityException e) {
            throw new IllegalArgumentException("has a malformed private key: " + e.getMessage(), e);
        }
    }

    private static PrivateKey pkcs8(byte[] encoded) throws NoSuchAlgorithmException, InvalidKeySpecException {
        PKCS8EncodedKeySpec spec = new PKCS8EncodedKeySpec(encoded);
        try {
            return KeyFactory.getInstance("RSA").generatePrivate(spec);
        } catch (InvalidKeySpecException otherwise) {
            try {
                return KeyFactory.getInstance("EC").generatePrivate(spec);
            } catch (InvalidKeySpecException e) {
                e.addSuppressed(otherwise);
                throw new InvalidKeySpecException("it is neither of RSA nor of EC", e);
            }
        }
    }

    private static PrivateKey decrypt(byte[] encoded, char @Nullable [] password)
            throws IOException, GeneralSecurityException {
        EncryptedPrivateKeyInfo info = new EncryptedPrivateKeyInfo(encoded);
        // The JDK names PBES2 as a whole; the cipher in it is what its parameters say of themselves.
        String algorithm = info.getAlgName();
        if (info.getAlgParameters() != null
                && (algorithm.equals("PBES2") || algorithm.equals("1.2.840.113549.1.5.13"))) {
            algorithm = info.getAlgParameters().toString();
        }
        PBEKeySpec spec = new PBEKeySpec(password);
        byte[] plain;
        try {
            Cipher cipher = Cipher.getInstance(algorithm);
            cipher.init(
                    Cipher.DECRYPT_MODE,
                    SecretKeyFactory.getInstance(algorithm).generateSecret(spec),
                    info.getAlgParameters());
            plain = cipher.doFinal(info.getEncryptedData());
        } catch (javax.crypto.BadPaddingException e) {
            throw new InvalidKeyException(e);
        } finally {
            spec.clearPassword();
        }
        try {
            return pkcs8(plain);
        } finally {
            Arrays.fill(plain, (byte) 0);
        }
    }

    // ---- DER, as far as the older forms need it ---------------------------------------------------------------------

    /**
     * The curve of a SEC 1 key: the field {@code [0]} behind the version and the number, or a block of its own before
     * the key.
     */
    private static byte[] curve(byte[] key, List<Block> blocks) throws InvalidKeySpecException {
        int at = content(key, 0);
        at = end(key, at); // the version
        at = end(key, at); // the number
        if (at < key.length && (key[at] & 0xff) == PARAMETERS_TAG) {
            return Arrays.copyOfRange(key, content(key, at), end(key, at));
        }
        return blocks.stream()
                .filter(block -> block.label().equals(EC_PARAMETERS))
                .findFirst()
                .map(Block::decoded)
                .orElseThrow(() -> new InvalidKeySpecException("it does not say which curve it is on"));
    }

    /** Where the content of the element at an index begins. */
    private static int content(byte[] der, int at) throws InvalidKeySpecException {
        if (at + 2 > der.length) {
            throw new InvalidKeySpecException("it is cut short");
        }
        int length = der[at + 1] & 0xff;
        return at + 2 + (length < 0x80 ? 0 : length - 0x80);
    }

    /** Where the element behind the one at an index begins. */
    private static int end(byte[] der, int at) throws InvalidKeySpecException {
        int content = content(der, at);
        int length = der[at + 1] & 0xff;
        if (length >= 0x80) {
            if (content > der.length || content - at > 2 + 3) {
                throw new InvalidKeySpecException("it is cut short");
            }
            length = new BigInteger(1, Arrays.copyOfRange(der, at + 2, content)).intValue();
        }
        if (length > der.length - content) {
            throw new InvalidKeySpecException("it is cut short");
        }
        return content + length;
    }

    // ---- writing ----------------------------------------------------------------------------------------------------

    /** Certificates as text. */
    public static String write(List<X509Certificate> certificates) {
        StringBuilder text = new StringBuilder();
        for (X509Certificate each : certificates) {
            try {
                text.append(block(CERTIFICATE, each.getEncoded()));
            } catch (CertificateException e) {
                throw new IllegalArgumentException("a certificate that cannot be encoded", e);
            }
        }
        return text.toString();
    }

    /** A private key as text: PKCS#8, not encrypted. */
    public static String write(PrivateKey key) {
        return block(PKCS8, key.getEncoded());
    }

    private static String block(String label, byte[] content) {
        return "-----BEGIN " + label + "-----\n"
                + Base64.getMimeEncoder(LINE_CHARS, new byte[] {'\n'}).encodeToString(content)
                + "\n-----END " + label + "-----\n";
    }
}
