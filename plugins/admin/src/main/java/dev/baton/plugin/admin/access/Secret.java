package dev.baton.plugin.admin.access;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;

/**
 * The SHA-256 digest of a token: what is kept and compared, so that the time of a comparison tells nothing of a token.
 */
final class Secret {
    private static final int DIGEST_BYTES = 32;
    private static final int RANDOM_BYTES = 32;
    private static final SecureRandom RANDOM = new SecureRandom();

    private final byte[] digest;

    private Secret(byte[] digest) {
        this.digest = digest;
    }

    static Secret of(String token) {
        try {
            return new Secret(MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    /** @throws IllegalArgumentException if these are not the 64 hexadecimal digits of a digest */
    static Secret ofDigest(String digits) {
        byte[] digest = HexFormat.of().parseHex(digits);
        if (digest.length != DIGEST_BYTES) {
            throw new IllegalArgumentException("a SHA-256 digest has 64 hexadecimal digits");
        }
        return new Secret(digest);
    }

    /** A token that nobody guesses: 256 random bits, in letters that need no escapes in a URL. */
    static String random() {
        byte[] bytes = new byte[RANDOM_BYTES];
        RANDOM.nextBytes(bytes);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Secret that && MessageDigest.isEqual(digest, that.digest);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(digest);
    }

    @Override
    public String toString() {
        return "a secret";
    }
}
