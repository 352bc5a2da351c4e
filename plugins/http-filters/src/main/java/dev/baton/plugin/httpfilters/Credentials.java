package dev.baton.plugin.httpfilters;

import dev.baton.plugin.httpfilters.log.AccessLog;
import dev.baton.spi.config.WrongValueException;
import dev.baton.spi.http.HttpAnswer;
import dev.baton.spi.http.HttpExchange;
import dev.baton.spi.http.HttpFields;
import dev.baton.spi.http.HttpVerdict;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What the filters that ask who a client is have in common. */
final class Credentials {
    private static final String FIELD = "Authorization";
    private static final int UNAUTHORIZED = 401;
    private static final byte[] SALT = new SecureRandom().generateSeed(16);

    private Credentials() {}

    /**
     * What stands behind the name of a scheme in the request.
     *
     * @param scheme for example {@code Bearer}, compared without regard to case
     * @return null if the request has no credentials, several, or those of another scheme
     */
    static @Nullable String of(HttpFields fields, String scheme) {
        List<String> values = fields.all(FIELD);
        if (values.size() != 1) {
            return null;
        }
        String value = values.get(0);
        int blank = value.indexOf(' ');
        return blank == scheme.length() && value.regionMatches(true, 0, scheme, 0, blank)
                ? value.substring(blank).strip()
                : null;
    }

    /** Lets a request pass, in this name; the server gets it in a field if the configuration says so. */
    static HttpVerdict pass(HttpExchange exchange, String user, Optional<String> userField) {
        exchange.set(AccessLog.USER, user);
        // In the place of any that the client has sent.
        userField.ifPresent(field -> exchange.request().fields().set(field, user));
        return HttpVerdict.CONTINUE;
    }

    /** Asks for credentials. */
    static HttpVerdict refuse(HttpExchange exchange, String challenge) {
        exchange.answer(
                HttpAnswer.of(UNAUTHORIZED).with("WWW-Authenticate", challenge).text("Unauthorized\n"));
        return HttpVerdict.ANSWERED;
    }

    /**
     * A digest to look secrets up by: how long it takes to compare two tells nothing about them, since the salt is
     * random and of this process.
     */
    static Secret digest(String secret) {
        try {
            MessageDigest sha = MessageDigest.getInstance("SHA-256");
            sha.update(SALT);
            return new Secret(sha.digest(secret.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has SHA-256", e);
        }
    }

    /** The digest of a secret. */
    static final class Secret {
        private final byte[] digest;

        private Secret(byte[] digest) {
            this.digest = digest;
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Secret secret && MessageDigest.isEqual(digest, secret.digest);
        }

        @Override
        public int hashCode() {
            return (digest[0] & 0xFF) | (digest[1] & 0xFF) << 8 | (digest[2] & 0xFF) << 16 | digest[3] << 24;
        }
    }

    /** Checks the text that a client shows to people when it asks them for credentials. */
    static void checkRealm(String realm) {
        if (realm.indexOf('"') >= 0 || realm.indexOf('\\') >= 0) {
            throw new WrongValueException("realm", "it has a quote or a backslash");
        }
        FieldRules.checkValue("realm", "realm", realm);
    }
}
