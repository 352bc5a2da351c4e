package dev.baton.runtime.tls;

import java.security.cert.CertificateException;

/**
 * The certificate of a server is refused; the message completes "SERVER: ...", for people. It has names that the
 * certificate says, which may be anything: the message is one line without control characters, and cut.
 */
final class RefusedServerException extends CertificateException {
    private static final long serialVersionUID = 1;

    private static final int MESSAGE_CHARS_MAX = 300;

    private final ClientTlsFailure failure;

    RefusedServerException(ClientTlsFailure failure, String message, CertificateException cause) {
        super(FailureWords.plain(message, MESSAGE_CHARS_MAX), cause);
        this.failure = failure;
    }

    ClientTlsFailure failure() {
        return failure;
    }
}
