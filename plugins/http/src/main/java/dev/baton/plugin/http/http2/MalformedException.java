package dev.baton.plugin.http.http2;

/** A server's answer is none: an expected outcome, without a stack trace. */
final class MalformedException extends RuntimeException {
    private static final long serialVersionUID = 1;

    MalformedException(String message) {
        super(message, null, false, false);
    }
}
