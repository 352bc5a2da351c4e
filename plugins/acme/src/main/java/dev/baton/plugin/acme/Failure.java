package dev.baton.plugin.acme;

import java.io.IOException;
import java.net.URI;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.shredzone.acme4j.exception.AcmeException;
import org.shredzone.acme4j.exception.AcmeLazyLoadingException;
import org.shredzone.acme4j.exception.AcmeNetworkException;
import org.shredzone.acme4j.exception.AcmeProtocolException;
import org.shredzone.acme4j.exception.AcmeServerException;

/**
 * Why there is no new certificate.
 *
 * @param words for people, one line
 * @param isUnreachable the authority has not answered
 * @param retryAfter when the authority may be asked again; null if it has not said so
 */
record Failure(
        String words, boolean isUnreachable, @Nullable Instant retryAfter) {
    /** What an authority says may repeat what somebody else has answered: it is cut and has no control characters. */
    private static final int WORDS_MAX = 500;

    private static final String ERROR_TYPE = "urn:ietf:params:acme:error:";

    /**
     * Of what was thrown.
     *
     * @param directory whom was asked
     * @param retryAfter when the authority may be asked again, as far as its last answer says it
     */
    static Failure of(Throwable thrown, URI directory, @Nullable Instant retryAfter) {
        Throwable cause = thrown;
        while (cause instanceof AcmeLazyLoadingException && cause.getCause() != null) {
            cause = cause.getCause();
        }
        return new Failure(clean(words(cause, directory)), cause instanceof AcmeNetworkException, retryAfter);
    }

    private static String words(Throwable thrown, URI directory) {
        if (thrown instanceof AcmeServerException refused) {
            String type = String.valueOf(refused.getType());
            return "the authority refuses it: "
                    + (type.startsWith(ERROR_TYPE) ? type.substring(ERROR_TYPE.length()) : type) + ": "
                    + refused.getProblem();
        }
        if (thrown instanceof AcmeNetworkException) {
            Throwable cause = thrown.getCause();
            while (cause != null && cause.getMessage() == null && cause.getCause() != null) {
                cause = cause.getCause();
            }
            return directory.getHost() + " cannot be asked: " + cause;
        }
        if (thrown instanceof AcmeProtocolException) {
            return "the authority's answer is malformed: " + thrown.getMessage();
        }
        if (thrown instanceof AcmeException || thrown instanceof IOException) {
            return String.valueOf(thrown.getMessage());
        }
        return thrown.toString();
    }

    /** One line of it, not too long. */
    static String clean(String words) {
        String line = words.replaceAll("\\p{Cntrl}+", " ");
        return line.length() <= WORDS_MAX ? line : line.substring(0, WORDS_MAX) + "...";
    }
}
