package dev.baton.plugin.acme;

import java.io.IOException;
import java.net.URI;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
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
        if (thrown instanceof IOException io) {
            return words(io);
        }
        return thrown instanceof AcmeException ? String.valueOf(thrown.getMessage()) : thrown.toString();
    }

    /** What is wrong, for people: the messages of some errors of files are the name of the file and nothing else. */
    static String words(IOException thrown) {
        if (thrown instanceof FileSystemException file && file.getReason() == null) {
            String what = file instanceof AccessDeniedException
                    ? "permission denied"
                    : file instanceof NoSuchFileException
                            ? "there is no such file"
                            : file instanceof FileAlreadyExistsException
                                    ? "it is there already"
                                    : file.getClass().getSimpleName();
            return file.getFile() + ": " + what;
        }
        String message = thrown.getMessage();
        return message == null ? thrown.toString() : message;
    }

    /** One line of it, not too long. */
    static String clean(String words) {
        String line = words.replaceAll("\\p{Cntrl}+", " ");
        return line.length() <= WORDS_MAX ? line : line.substring(0, WORDS_MAX) + "...";
    }
}
