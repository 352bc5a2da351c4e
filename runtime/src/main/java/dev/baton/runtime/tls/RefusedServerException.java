package dev.baton.runtime.tls;

import java.security.cert.CertificateException;

/** The certificate of a server is refused; the message completes "SERVER: ...", for people. */
final class RefusedServerException extends CertificateException {
    private static final long serialVersionUID = 1;

    private final ClientTlsFailure failure;

    RefusedServerException(ClientTlsFailure failure, String message, CertificateException cause) {
        super(message, cause);
        this.failure = failure;
    }

    ClientTlsFailure failure() {
        return failure;
    }
}
