package dev.baton.runtime.tls;

import io.netty.handler.ssl.OpenSslCertificateException;
import io.netty.internal.tcnative.CertificateVerifier;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertPathValidatorException.BasicReason;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.security.cert.CertificateRevokedException;

/**
 * The alert that a peer gets when its certificate is refused (RFC 8446, section 6.2). The JDK finds it out by itself;
 * BoringSSL has to be told, or it sends {@code internal_error}.
 */
final class CertificateAlert {
    private CertificateAlert() {}

    /** The exception to throw in place of this one. */
    static CertificateException of(CertificateException refused) {
        return TlsLibrary.isBoringSsl()
                ? new OpenSslCertificateException(refused.getMessage(), refused, code(refused))
                : refused;
    }

    /** What BoringSSL makes an alert of: certificate_unknown for what has none of its own. */
    private static int code(CertificateException refused) {
        int code = CertificateVerifier.X509_V_ERR_APPLICATION_VERIFICATION;
        for (Throwable each = refused; each != null; each = each.getCause()) {
            if (each instanceof CertificateExpiredException || isFor(each, BasicReason.EXPIRED)) {
                return CertificateVerifier.X509_V_ERR_CERT_HAS_EXPIRED;
            }
            if (each instanceof CertificateNotYetValidException || isFor(each, BasicReason.NOT_YET_VALID)) {
                return CertificateVerifier.X509_V_ERR_CERT_NOT_YET_VALID;
            }
            if (each instanceof CertificateRevokedException || isFor(each, BasicReason.REVOKED)) {
                return CertificateVerifier.X509_V_ERR_CERT_REVOKED;
            }
            if (each instanceof CertPathBuilderException || isFor(each, BasicReason.INVALID_SIGNATURE)) {
                code = CertificateVerifier.X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY;
            }
        }
        return code;
    }

    private static boolean isFor(Throwable thrown, BasicReason reason) {
        return thrown instanceof CertPathValidatorException invalid && invalid.getReason() == reason;
    }
}
